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
  -- One process holds the account; alone it needs no lock for each statement.
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = WAL;
  -- A commit survives the death of the process; only a power cut may cost the last ones.
  PRAGMA synchronous = NORMAL;
  -- A checkpoint waits for the disk: every 32 MB instead of 4.
  PRAGMA wal_autocheckpoint = 8000;
  PRAGMA cache_size = -16384;
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

const order = 'created > ? ORDER BY created LIMIT ?';
const changed = 'lsn > ? AND ts >= ? AND epk >= ? AND epk < ? ORDER BY lsn LIMIT ?';

/** The statements about one container. */
const sql = {
  put: (n: number) => `
    INSERT INTO items_${n} (created, epk, pk, id, lsn, ts, ttl, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (created) DO UPDATE SET
      lsn = excluded.lsn, ts = excluded.ts, ttl = excluded.ttl, body = excluded.body`,
  remove: (n: number) => `DELETE FROM items_${n} WHERE created = ?`,
  get: (n: number) => `SELECT * FROM items_${n} WHERE pk = ? AND id = ?`,
  scan: (n: number) => `SELECT * FROM items_${n} WHERE ${order}`,
  scanKey: (n: number) => `SELECT * FROM items_${n} WHERE pk = ? AND ${order}`,
  scanPrefix: (n: number) => `SELECT * FROM items_${n} WHERE pk >= ? AND pk < ? AND ${order}`,
  scanSpan: (n: number) => `SELECT * FROM items_${n} WHERE epk >= ? AND epk < ? AND ${order}`,
  feed: (n: number) => `SELECT * FROM items_${n} WHERE ${changed}`,
  feedKey: (n: number) => `SELECT * FROM items_${n} INDEXED BY items_${n}_key WHERE pk = ? AND ${changed}`,
  expired: (n: number) => `
    SELECT pk, id, lsn FROM items_${n}
    WHERE coalesce(ttl, ?) >= 0 AND ts + coalesce(ttl, ?) <= ? LIMIT 5000`,
  addVersion: (n: number) => `INSERT INTO versions_${n} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  versions: (n: number) => `SELECT * FROM versions_${n} WHERE pk = coalesce(?, pk) AND ${changed}`,
  removeVersions: (n: number) => `DELETE FROM versions_${n} WHERE ts < ?`,
  uniqueHolder: (n: number) => `SELECT id FROM unique_${n} WHERE pk = ? AND value = ?`,
  putUnique: (n: number) => `INSERT OR REPLACE INTO unique_${n} VALUES (?, ?, ?)`,
  removeUnique: (n: number) => `DELETE FROM unique_${n} WHERE pk = ? AND value = ? AND id = ?`,
  setLsn: (n: number) => `UPDATE resources SET lsn = ? WHERE number = ${n}`,
};

type Statements = Partial<Record<keyof typeof sql, StatementSync>>;

/**
 * The SQLite file, which is the truth: nothing else holds items. Writes of one turn of the event loop are in one
 * transaction that `commit` ends; reads on the same connection see them before.
 */
export class Store {
  private readonly db: DatabaseSync;
  private readonly statements = new Map<number, Statements>();
  private readonly beginning: StatementSync;
  private readonly ending: StatementSync;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.db = new DatabaseSync(join(folder, 'cosmos.db'));
    this.db.exec(schema);
    migrate(this.db, tables);
    this.beginning = this.db.prepare('BEGIN IMMEDIATE');
    this.ending = this.db.prepare('COMMIT');
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
      for (const { number: container } of containers) {
        this.statements.delete(Number(container));
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

  /** The last one that was used: of a version that is there, or of a removal. */
  lsn(container: number): number {
    const removal = this.db.prepare('SELECT lsn FROM resources WHERE number = ?').get(container);
    const version = this.db.prepare(`SELECT max(lsn) AS lsn FROM items_${container}`).get();
    return Math.max(Number(removal?.['lsn'] ?? 0), Number(version?.['lsn'] ?? 0));
  }

  /** Begins the transaction of this turn unless it is under way. */
  begin(): void {
    if (!this.db.isTransaction) this.beginning.run();
  }

  commit(): void {
    this.ending.run();
  }

  rollback(): void {
    if (this.db.isTransaction) this.db.exec('ROLLBACK');
  }

  /** A removal leaves no version that would tell its LSN after a restart. */
  setLsn(container: number, lsn: number): void {
    this.of(container, 'setLsn').run(lsn);
  }

  put(container: number, { created, epk, pk, id, lsn, ts, ttl, body }: ItemRow): void {
    this.of(container, 'put').run(created, epk, pk, id, lsn, ts, ttl, body);
  }

  remove(container: number, created: number): void {
    this.of(container, 'remove').run(created);
  }

  get(container: number, pk: string, id: string): ItemRow | undefined {
    return this.of(container, 'get').get(pk, id) as ItemRow | undefined;
  }

  /** The next items by creation after one. */
  scan(container: number, scope: Scope, after: number, most: number): ItemRow[] {
    if ('pk' in scope) return all(this.of(container, 'scanKey').all(scope.pk, after, most));
    if ('prefix' in scope) {
      const { prefix } = scope;
      return all(this.of(container, 'scanPrefix').all(prefix, prefix + last, after, most));
    }
    const { min, max } = scope.span;
    return min === wholeSpan.min && max === wholeSpan.max
      ? all(this.of(container, 'scan').all(after, most))
      : all(this.of(container, 'scanSpan').all(min, max, after, most));
  }

  /** The newest version of the items changed after an LSN, oldest change first. */
  feed(container: number, { after, since, pk, span, most }: FeedScope): ItemRow[] {
    const rest = [after, since, span.min, span.max, most];
    return pk === undefined
      ? all(this.of(container, 'feed').all(...rest))
      : all(this.of(container, 'feedKey').all(pk, ...rest));
  }

  addVersion(container: number, row: VersionRow): void {
    const { lsn, epk, pk, id, type, previous, ts, expired, body } = row;
    this.of(container, 'addVersion').run(lsn, epk, pk, id, type, previous, ts, expired, body);
  }

  versions(container: number, { after, since, pk, span, most }: FeedScope): VersionRow[] {
    const rows = this.of(container, 'versions').all(pk ?? null, after, since, span.min, span.max, most);
    return rows as unknown as VersionRow[];
  }

  removeVersions(container: number, before: number): void {
    this.of(container, 'removeVersions').run(before);
  }

  uniqueHolder(container: number, pk: string, value: string): string | undefined {
    const row = this.of(container, 'uniqueHolder').get(pk, value);
    return row?.['id'] as string | undefined;
  }

  putUnique(container: number, pk: string, value: string, id: string): void {
    this.of(container, 'putUnique').run(pk, value, id);
  }

  removeUnique(container: number, pk: string, value: string, id: string): void {
    this.of(container, 'removeUnique').run(pk, value, id);
  }

  expired(container: number, defaultTtl: number, now: number): Pick<ItemRow, 'pk' | 'id' | 'lsn'>[] {
    return all(this.of(container, 'expired').all(defaultTtl, defaultTtl, now));
  }

  private of(container: number, name: keyof typeof sql): StatementSync {
    let known = this.statements.get(container);
    if (known === undefined) this.statements.set(container, (known = {}));
    return (known[name] ??= this.db.prepare(sql[name](container)));
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
