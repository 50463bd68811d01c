import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';

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
  pk: string;
  id: string;
  lsn: number;
  ts: number;
  ttl: number | null;
  body: string;
}

export type ItemChange = { container: number; lsn: number } & ({ row: ItemRow } | { removed: number });

export interface FeedScope {
  after: number;
  since: number;
  pk: string | undefined;
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
`;

interface Statements {
  put: StatementSync;
  remove: StatementSync;
  partition: StatementSync;
  all: StatementSync;
  feed: StatementSync;
  feedOfPartition: StatementSync;
  expired: StatementSync;
}

/** The SQLite file: one table for databases and containers, and one table of items for each container. */
export class Store {
  private readonly db: DatabaseSync;
  private readonly statements = new Map<number, Statements>();
  private readonly setLsn: StatementSync;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.db = new DatabaseSync(join(folder, 'cosmos.db'));
    this.db.exec(schema);
    this.setLsn = this.db.prepare('UPDATE resources SET lsn = ? WHERE number = ?');
  }

  close(): void {
    this.db.close();
  }

  resources(): ResourceRow[] {
    const rows = this.db.prepare('SELECT * FROM resources ORDER BY number').all();
    return rows as unknown as ResourceRow[];
  }

  addResource(row: Omit<ResourceRow, 'number'>): number {
    return this.transaction(() => {
      const { lastInsertRowid } = this.db
        .prepare('INSERT INTO resources (parent, id, version, ts, properties) VALUES (?, ?, ?, ?, ?)')
        .run(row.parent, row.id, row.version, row.ts, row.properties);
      const number = Number(lastInsertRowid);
      if (row.parent !== 0) {
        this.db.exec(`
          CREATE TABLE items_${number} (
            created INTEGER PRIMARY KEY, pk TEXT NOT NULL, id TEXT NOT NULL,
            lsn INTEGER NOT NULL, ts INTEGER NOT NULL, ttl INTEGER, body TEXT NOT NULL
          ) STRICT;
          CREATE UNIQUE INDEX items_${number}_key ON items_${number} (pk, id);
          CREATE UNIQUE INDEX items_${number}_lsn ON items_${number} (lsn);
        `);
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
      for (const container of containers) {
        this.statements.delete(Number(container['number']));
        this.db.exec(`DROP TABLE items_${Number(container['number'])}`);
      }
      this.db.prepare('DELETE FROM resources WHERE number = ? OR parent = ?').run(number, number);
    });
  }

  lsn(container: number): number {
    const row = this.db.prepare('SELECT lsn FROM resources WHERE number = ?').get(container);
    return Number(row?.['lsn'] ?? 0);
  }

  /** All of these changes or none: one transaction. */
  commit(changes: readonly ItemChange[]): void {
    this.transaction(() => {
      const lsns = new Map<number, number>();
      for (const change of changes) {
        const statements = this.of(change.container);
        if ('removed' in change) statements.remove.run(change.removed);
        else {
          const { created, pk, id, lsn, ts, ttl, body } = change.row;
          statements.put.run(created, pk, id, lsn, ts, ttl, body);
        }
        lsns.set(change.container, change.lsn);
      }
      for (const [container, lsn] of lsns) this.setLsn.run(lsn, container);
    });
  }

  partition(container: number, pk: string): ItemRow[] {
    return this.of(container).partition.all(pk) as unknown as ItemRow[];
  }

  all(container: number): ItemRow[] {
    return this.of(container).all.all() as unknown as ItemRow[];
  }

  /** The newest version of the items changed after an LSN, oldest change first. */
  feed(container: number, { after, since, pk, most }: FeedScope): ItemRow[] {
    const statements = this.of(container);
    const rows =
      pk === undefined
        ? statements.feed.all(after, since, most)
        : statements.feedOfPartition.all(pk, after, since, most);
    return rows as unknown as ItemRow[];
  }

  expired(container: number, defaultTtl: number, now: number): Pick<ItemRow, 'pk' | 'id'>[] {
    return this.of(container).expired.all(defaultTtl, defaultTtl, now) as unknown as ItemRow[];
  }

  private of(container: number): Statements {
    let found = this.statements.get(container);
    if (found === undefined) {
      const table = `items_${container}`;
      found = {
        put: this.db.prepare(`
          INSERT INTO ${table} (created, pk, id, lsn, ts, ttl, body) VALUES (?, ?, ?, ?, ?, ?, ?)
          ON CONFLICT (created) DO UPDATE SET
            lsn = excluded.lsn, ts = excluded.ts, ttl = excluded.ttl, body = excluded.body`),
        remove: this.db.prepare(`DELETE FROM ${table} WHERE created = ?`),
        partition: this.db.prepare(`SELECT * FROM ${table} WHERE pk = ? ORDER BY created`),
        all: this.db.prepare(`SELECT * FROM ${table} ORDER BY created`),
        feed: this.db.prepare(`SELECT * FROM ${table} WHERE lsn > ? AND ts >= ? ORDER BY lsn LIMIT ?`),
        feedOfPartition: this.db.prepare(
          `SELECT * FROM ${table} INDEXED BY items_${container}_key
           WHERE pk = ? AND lsn > ? AND ts >= ? ORDER BY lsn LIMIT ?`,
        ),
        expired: this.db.prepare(
          `SELECT pk, id FROM ${table} WHERE coalesce(ttl, ?) >= 0 AND ts + coalesce(ttl, ?) <= ? LIMIT 5000`,
        ),
      };
      this.statements.set(container, found);
    }
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
