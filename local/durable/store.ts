/**
 * Everything the backend knows, in one SQLite file. A transaction is one step of some instance: the message that was
 * handled leaves, what follows from it enters, both or neither. With WAL and synchronous=NORMAL a commit outlives a
 * SIGKILL of this process (not a power cut), which is what a stand-in for development needs.
 */
import { DatabaseSync, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { DurableError, messageOf } from './errors';
import type { EntityRequest, EntityState } from './entity';
import { EventType, type HistoryEvent, type Incoming, type Parent, type RuntimeStatus } from './history';
import type { Progress } from './progress';

export interface Instance {
  id: string;
  execution: string;
  name: string;
  version: string;
  status: RuntimeStatus;
  created: number;
  updated: number;
  /** JSON. */
  input: string | null;
  /** JSON, or plain text where it failed or was terminated. */
  output: string | null;
  customStatus: string | null;
  parent: Parent | null;
  progress: Progress;
}

export interface Message {
  seq: number;
  execution: string | null;
  event: Incoming;
}

export interface PendingCall {
  instance: string;
  execution: string;
  task: number;
  kind: 'activity' | 'http';
  name: string;
  /** JSON. */
  input: string | null;
}

export interface PendingTimer {
  instance: string;
  execution: string;
  timer: number;
  due: number;
}

export interface Entity extends EntityState {
  id: string;
  lastOperation: number;
}

export interface Filter {
  prefix?: string | undefined;
  from?: number | undefined;
  to?: number | undefined;
  statuses?: readonly string[] | undefined;
}

const SCHEMA_VERSION = 1;
const SCHEMA = `
  CREATE TABLE instances (
    id TEXT PRIMARY KEY, execution TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, status TEXT NOT NULL,
    created INTEGER NOT NULL, updated INTEGER NOT NULL, input TEXT, output TEXT, custom_status TEXT, parent TEXT,
    progress TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE history (instance TEXT NOT NULL, seq INTEGER NOT NULL, event TEXT NOT NULL, wire TEXT,
    PRIMARY KEY (instance, seq)) STRICT, WITHOUT ROWID;
  CREATE TABLE messages (seq INTEGER PRIMARY KEY, instance TEXT NOT NULL, execution TEXT,
    type INTEGER NOT NULL, event TEXT NOT NULL) STRICT;
  CREATE INDEX messages_instance ON messages (instance, seq);
  CREATE TABLE calls (instance TEXT NOT NULL, execution TEXT NOT NULL, task INTEGER NOT NULL, kind TEXT NOT NULL,
    name TEXT NOT NULL, input TEXT, PRIMARY KEY (instance, execution, task)) STRICT, WITHOUT ROWID;
  CREATE TABLE timers (instance TEXT NOT NULL, execution TEXT NOT NULL, timer INTEGER NOT NULL, due INTEGER NOT NULL,
    PRIMARY KEY (instance, execution, timer)) STRICT, WITHOUT ROWID;
  CREATE INDEX timers_due ON timers (due);
  CREATE TABLE entities (id TEXT PRIMARY KEY, present INTEGER NOT NULL, state TEXT, last_operation INTEGER NOT NULL)
    STRICT, WITHOUT ROWID;
  CREATE TABLE requests (seq INTEGER PRIMARY KEY, entity TEXT NOT NULL, due INTEGER NOT NULL,
    request TEXT NOT NULL) STRICT;
  CREATE INDEX requests_entity ON requests (entity, seq);
  CREATE INDEX requests_due ON requests (due) WHERE due > 0;
  PRAGMA user_version = ${SCHEMA_VERSION};`;

const SQL = {
  instance: 'SELECT * FROM instances WHERE id = ?',
  execution: 'SELECT execution FROM instances WHERE id = ?',
  putInstance: 'INSERT OR REPLACE INTO instances VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  history: 'SELECT event FROM history WHERE instance = ? ORDER BY seq',
  wire: 'SELECT coalesce(wire, event) AS event FROM history WHERE instance = ? ORDER BY seq',
  lastSeq: 'SELECT max(seq) AS seq FROM history WHERE instance = ?',
  addHistory: 'INSERT INTO history VALUES (?, ?, ?, ?)',
  addMessage: 'INSERT INTO messages (instance, execution, type, event) VALUES (?, ?, ?, ?)',
  nextMessage: 'SELECT * FROM messages WHERE instance = ? ORDER BY seq LIMIT 1',
  nextControl: `SELECT * FROM messages WHERE instance = ? AND type IN (${EventType.ExecutionTerminated}, ${EventType.ExecutionResumed})
    ORDER BY seq LIMIT 1`,
  dropMessage: 'DELETE FROM messages WHERE seq = ?',
  recipients: 'SELECT instance AS id FROM messages GROUP BY instance ORDER BY min(seq)',
  addCall: 'INSERT INTO calls VALUES (?, ?, ?, ?, ?, ?)',
  dropCall: 'DELETE FROM calls WHERE instance = ? AND execution = ? AND task = ?',
  calls: 'SELECT * FROM calls ORDER BY instance, task',
  addTimer: 'INSERT INTO timers VALUES (?, ?, ?, ?)',
  dropTimer: 'DELETE FROM timers WHERE instance = ? AND execution = ? AND timer = ?',
  dueTimers: 'SELECT * FROM timers WHERE due <= ? ORDER BY due, timer LIMIT 100',
  nextDue: `SELECT min(due) AS due FROM (SELECT min(due) AS due FROM timers
    UNION ALL SELECT min(due) FROM requests WHERE due > ?)`,
  entity: 'SELECT * FROM entities WHERE id = ?',
  putEntity: 'INSERT OR REPLACE INTO entities VALUES (?, ?, ?, ?)',
  dropEntity: 'DELETE FROM entities WHERE id = ?',
  addRequest: 'INSERT INTO requests (entity, due, request) VALUES (?, ?, ?)',
  batch: 'SELECT seq, request FROM requests WHERE entity = ? AND due <= ? ORDER BY due, seq LIMIT ?',
  dropRequest: 'DELETE FROM requests WHERE seq = ?',
  dropRequests: 'DELETE FROM requests WHERE entity = ?',
  waiting: 'SELECT entity AS id FROM requests WHERE due <= ? GROUP BY entity ORDER BY min(seq)',
} as const;

/** The steps that share the open transaction. */
interface Group {
  committed: Promise<void>;
  resolve(): void;
  reject(reason: unknown): void;
}

/** Tables that hold parts of an instance beside its row. */
const PARTS = ['history', 'messages', 'calls', 'timers'] as const;

export class Store {
  readonly #db: DatabaseSync;
  readonly #sql: Record<keyof typeof SQL, StatementSync>;
  readonly #clear: Record<(typeof PARTS)[number], StatementSync>;
  #group: Group | undefined;

  constructor(
    file: string,
    /** Drills end the process here. */
    private readonly onCommit: (moment: 'before' | 'after') => void = () => undefined,
  ) {
    const db = open(file);
    this.#db = db;
    const entries = Object.entries(SQL).map(([name, text]) => [name, db.prepare(text)]);
    this.#sql = Object.fromEntries(entries) as Record<keyof typeof SQL, StatementSync>;
    const clear = PARTS.map((part) => [part, db.prepare(`DELETE FROM ${part} WHERE instance = ?`)]);
    this.#clear = Object.fromEntries(clear) as Record<(typeof PARTS)[number], StatementSync>;
  }

  /**
   * One step: all of it is in the file when this resolves, or none. Steps of one turn of the event loop share a
   * transaction, so that many instances at once cost little more than one.
   */
  async step<T>(work: () => T): Promise<T> {
    this.#group ??= this.#begin();
    const { committed } = this.#group;
    let result: T;
    try {
      result = work();
    } catch (error) {
      this.#end('ROLLBACK', error);
      throw error;
    }
    await committed;
    return result;
  }

  /** Resolves when everything that a read can have seen is in the file. */
  async settled(): Promise<void> {
    await this.#group?.committed;
  }

  #begin(): Group {
    this.#db.exec('BEGIN IMMEDIATE');
    let settle: Pick<Group, 'resolve' | 'reject'> | undefined;
    const committed = new Promise<void>((resolve, reject) => (settle = { resolve, reject }));
    committed.catch(() => undefined);
    setImmediate(() => this.#commit());
    return {
      committed,
      resolve: () => settle?.resolve(),
      reject: (reason) => settle?.reject(reason),
    };
  }

  #commit(): void {
    if (!this.#group) return;
    this.onCommit('before');
    this.#end('COMMIT');
    this.onCommit('after');
  }

  #end(how: 'COMMIT' | 'ROLLBACK', reason?: unknown): void {
    const group = this.#group;
    this.#group = undefined;
    try {
      this.#db.exec(how);
    } catch (error) {
      // A full disk, say: the steps did not happen.
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      group?.reject(error);
      return;
    }
    if (how === 'COMMIT') group?.resolve();
    else group?.reject(reason);
  }

  instance(id: string): Instance | undefined {
    const row = this.#sql.instance.get(id);
    return row && instanceOf(row);
  }

  executionOf(id: string): string | undefined {
    const execution = this.#sql.execution.get(id)?.['execution'];
    return execution === undefined ? undefined : text(execution);
  }

  putInstance(i: Instance): void {
    const parent = i.parent ? JSON.stringify(i.parent) : null;
    const { id, execution, name, version, status, created, updated, input, output, customStatus } = i;
    const progress = JSON.stringify(i.progress);
    this.#sql.putInstance.run(
      ...[
        id,
        execution,
        name,
        version,
        status,
        created,
        updated,
        input,
        output,
        customStatus,
        parent,
        progress,
      ],
    );
  }

  /** In order of id, which is what a page's continuation token says. */
  list(filter: Filter, after: string, limit: number): Instance[] {
    const { prefix = '', from, to, statuses } = filter;
    const conditions = ['id > ?', 'substr(id, 1, ?) = ?'];
    const values: (string | number)[] = [after, prefix.length, prefix];
    const also = (condition: string, ...given: (string | number)[]): void => {
      conditions.push(condition);
      values.push(...given);
    };
    if (from !== undefined) also('created >= ?', from);
    if (to !== undefined) also('created <= ?', to);
    if (statuses?.length) also(`status IN (${statuses.map(() => '?').join(', ')})`, ...statuses);
    return this.#db
      .prepare(`SELECT * FROM instances WHERE ${conditions.join(' AND ')} ORDER BY id LIMIT ?`)
      .all(...values, limit)
      .map(instanceOf);
  }

  /** Removes an instance or what is left of an execution of it; messages of a kept one that are for no execution stay. */
  clear(id: string, keepMessages = false): void {
    for (const part of PARTS) if (part !== 'messages' || !keepMessages) this.#clear[part].run(id);
  }

  /** Calls and timers of an instance that has ended; their results would reach nobody. */
  dropWork(id: string): void {
    this.#clear.calls.run(id);
    this.#clear.timers.run(id);
  }

  purge(id: string): void {
    this.clear(id);
    this.#db.prepare('DELETE FROM instances WHERE id = ?').run(id);
  }

  history(id: string): HistoryEvent[] {
    return this.#sql.history.all(id).map((row) => JSON.parse(text(row['event'])) as HistoryEvent);
  }

  /** The past as the orchestrator gets it: JSON texts, all played. */
  wire(id: string): string[] {
    return this.#sql.wire.all(id).map((row) => text(row['event']));
  }

  /** `withInputs`: what an activity was given goes into the history that the orchestrator gets. */
  append(id: string, events: readonly HistoryEvent[], withInputs: boolean): void {
    let seq = Number(this.#sql.lastSeq.get(id)?.['seq'] ?? -1);
    for (const event of events) {
      const played = { ...event, IsPlayed: true };
      const hides =
        !withInputs &&
        (event.EventType === EventType.TaskScheduled ||
          event.EventType === EventType.SubOrchestrationInstanceCreated);
      const wire = hides ? JSON.stringify({ ...played, Input: null }) : null;
      this.#sql.addHistory.run(id, (seq += 1), JSON.stringify(played), wire);
    }
  }

  replaceHistory(id: string, events: readonly HistoryEvent[], withInputs: boolean): void {
    this.#clear.history.run(id);
    this.append(id, events, withInputs);
  }

  post(instance: string, event: Incoming, execution: string | null = null): void {
    this.#sql.addMessage.run(instance, execution, event.EventType, JSON.stringify(event));
  }

  /** While it is suspended only resume and terminate reach an instance. */
  nextMessage(instance: string, suspended: boolean): Message | undefined {
    const row = (suspended ? this.#sql.nextControl : this.#sql.nextMessage).get(instance);
    if (!row) return undefined;
    const event = JSON.parse(text(row['event'])) as Incoming;
    return { seq: Number(row['seq']), execution: optional(row['execution']), event };
  }

  dropMessage(seq: number): void {
    this.#sql.dropMessage.run(seq);
  }

  recipients(): string[] {
    return this.#sql.recipients.all().map((row) => text(row['id']));
  }

  addCall({ instance, execution, task, kind, name, input }: PendingCall): void {
    this.#sql.addCall.run(instance, execution, task, kind, name, input);
  }

  /** False when it is gone already: its instance ended, or its result is known. */
  dropCall({ instance, execution, task }: PendingCall): boolean {
    return Number(this.#sql.dropCall.run(instance, execution, task).changes) > 0;
  }

  calls(): PendingCall[] {
    return this.#sql.calls.all().map((row) => ({
      instance: text(row['instance']),
      execution: text(row['execution']),
      task: Number(row['task']),
      kind: row['kind'] === 'http' ? 'http' : 'activity',
      name: text(row['name']),
      input: optional(row['input']),
    }));
  }

  addTimer({ instance, execution, timer, due }: PendingTimer): void {
    this.#sql.addTimer.run(instance, execution, timer, due);
  }

  dropTimer({ instance, execution, timer }: Omit<PendingTimer, 'due'>): void {
    this.#sql.dropTimer.run(instance, execution, timer);
  }

  dueTimers(now: number): PendingTimer[] {
    return this.#sql.dueTimers.all(now).map((row) => ({
      instance: text(row['instance']),
      execution: text(row['execution']),
      timer: Number(row['timer']),
      due: Number(row['due']),
    }));
  }

  /** When something has to be done that nothing else will cause. */
  nextDue(now: number): number | undefined {
    const due = this.#sql.nextDue.get(now)?.['due'];
    return typeof due === 'number' ? due : undefined;
  }

  entity(id: string): Entity | undefined {
    const row = this.#sql.entity.get(id);
    return row && entityOf(row);
  }

  /** What exists; in order of id. */
  entities(prefix: string, after: string, limit: number): Entity[] {
    return this.#db
      .prepare(
        'SELECT * FROM entities WHERE present = 1 AND id > ? AND substr(id, 1, ?) = ? ORDER BY id LIMIT ?',
      )
      .all(after, prefix.length, prefix, limit)
      .map(entityOf);
  }

  /** One that does not exist any more leaves nothing behind. */
  putEntity({ id, exists, state, lastOperation }: Entity): void {
    if (exists) this.#sql.putEntity.run(id, 1, state, lastOperation);
    else this.#sql.dropEntity.run(id);
  }

  purgeEntity(id: string): boolean {
    this.#sql.dropRequests.run(id);
    return Number(this.#sql.dropEntity.run(id).changes) > 0;
  }

  addRequest(entity: string, request: EntityRequest): void {
    this.#sql.addRequest.run(entity, request.due ?? 0, JSON.stringify(request));
  }

  batch(entity: string, now: number, limit: number): { seq: number; request: EntityRequest }[] {
    return this.#sql.batch.all(entity, now, limit).map((row) => ({
      seq: Number(row['seq']),
      request: JSON.parse(text(row['request'])) as EntityRequest,
    }));
  }

  dropRequest(seq: number): void {
    this.#sql.dropRequest.run(seq);
  }

  /** Entities with a request whose time has come. */
  waitingEntities(now: number): string[] {
    return this.#sql.waiting.all(now).map((row) => text(row['id']));
  }

  close(): void {
    this.#commit();
    this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    this.#db.close();
  }
}

function open(file: string): DatabaseSync {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file);
    // EXCLUSIVE: two backends on one file would each run the same orchestrations.
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
    const damage = db.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
    if (damage !== 'ok') throw new Error(String(damage));
    const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version']);
    if (version === 0) db.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT`);
    else if (version !== SCHEMA_VERSION)
      throw new Error(`schema version ${version}, expected ${SCHEMA_VERSION}`);
    db.exec('BEGIN IMMEDIATE; COMMIT');
    return db;
  } catch (error) {
    db?.close();
    const reason = messageOf(error);
    const advice = reason.includes('locked')
      ? 'another process has it open; stop that process first'
      : `it cannot be used (${reason}); restore it or move it away to start empty`;
    throw new DurableError(`Durable Functions database ${file}: ${advice}.`);
  }
}

function instanceOf(row: Record<string, SQLOutputValue>): Instance {
  const parent = optional(row['parent']);
  return {
    id: text(row['id']),
    execution: text(row['execution']),
    name: text(row['name']),
    version: text(row['version']),
    status: text(row['status']) as RuntimeStatus,
    created: Number(row['created']),
    updated: Number(row['updated']),
    input: optional(row['input']),
    output: optional(row['output']),
    customStatus: optional(row['custom_status']),
    parent: parent === null ? null : (JSON.parse(parent) as Parent),
    progress: JSON.parse(text(row['progress'])) as Progress,
  };
}

const entityOf = (row: Record<string, SQLOutputValue>): Entity => ({
  id: text(row['id']),
  exists: row['present'] === 1,
  state: optional(row['state']),
  lastOperation: Number(row['last_operation']),
});

function text(value: SQLOutputValue | undefined): string {
  if (typeof value !== 'string')
    throw new DurableError('The Durable Functions database holds a value of the wrong type.');
  return value;
}
const optional = (value: SQLOutputValue | undefined): string | null =>
  value === null || value === undefined ? null : text(value);
