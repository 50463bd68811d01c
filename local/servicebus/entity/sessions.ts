import { Sequences } from './sequences';

/** A receiver's hold on a session, and the messages it was given under it. */
export interface SessionLock<Held> {
  readonly id: string;
  /** Whoever accepted the session. */
  readonly owner: object;
  until: number;
  readonly held: Map<string, Held>;
}

interface Lane<Held> {
  readonly ready: Sequences;
  lock: SessionLock<Held> | undefined;
}

/** The sessions of a queue: what waits in each, and who has it. */
export class Sessions<Held> {
  private readonly lanes = new Map<string, Lane<Held>>();
  private readonly locks = new Set<SessionLock<Held>>();

  private lane(id: string): Lane<Held> {
    let lane = this.lanes.get(id);
    if (!lane) this.lanes.set(id, (lane = { ready: new Sequences(), lock: undefined }));
    return lane;
  }

  /** The messages of a session that wait for its receiver. */
  ready(id: string): Sequences {
    return this.lane(id).ready;
  }

  lockOf(id: string): SessionLock<Held> | undefined {
    return this.lanes.get(id)?.lock;
  }

  lockedBy(owner: object): SessionLock<Held> | undefined {
    for (const lock of this.locks) if (lock.owner === owner) return lock;
    return undefined;
  }

  lock(id: string, owner: object, until: number): SessionLock<Held> {
    const lane = this.lane(id);
    const lock = { id, owner, until, held: new Map<string, Held>() };
    lane.lock = lock;
    this.locks.add(lock);
    return lock;
  }

  unlock(lock: SessionLock<Held>): void {
    const lane = this.lane(lock.id);
    if (lane.lock === lock) lane.lock = undefined;
    this.locks.delete(lock);
  }

  /** Of the sessions that nobody has, the one whose message has waited longest; what is empty is forgotten. */
  longestWaiting(firstOf: (ready: Sequences) => number | undefined): string | undefined {
    let found: { id: string; first: number } | undefined;
    for (const [id, lane] of this.lanes) {
      if (lane.lock) continue;
      const first = firstOf(lane.ready);
      if (first === undefined) this.lanes.delete(id);
      else if (!found || first < found.first) found = { id, first };
    }
    return found?.id;
  }

  get nextDeadline(): number {
    let next = Infinity;
    for (const { until } of this.locks) next = Math.min(next, until);
    return next;
  }

  expired(now: number): SessionLock<Held>[] {
    return [...this.locks].filter(({ until }) => until <= now);
  }
}
