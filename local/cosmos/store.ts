import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { migrate } from './migrate';
import { wholeSpan, type Range, type Span } from './ranges';

/** A database or container as it is kept: `number` is what resource ids are made of and is never used again. */
export interface ResourceRow {
  number: number;
  parent: number;
  id: string;
  version: number;
  ts: number;
  properties: string;
}

/** One item. `created` is the LSN of its creation and orders the items of a container. */
export interface ItemRow {
  created: number;
  epk: string;
  pk: string;
  id: string;
  lsn: number;
  ts: number;
  ttl: number | null;
  body: string;
}

/** One entry of the feed of all versions and deletes. */
export interface VersionRow {
  lsn: number;
  epk: string;
  pk: string;
  id: string;
  type: 'create' | 'replace' | 'delete';
  previous: number | null;
  ts: number;
  /** 1 for a delete by the time to live. */
  expired: number;
  body: string | null;
}

/** Which items a scan is about: one logical partition, those under a prefix of its key, or a part of the hash range. */
export type Scope = { pk: string } | { prefix: string } | { span: Span };

export interface FeedScope {
  after: number;
  since: number;
  pk: string | undefined;
  span: Span;
  most: number;
}

const schema = `
  PRAGMA journal_mode = WAL;
  -- A commit survives the death of the process; only a power cut may cost the last ones.
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS resources (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    parent INTEGER NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    ts INTEGER NOT NULL,
    properties TEXT NOT NULL,
    lsn INTEGER NOT NULL DEFAULT 0,
    UNIQUE (parent, id)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS ranges (container INTEGER PRIMARY KEY, ranges TEXT NOT NULL) STRICT;
`;

/** What belongs to one container. The hash comes before the body, so that a scan can pass over what is elsewhere. */
const tables = (number: number) => `
  CREATE TABLE items_${number} (
    created INTEGER PRIMARY KEY, epk TEXT NOT NULL, pk TEXT NOT NULL, id TEXT NOT NULL,
    lsn INTEGER NOT NULL, ts INTEGER NOT NULL, ttl INTEGER, body TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX items_${number}_key ON items_${number} (pk, id);
  CREATE UNIQUE INDEX items_${number}_lsn ON items_${number} (lsn);
  CREATE INDEX items_${number}_order ON items_${number} (pk, created);
  CREATE TABLE unique_${number} (
    pk TEXT NOT NULL, value TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (pk, value)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE versions_${number} (
    lsn INTEGER PRIMARY KEY, epk TEXT NOT NULL, pk TEXT NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL,
    previous INTEGER, ts INTEGER NOT NULL, expired INTEGER NOT NULL, body TEXT
  ) STRICT;
`;

/** Sorts after every text that begins with the prefix. */
const last = '\u{10FFFF}';

/**
 * The SQLite file, which is the truth: nothing else holds items. Writes of one turn of the event loop are in one
 * transaction that `commit` ends; reads on the same connection see them before.
 */
export class Store {
  private readonly db: DatabaseSync;
  private readonly statements = new Map<string, StatementSync>();
  private readonly touched = new Map<number, number>();

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.db = new DatabaseSync(join(folder, 'cosmos.db'));
    this.db.exec(schema);
    migrate(this.db, tables);
  }

  close(): void {
    this.db.close();
  }

  resources(): ResourceRow[] {
    const rows = this.db.prepare('SELECT * FROM resources ORDER BY number').all();
    return rows as unknown as ResourceRow[];
  }

  addResource(row: Omit<ResourceRow, 'number'>, ranges: readonly Range[] | undefined): number {
    return this.transaction(() => {
      const { lastInsertRowid } = this.db
        .prepare('INSERT INTO resources (parent, id, version, ts, properties) VALUES (?, ?, ?, ?, ?)')
        .run(row.parent, row.id, row.version, row.ts, row.properties);
      const number = Number(lastInsertRowid);
      if (ranges !== undefined) {
        this.db.exec(tables(number));
        this.putRanges(number, ranges);
      }
      return number;
    });
  }

  updateResource(row: ResourceRow): void {
    this.db
      .prepare('UPDATE resources SET version = ?, ts = ?, properties = ? WHERE number = ?')
      .run(row.version, row.ts, row.properties, row.number);
  }

  removeResource(number: number): void {
    this.transaction(() => {
      const containers = this.db
        .prepare('SELECT number FROM resources WHERE (number = ? AND parent <> 0) OR parent = ?')
        .all(number, number);
      // A statement over a table that is gone cannot be used again.
      this.statements.clear();
      for (const { number: container } of containers) {
        for (const table of ['items', 'unique', 'versions']) {
          this.db.exec(`DROP TABLE ${table}_${Number(container)}`);
        }
        this.db.prepare('DELETE FROM ranges WHERE container = ?').run(Number(container));
      }
      this.db.prepare('DELETE FROM resources WHERE number = ? OR parent = ?').run(number, number);
    });
  }

  ranges(container: number): Range[] {
    const row = this.db.prepare('SELECT ranges FROM ranges WHERE container = ?').get(container);
    return JSON.parse(String(row?.['ranges'])) as Range[];
  }

  putRanges(container: number, ranges: readonly Range[]): void {
    this.db
      .prepare('INSERT OR REPLACE INTO ranges (container, ranges) VALUES (?, ?)')
      .run(container, JSON.stringify(ranges));
  }

  lsn(container: number): number {
    const row = this.db.prepare('SELECT lsn FROM resources WHERE number = ?').get(container);
    return Number(row?.['lsn'] ?? 0);
  }

  /** Begins the transaction of this turn unless it is under way; `lsn` is written with its commit. */
  begin(container: number, lsn: number): void {
    if (!this.db.isTransaction) this.db.exec('BEGIN IMMEDIATE');
    this.touched.set(container, lsn);
  }

  commit(): void {
    const setLsn = this.prepared('UPDATE resources SET lsn = ? WHERE number = ?');
    for (const [container, lsn] of this.touched) setLsn.run(lsn, container);
    this.touched.clear();
    this.db.exec('COMMIT');
  }

  rollback(): void {
    this.touched.clear();
    if (this.db.isTransaction) this.db.exec('ROLLBACK');
  }

  put(container: number, { created, epk, pk, id, lsn, ts, ttl, body }: ItemRow): void {
    this.prepared(
      `INSERT INTO items_${container} (created, epk, pk, id, lsn, ts, ttl, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (created) DO UPDATE SET
         lsn = excluded.lsn, ts = excluded.ts, ttl = excluded.ttl, body = excluded.body`,
    ).run(created, epk, pk, id, lsn, ts, ttl, body);
  }

  remove(container: number, created: number): void {
    this.prepared(`DELETE FROM items_${container} WHERE created = ?`).run(created);
  }

  get(container: number, pk: string, id: string): ItemRow | undefined {
    const row = this.prepared(`SELECT * FROM items_${container} WHERE pk = ? AND id = ?`).get(pk, id);
    return row as ItemRow | undefined;
  }

  /** The next items by creation after one. */
  scan(container: number, scope: Scope, after: number, most: number): ItemRow[] {
    const from = `SELECT * FROM items_${container} WHERE`;
    const tail = 'created > ? ORDER BY created LIMIT ?';
    if ('pk' in scope) {
      return all(this.prepared(`${from} pk = ? AND ${tail}`).all(scope.pk, after, most));
    }
    if ('prefix' in scope) {
      const { prefix } = scope;
      return all(
        this.prepared(`${from} pk >= ? AND pk < ? AND ${tail}`).all(prefix, prefix + last, after, most),
      );
    }
    const { min, max } = scope.span;
    return min === wholeSpan.min && max === wholeSpan.max
      ? all(this.prepared(`${from} ${tail}`).all(after, most))
      : all(this.prepared(`${from} epk >= ? AND epk < ? AND ${tail}`).all(min, max, after, most));
  }

  /** The newest version of the items changed after an LSN, oldest change first. */
  feed(container: number, { after, since, pk, span, most }: FeedScope): ItemRow[] {
    const from = `SELECT * FROM items_${container}`;
    const tail = 'lsn > ? AND ts >= ? AND epk >= ? AND epk < ? ORDER BY lsn LIMIT ?';
    return pk === undefined
      ? all(this.prepared(`${from} WHERE ${tail}`).all(after, since, span.min, span.max, most))
      : all(
          this.prepared(`${from} INDEXED BY items_${container}_key WHERE pk = ? AND ${tail}`).all(
            ...[pk, after, since, span.min, span.max, most],
          ),
        );
  }

  addVersion(container: number, row: VersionRow): void {
    const { lsn, epk, pk, id, type, previous, ts, expired, body } = row;
    this.prepared(`INSERT INTO versions_${container} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`).run(
      ...[lsn, epk, pk, id, type, previous, ts, expired, body],
    );
  }

  versions(container: number, { after, since, pk, span, most }: FeedScope): VersionRow[] {
    const rows = this.prepared(
      `SELECT * FROM versions_${container} WHERE lsn > ? AND ts >= ? AND epk >= ? AND epk < ?
       AND pk = coalesce(?, pk) ORDER BY lsn LIMIT ?`,
    ).all(after, since, span.min, span.max, pk ?? null, most);
    return rows as unknown as VersionRow[];
  }

  removeVersions(container: number, before: number): void {
    this.prepared(`DELETE FROM versions_${container} WHERE ts < ?`).run(before);
  }

  uniqueHolder(container: number, pk: string, value: string): string | undefined {
    const row = this.prepared(`SELECT id FROM unique_${container} WHERE pk = ? AND value = ?`).get(pk, value);
    return row?.['id'] as string | undefined;
  }

  putUnique(container: number, pk: string, value: string, id: string): void {
    this.prepared(`INSERT OR REPLACE INTO unique_${container} VALUES (?, ?, ?)`).run(pk, value, id);
  }

  removeUnique(container: number, pk: string, value: string, id: string): void {
    this.prepared(`DELETE FROM unique_${container} WHERE pk = ? AND value = ? AND id = ?`).run(pk, value, id);
  }

  expired(container: number, defaultTtl: number, now: number): Pick<ItemRow, 'pk' | 'id' | 'lsn'>[] {
    return all(
      this.prepared(
        `SELECT pk, id, lsn FROM items_${container}
         WHERE coalesce(ttl, ?) >= 0 AND ts + coalesce(ttl, ?) <= ? LIMIT 5000`,
      ).all(defaultTtl, defaultTtl, now),
    );
  }

  private prepared(sql: string): StatementSync {
    let found = this.statements.get(sql);
    if (found === undefined) this.statements.set(sql, (found = this.db.prepare(sql)));
    return found;
  }

  private transaction<T>(work: () => T): T {
    this.db.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.db.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.db.isTransaction) this.db.exec('ROLLBACK');
      throw error;
    }
  }
}

const all = (rows: unknown[]) => rows as ItemRow[];
