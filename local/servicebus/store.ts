/**
 * The one file that holds every message: SQLite through node:sqlite.
 *
 * Writes of one event-loop turn share a transaction; the broker commits before any answer leaves the process.
 * With WAL and synchronous=NORMAL a commit is a write() into the log without an fsync: the bytes are in the
 * operating system's page cache, which outlives a SIGKILL of this process but not a power cut. A stand-in for
 * development needs the first and gains an order of magnitude in speed by not paying for the second.
 */
import { DatabaseSync, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import type { EncodedPairs } from './codec';

export const ACTIVE = 0;
export const DEFERRED = 1;
export const SCHEDULED = 2;

export interface MessageContent {
  durable: boolean;
  priority: number | null;
  ttl: number | null;
  scheduledFor: number | null;
  sessionId: string | null;
  annotations: EncodedPairs;
  bare: Uint8Array;
}

export interface StoredMessage extends MessageContent {
  sequence: number;
  enqueuedSequence: number;
  state: number;
  deliveryCount: number;
  enqueuedAt: number;
  expiresAt: number | null;
  /** When the broker has to look at this message without being asked: due, or expired. */
  wakeAt: number | null;
  deadLetterSource: string | null;
}

export interface IndexEntry {
  sequence: number;
  state: number;
  deliveryCount: number;
  expiresAt: number | null;
  sessionId: string | null;
  /** Bytes of the bare message: what counts against the size of the entity. */
  size: number;
}

/** One step for each version of the file; a file of an older version takes the steps it lacks. */
const SCHEMA = [
  `
  CREATE TABLE entities (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, last_sequence INTEGER NOT NULL) STRICT;
  CREATE TABLE messages (
    entity INTEGER NOT NULL, sequence INTEGER NOT NULL, enqueued_sequence INTEGER NOT NULL, state INTEGER NOT NULL,
    delivery_count INTEGER NOT NULL, enqueued_at INTEGER NOT NULL, expires_at INTEGER, wake_at INTEGER,
    scheduled_for INTEGER, dead_letter_source TEXT, durable INTEGER NOT NULL, priority INTEGER, ttl INTEGER,
    annotation_count INTEGER NOT NULL, annotations BLOB NOT NULL, bare BLOB NOT NULL, UNIQUE (entity, sequence)) STRICT;
  CREATE INDEX messages_wake ON messages (entity, wake_at) WHERE wake_at IS NOT NULL;
  CREATE TABLE history (entity INTEGER NOT NULL, message_id TEXT NOT NULL, seen_at INTEGER NOT NULL,
    PRIMARY KEY (entity, message_id)) STRICT, WITHOUT ROWID;
  CREATE INDEX history_age ON history (entity, seen_at);`,
  `
  ALTER TABLE messages ADD COLUMN session_id TEXT;
  ALTER TABLE entities ADD COLUMN rules_source TEXT;
  CREATE TABLE sessions (entity INTEGER NOT NULL, session_id TEXT NOT NULL, state BLOB NOT NULL, updated_at INTEGER NOT NULL,
    PRIMARY KEY (entity, session_id)) STRICT, WITHOUT ROWID;
  CREATE TABLE rules (entity INTEGER NOT NULL, position INTEGER NOT NULL, definition TEXT NOT NULL,
    PRIMARY KEY (entity, position)) STRICT, WITHOUT ROWID;`,
];

class StoreError extends Error {}

export class Store {
  private readonly db: DatabaseSync;
  private readonly sql: Record<keyof typeof SQL, StatementSync>;
  private readonly entities = new Map<string, EntityStore>();
  private readonly grown = new Set<EntityStore>();
  private writing = false;

  constructor(file: string) {
    this.db = open(file);
    this.sql = prepareAll(this.db);
  }

  entity(path: string): EntityStore {
    const key = path.toLowerCase();
    const known = this.entities.get(key);
    if (known) return known;
    this.sql.addEntity.run(key);
    const row = this.sql.entity.get(key);
    const entity = new EntityStore(this, this.sql, number(row?.['id']), number(row?.['last_sequence']));
    this.entities.set(key, entity);
    return entity;
  }

  /** Runs inside the open transaction; the first write of a turn opens it. */
  write(statement: StatementSync, ...values: (string | number | null | Uint8Array)[]): number {
    if (!this.writing) {
      this.db.exec('BEGIN IMMEDIATE');
      this.writing = true;
    }
    return Number(statement.run(...values).changes);
  }

  noteSequence(entity: EntityStore): void {
    this.grown.add(entity);
  }

  commit(): void {
    for (const entity of this.grown) this.write(this.sql.setSequence, entity.lastSequence, entity.id);
    this.grown.clear();
    if (!this.writing) return;
    this.db.exec('COMMIT');
    this.writing = false;
  }

  /** What was not committed is given up: nobody was told of it. */
  close(): void {
    if (this.writing) this.db.exec('ROLLBACK');
    this.db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    this.db.close();
  }
}

/** Bodies of one entity that are kept in memory, so that what is received soon after it came is not read again. */
const RECENT_BYTES = 16 * 1024 * 1024;

/** The messages of one queue, subscription, dead-letter queue or topic. */
export class EntityStore {
  private earliestWake: number | null;
  /** As they are in the file. Those that came first are received first, so when it is full, what comes is not kept. */
  private readonly recent = new Map<number, StoredMessage>();
  private recentBytes = 0;

  constructor(
    private readonly store: Store,
    private readonly sql: Record<keyof typeof SQL, StatementSync>,
    readonly id: number,
    public lastSequence: number,
  ) {
    this.earliestWake = this.findEarliestWake();
  }

  /** A lower bound: the message that set it may be gone. */
  get nextWake(): number | null {
    return this.earliestWake;
  }

  /** Sequence numbers of the messages whose time has come, at most `limit` of them. */
  due(now: number, limit: number): number[] {
    if (this.earliestWake === null || this.earliestWake > now) return [];
    const due = this.sql.due.all(this.id, now, limit).map((row) => number(row['sequence']));
    if (due.length === 0) this.earliestWake = this.findEarliestWake();
    return due;
  }

  private findEarliestWake(): number | null {
    return optional(this.sql.earliestWake.get(this.id)?.['at']);
  }

  private noteWake(at: number | null): void {
    if (at !== null && (this.earliestWake === null || at < this.earliestWake)) this.earliestWake = at;
  }

  nextSequence(): number {
    this.store.noteSequence(this);
    return ++this.lastSequence;
  }

  insert(m: StoredMessage): void {
    this.noteWake(m.wakeAt);
    if (this.recentBytes + m.bare.length <= RECENT_BYTES) {
      // A copy: a slice would keep the whole chunk that the socket read.
      this.recent.set(m.sequence, { ...m, bare: new Uint8Array(m.bare) });
      this.recentBytes += m.bare.length;
    }
    this.store.write(
      this.sql.insert,
      this.id,
      m.sequence,
      m.enqueuedSequence,
      m.state,
      m.deliveryCount,
      m.enqueuedAt,
      m.expiresAt,
      m.wakeAt,
      m.scheduledFor,
      m.deadLetterSource,
      m.durable ? 1 : 0,
      m.priority,
      m.ttl,
      m.annotations.count,
      m.annotations.bytes.length > 0 ? m.annotations.bytes : EMPTY,
      m.bare,
      m.sessionId,
    );
  }

  private forget(sequence: number): void {
    const known = this.recent.get(sequence);
    if (!known) return;
    this.recent.delete(sequence);
    this.recentBytes -= known.bare.length;
  }

  load(sequence: number): StoredMessage {
    const known = this.recent.get(sequence);
    if (known) return known;
    const row = this.sql.load.get(this.id, sequence);
    if (!row)
      throw new StoreError(`Message ${sequence} of entity ${this.id} is in the index but not in the file.`);
    return messageOf(row);
  }

  /** In sequence order, from the given sequence number on; those of one session where it is named. */
  list(from: number, limit: number, sessionId?: string): StoredMessage[] {
    const rows =
      sessionId === undefined
        ? this.sql.list.all(this.id, from, limit)
        : this.sql.listSession.all(this.id, sessionId, from, limit);
    return rows.map(messageOf);
  }

  sessionState(sessionId: string): Uint8Array | null {
    const row = this.sql.sessionState.get(this.id, sessionId);
    return row ? bytes(row['state']) : null;
  }

  setSessionState(sessionId: string, state: Uint8Array | null, now: number): void {
    if (state === null) this.store.write(this.sql.clearSessionState, this.id, sessionId);
    else
      this.store.write(this.sql.setSessionState, this.id, sessionId, state.length > 0 ? state : EMPTY, now);
  }

  /** Sessions that have a state set, or a message enqueued, after this time. */
  sessionsSince(time: number): string[] {
    return this.sql.sessionsSince.all(this.id, time, this.id, time).map((row) => String(row['session_id']));
  }

  /** What was written last, and for which configuration. */
  rules(): { source: string | null; definitions: string[] } {
    return {
      source: text(this.sql.rulesSource.get(this.id)?.['rules_source']),
      definitions: this.sql.rules.all(this.id).map((row) => String(row['definition'])),
    };
  }

  setRules(source: string, definitions: readonly string[]): void {
    this.store.write(this.sql.setRulesSource, source, this.id);
    this.store.write(this.sql.clearRules, this.id);
    definitions.forEach((definition, i) => this.store.write(this.sql.addRule, this.id, i, definition));
  }

  *index(): Generator<IndexEntry> {
    for (const row of this.sql.index.iterate(this.id)) {
      yield {
        sequence: number(row['sequence']),
        state: number(row['state']),
        deliveryCount: number(row['delivery_count']),
        expiresAt: optional(row['expires_at']),
        sessionId: text(row['session_id']),
        size: number(row['size']),
      };
    }
  }

  remove(sequence: number): void {
    this.forget(sequence);
    this.store.write(this.sql.remove, this.id, sequence);
  }

  setDelivery(sequence: number, state: number, deliveryCount: number): void {
    this.forget(sequence);
    this.store.write(this.sql.setDelivery, state, deliveryCount, this.id, sequence);
  }

  setBare(sequence: number, bare: Uint8Array): void {
    this.forget(sequence);
    this.store.write(this.sql.setBare, bare, this.id, sequence);
  }

  setWake(sequence: number, at: number): void {
    this.forget(sequence);
    this.noteWake(at);
    this.store.write(this.sql.setWake, at, this.id, sequence);
  }

  /** True when this message-id was seen after `since`; otherwise remembers it. */
  seen(messageId: string, now: number, since: number): boolean {
    this.store.write(this.sql.forget, this.id, since);
    return this.store.write(this.sql.remember, this.id, messageId, now) === 0;
  }
}

/** node:sqlite binds an empty blob that it read itself as NULL; one with memory behind it stays a blob. */
const EMPTY = Buffer.from('-').subarray(0, 0);

const SQL = {
  addEntity: 'INSERT INTO entities (path, last_sequence) VALUES (?, 0) ON CONFLICT DO NOTHING',
  entity: 'SELECT id, last_sequence FROM entities WHERE path = ?',
  setSequence: 'UPDATE entities SET last_sequence = ? WHERE id = ?',
  insert: 'INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  load: 'SELECT * FROM messages WHERE entity = ? AND sequence = ?',
  list: 'SELECT * FROM messages WHERE entity = ? AND sequence >= ? ORDER BY sequence LIMIT ?',
  listSession:
    'SELECT * FROM messages WHERE entity = ? AND session_id = ? AND sequence >= ? ORDER BY sequence LIMIT ?',
  sessionState: 'SELECT state FROM sessions WHERE entity = ? AND session_id = ?',
  setSessionState: `INSERT INTO sessions VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET state = excluded.state, updated_at = excluded.updated_at`,
  clearSessionState: 'DELETE FROM sessions WHERE entity = ? AND session_id = ?',
  sessionsSince: `SELECT session_id FROM sessions WHERE entity = ? AND updated_at > ? UNION
    SELECT session_id FROM messages WHERE entity = ? AND enqueued_at > ? AND session_id IS NOT NULL ORDER BY session_id`,
  rulesSource: 'SELECT rules_source FROM entities WHERE id = ?',
  setRulesSource: 'UPDATE entities SET rules_source = ? WHERE id = ?',
  rules: 'SELECT definition FROM rules WHERE entity = ? ORDER BY position',
  clearRules: 'DELETE FROM rules WHERE entity = ?',
  addRule: 'INSERT INTO rules VALUES (?, ?, ?)',
  index: `SELECT sequence, state, delivery_count, expires_at, session_id, length(bare) AS size
    FROM messages WHERE entity = ? ORDER BY sequence`,
  remove: 'DELETE FROM messages WHERE entity = ? AND sequence = ?',
  setDelivery: 'UPDATE messages SET state = ?, delivery_count = ? WHERE entity = ? AND sequence = ?',
  setBare: 'UPDATE messages SET bare = ? WHERE entity = ? AND sequence = ?',
  setWake: 'UPDATE messages SET wake_at = ? WHERE entity = ? AND sequence = ?',
  due: 'SELECT sequence FROM messages WHERE entity = ? AND wake_at <= ? ORDER BY wake_at LIMIT ?',
  earliestWake: 'SELECT min(wake_at) AS at FROM messages WHERE entity = ? AND wake_at IS NOT NULL',
  forget: 'DELETE FROM history WHERE entity = ? AND seen_at <= ?',
  remember: 'INSERT INTO history VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
} as const;

function prepareAll(db: DatabaseSync): Record<keyof typeof SQL, StatementSync> {
  const prepared: Partial<Record<keyof typeof SQL, StatementSync>> = {};
  for (const name of Object.keys(SQL) as (keyof typeof SQL)[]) prepared[name] = db.prepare(SQL[name]);
  return prepared as Record<keyof typeof SQL, StatementSync>;
}

function open(file: string): DatabaseSync {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file);
    // EXCLUSIVE: two brokers on one file would each deliver the same messages.
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
    const damage = db.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
    if (damage !== 'ok') throw new Error(String(damage));
    const version = number(db.prepare('PRAGMA user_version').get()?.['user_version']);
    if (version > SCHEMA.length) throw new Error(`schema version ${version}, expected ${SCHEMA.length}`);
    const steps = [...SCHEMA.slice(version), `PRAGMA user_version = ${SCHEMA.length};`];
    db.exec(`BEGIN IMMEDIATE; ${steps.join('\n')} COMMIT`);
    return db;
  } catch (error) {
    db?.close();
    const reason = error instanceof Error ? error.message : String(error);
    const advice = reason.includes('locked')
      ? 'another process has it open; stop that process first'
      : `it cannot be used (${reason}); restore it or move it away to start empty`;
    throw new StoreError(`Service Bus database ${file}: ${advice}.`);
  }
}

function messageOf(row: Record<string, SQLOutputValue>): StoredMessage {
  return {
    sequence: number(row['sequence']),
    enqueuedSequence: number(row['enqueued_sequence']),
    state: number(row['state']),
    deliveryCount: number(row['delivery_count']),
    enqueuedAt: number(row['enqueued_at']),
    expiresAt: optional(row['expires_at']),
    wakeAt: optional(row['wake_at']),
    scheduledFor: optional(row['scheduled_for']),
    deadLetterSource: row['dead_letter_source'] === null ? null : String(row['dead_letter_source']),
    durable: row['durable'] === 1,
    priority: optional(row['priority']),
    ttl: optional(row['ttl']),
    sessionId: text(row['session_id']),
    annotations: { count: number(row['annotation_count']), bytes: bytes(row['annotations']) },
    bare: bytes(row['bare']),
  };
}

function number(value: SQLOutputValue | undefined): number {
  if (typeof value !== 'number')
    throw new StoreError('The Service Bus database holds a value of the wrong type.');
  return value;
}
function optional(value: SQLOutputValue | undefined): number | null {
  return value === null || value === undefined ? null : number(value);
}
function text(value: SQLOutputValue | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
function bytes(value: SQLOutputValue | undefined): Uint8Array {
  if (!(value instanceof Uint8Array))
    throw new StoreError('The Service Bus database holds a value of the wrong type.');
  return value;
}
