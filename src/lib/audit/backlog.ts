import { setTimeout as delay } from 'node:timers/promises';
import { MERGE_DELAY_MS } from './record';
import type { BreakerState, SinkGuards } from './sink-guard';

/** What waits at one place. `count` ends at the limit that was asked for. */
export interface Waiting {
  readonly count: number;
  /** When the event that has waited longest was received. */
  readonly oldest?: string;
}

export interface BacklogSource {
  /** In `audit-ingest`: due now, or scheduled for another attempt. */
  queued(limit: number): Promise<Waiting>;
  deadLettered(limit: number): Promise<Waiting>;
  journaled(limit: number): Promise<Waiting>;
}

/**
 * Events that are durable and not yet in the store. Every statement about the integrity of the trail has to name them:
 * as long as one waits, the trail is incomplete. A place that cannot be asked is `unknown`, which is not empty.
 */
export interface AuditBacklog {
  readonly queued: Waiting | 'unknown';
  readonly deadLettered: Waiting | 'unknown';
  readonly journaled: Waiting | 'unknown';
  /** Of this process. */
  readonly breakers: {
    readonly store: BreakerState;
    readonly queue: BreakerState;
    readonly journal: BreakerState;
  };
}

/** A broker that does not answer must not keep the others' figures back; counting takes its time, too. */
const deadlineMs = (limit: number): number => 2_000 + limit;

export async function readBacklog(
  source: BacklogSource,
  guards: SinkGuards,
  limit: number,
): Promise<AuditBacklog> {
  const orUnknown = async (waiting: Promise<Waiting>): Promise<Waiting | 'unknown'> => {
    const answered = new AbortController();
    const late = delay(deadlineMs(limit), 'unknown' as const, { signal: answered.signal });
    try {
      return await Promise.race([waiting, late]);
    } catch {
      return 'unknown';
    } finally {
      answered.abort();
      late.catch(() => undefined);
    }
  };
  const [queued, deadLettered, journaled] = await Promise.all([
    orUnknown(source.queued(limit)),
    orUnknown(source.deadLettered(limit)),
    orUnknown(source.journaled(limit)),
  ]);
  const { store, queue, journal } = guards;
  const breakers = { store: store.state(), queue: queue.state(), journal: journal.state() };
  return { queued, deadLettered, journaled, breakers };
}

/** A queue that is emptied as it fills is at work; after this long the receipts in it outlive their promise. */
const PATIENCE_MS = MERGE_DELAY_MS;

export function isDegraded(
  { queued, deadLettered, journaled, breakers }: AuditBacklog,
  now: number,
): boolean {
  const places = [queued, deadLettered, journaled];
  if (places.some((place) => place === 'unknown')) return true;
  if (Object.values(breakers).some((state) => state !== 'closed')) return true;
  const isOld = (place: Waiting | 'unknown'): boolean =>
    place !== 'unknown' && place.oldest !== undefined && now - Date.parse(place.oldest) > PATIENCE_MS;
  return isOld(queued) || isOld(journaled) || (deadLettered !== 'unknown' && deadLettered.count > 0);
}
