import { join } from 'node:path';
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { openDatabase } from '../database';
import type { Kind } from './errors';

/** One version of a secret or key; what is in `content` differs between the two. */
export interface Version {
  readonly name: string;
  readonly version: string;
  readonly attributes: Attributes;
  readonly tags: Record<string, string> | undefined;
  readonly content: Record<string, unknown>;
}

/** Times in seconds since 1970. */
export interface Attributes {
  readonly enabled: boolean;
  readonly nbf?: number;
  readonly exp?: number;
  readonly created: number;
  readonly updated: number;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Where the next page begins; undefined at the end. */
  readonly next: number | string | undefined;
}

interface Row {
  seq: number;
  name: string;
  version: string;
  body: string;
}

/** Soft-deleted objects can be recovered for this long; the default of a vault. */
export const retentionDays = 90;
const retentionMs = retentionDays * 24 * 60 * 60 * 1000;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS versions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL, name TEXT NOT NULL COLLATE NOCASE, version TEXT NOT NULL, body TEXT NOT NULL,
    UNIQUE (kind, name, version)
  );
  CREATE TABLE IF NOT EXISTS deleted (
    kind TEXT NOT NULL, name TEXT NOT NULL COLLATE NOCASE, at INTEGER NOT NULL, PRIMARY KEY (kind, name)
  );`;

/** Versions of secrets and keys in one SQLite file; an answer goes out when its change is in the log. */
export class Store {
  readonly #db: DatabaseSync;

  constructor(
    dataDir: string,
    readonly now: () => number,
  ) {
    this.#db = openDatabase({
      file: join(dataDir, 'keyvault.db'),
      schema: SCHEMA,
      synchronous: 'NORMAL',
      loss: 'its secrets and keys: what they have encrypted stays closed',
    });
  }

  add(kind: Kind, { name, version, ...body }: Version): void {
    this.#run('INSERT INTO versions (kind, name, version, body) VALUES (?, ?, ?, ?)', [
      kind,
      name,
      version,
      JSON.stringify(body),
    ]);
  }

  replace(kind: Kind, { name, version, ...body }: Version): void {
    this.#run('UPDATE versions SET body = ? WHERE kind = ? AND name = ? AND version = ?', [
      JSON.stringify(body),
      kind,
      name,
      version,
    ]);
  }

  /** The newest version where none is named. */
  find(kind: Kind, name: string, version = ''): Version | undefined {
    const rows = this.#all(
      `SELECT * FROM versions WHERE kind = ? AND name = ? AND (? = '' OR version = ?) ORDER BY seq DESC LIMIT 1`,
      [kind, name, version, version],
    );
    return rows.map(versionOf)[0];
  }

  /** The newest version of each name, by name. */
  list(kind: Kind, isDeleted: boolean, after: string, limit: number): Page<Version> {
    this.#forgetExpired();
    const rows = this.#all(
      `SELECT * FROM versions AS v
        WHERE kind = ? AND name > ?
          AND seq = (SELECT MAX(seq) FROM versions AS w WHERE w.kind = v.kind AND w.name = v.name)
          AND ${isDeleted ? '' : 'NOT '}EXISTS (SELECT 1 FROM deleted AS d WHERE d.kind = v.kind AND d.name = v.name)
        ORDER BY name LIMIT ?`,
      [kind, after, limit + 1],
    );
    const items = rows.slice(0, limit);
    return { items: items.map(versionOf), next: rows.length > limit ? items.at(-1)?.name : undefined };
  }

  listVersions(kind: Kind, name: string, after: number, limit: number): Page<Version> {
    const rows = this.#all(
      'SELECT * FROM versions WHERE kind = ? AND name = ? AND seq > ? ORDER BY seq LIMIT ?',
      [kind, name, after, limit + 1],
    );
    const items = rows.slice(0, limit);
    return { items: items.map(versionOf), next: rows.length > limit ? items.at(-1)?.seq : undefined };
  }

  /** When it was deleted, in milliseconds; undefined when it is not. */
  deletedAt(kind: Kind, name: string): number | undefined {
    this.#forgetExpired();
    const row = this.#db.prepare('SELECT at FROM deleted WHERE kind = ? AND name = ?').get(kind, name);
    return row && Number(row['at']);
  }

  markDeleted(kind: Kind, name: string): void {
    this.#run('INSERT INTO deleted (kind, name, at) VALUES (?, ?, ?)', [kind, name, this.now()]);
  }

  recover(kind: Kind, name: string): void {
    this.#run('DELETE FROM deleted WHERE kind = ? AND name = ?', [kind, name]);
  }

  purge(kind: Kind, name: string): void {
    this.#db.exec('BEGIN');
    this.#run('DELETE FROM versions WHERE kind = ? AND name = ?', [kind, name]);
    this.recover(kind, name);
    this.#db.exec('COMMIT');
  }

  close(): void {
    this.#db.close();
  }

  #forgetExpired(): void {
    const expired = this.#db
      .prepare('SELECT kind, name FROM deleted WHERE at <= ?')
      .all(this.now() - retentionMs);
    for (const { kind, name } of expired) this.purge(kind as Kind, String(name));
  }

  #run(sql: string, values: SQLInputValue[]): void {
    this.#db.prepare(sql).run(...values);
  }

  #all(sql: string, values: SQLInputValue[]): Row[] {
    return this.#db.prepare(sql).all(...values) as unknown as Row[];
  }
}

const versionOf = ({ name, version, body }: Row): Version => ({
  name,
  version,
  ...(JSON.parse(body) as Omit<Version, 'name' | 'version'>),
});
