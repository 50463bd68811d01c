import type { DatabaseSync } from 'node:sqlite';
import { openDatabase } from '../database';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS received (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, at INTEGER NOT NULL, sender TEXT, recipient TEXT,
    title TEXT NOT NULL, details TEXT NOT NULL, body TEXT NOT NULL) STRICT;
  CREATE INDEX IF NOT EXISTS received_kind ON received (kind, seq);`;

export interface Received {
  kind: string;
  from?: string;
  to?: string;
  title: string;
  /** What else is worth keeping: headers, status of the answer. */
  details: Readonly<Record<string, unknown>>;
  body: string;
}

export interface Recorded extends Received {
  seq: number;
  receivedAt: string;
}

export interface Filter {
  kind?: string;
  /** Part of the recipient, or of the path. */
  to?: string;
  /** Part of title or body. */
  contains?: string;
  /** Only what came after this number. */
  after?: number;
  limit?: number;
}

/** Of each kind; older ones go. */
const KEPT = 1_000;
const MOST = 200;
const BODY_LIMIT = 256 * 1024;

/** What the sinks received, the newest first, bounded in number and size. */
export class Recorder {
  readonly #db: DatabaseSync;

  constructor(file: string) {
    this.#db = openDatabase({ file, schema: SCHEMA, synchronous: 'NORMAL', loss: 'what it has recorded' });
  }

  add({ kind, from, to, title, details, body }: Received): number {
    const kept = body.length > BODY_LIMIT ? `${body.slice(0, BODY_LIMIT)}\n… cut here` : body;
    const { lastInsertRowid } = this.#db
      .prepare(
        'INSERT INTO received (kind, at, sender, recipient, title, details, body) VALUES (?, ?, ?, ?, ?, ?, ?)',
      )
      .run(kind, Date.now(), from ?? null, to ?? null, title, JSON.stringify(details), kept);
    this.#db
      .prepare(
        `DELETE FROM received WHERE kind = ? AND seq <=
          (SELECT seq FROM received WHERE kind = ? ORDER BY seq DESC LIMIT 1 OFFSET ${KEPT})`,
      )
      .run(kind, kind);
    return Number(lastInsertRowid);
  }

  list({ kind, to, contains, after, limit }: Filter): Recorded[] {
    const rows = this.#db
      .prepare(
        `SELECT * FROM received WHERE (?1 IS NULL OR kind = ?1) AND (?2 IS NULL OR instr(recipient, ?2))
          AND (?3 IS NULL OR instr(title, ?3) OR instr(body, ?3)) AND seq > ?4 ORDER BY seq DESC LIMIT ?5`,
      )
      .all(kind ?? null, to ?? null, contains ?? null, after ?? 0, Math.min(limit ?? MOST, MOST));
    return rows.map((row) => ({
      seq: Number(row['seq']),
      kind: String(row['kind']),
      receivedAt: new Date(Number(row['at'])).toISOString(),
      ...(row['sender'] === null ? {} : { from: String(row['sender']) }),
      ...(row['recipient'] === null ? {} : { to: String(row['recipient']) }),
      title: String(row['title']),
      details: JSON.parse(String(row['details'])) as Record<string, unknown>,
      body: String(row['body']),
    }));
  }

  clear(): void {
    this.#db.exec('DELETE FROM received');
  }

  close(): void {
    this.#db.close();
  }
}
