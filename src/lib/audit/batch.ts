import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import type { Canonical } from './document';
import { partitionKey } from './identity';
import { inLanes } from './lanes';
import type { Created, EventStore } from './ports';
import { receiptOf, stated, type Outgoing, type Received, type Recorder } from './record';
import type { SinkGuards } from './sink-guard';
import type { AuditEventInput, AuditReceipt } from './types';

/** What Cosmos DB takes in one bulk request. */
const MAX_OPERATIONS = 100;
/** Requests at a time, each of one or few logical partitions. */
const LANES = 8;
/** How long to wait before what a busy partition throttled is asked for again; after that it goes to the queue. */
const PATIENCE_MS = [100, 300, 900];

export interface BatchPorts {
  readonly recorder: Recorder;
  readonly store: Pick<EventStore, 'createMany'>;
  readonly guards: SinkGuards;
}

type Fates = PromiseSettledResult<AuditReceipt>[];

/**
 * Many events at the price of few requests. Everything is done when this resolves: nothing waits in memory for a fuller
 * batch. Each event has its own fate: whatever the bulk request did not create goes the way of a single event.
 */
export async function recordBatch(events: readonly AuditEventInput[], ports: BatchPorts): Promise<Fates> {
  const fates: Fates = [];
  await inLanes(
    LANES,
    sealed(inPartitions(events, fates, ports.recorder), fates, ports.recorder),
    async (chunk) => {
      const created = await createChunk(chunk, ports);
      const others = chunk.filter((each) => {
        if (created.get(each) !== 'created') return true;
        fates[each.n] = { status: 'fulfilled', value: receiptOf(each.document, 'persisted') };
        return false;
      });
      await inLanes(LANES, others.values(), async (each) => {
        [fates[each.n]] = await Promise.allSettled([finish(each, created.get(each), ports)]);
      });
    },
  );
  return fates;
}

/** `n` is an event's place among those given. */
interface Stated {
  readonly n: number;
  readonly canonical: Canonical;
  readonly received: Received;
  readonly pk: string;
}
interface Numbered extends Outgoing {
  readonly n: number;
}

/** What can be recorded; neighbours share a logical partition. */
function inPartitions(events: readonly AuditEventInput[], fates: Fates, recorder: Recorder): Stated[] {
  const valid: Stated[] = [];
  for (const [n, event] of events.entries()) {
    try {
      const canonical = stated(event);
      const { tenantId, occurredAt, id } = canonical.content;
      const received = recorder.receive(canonical);
      valid.push({ n, canonical, received, pk: partitionKey(tenantId, occurredAt, id) });
    } catch (reason) {
      fates[n] = { status: 'rejected', reason };
    }
  }
  return valid.sort((a, b) => (a.pk < b.pk ? -1 : 1));
}

/** What a request takes, sealed while the requests before it are under way. */
async function* sealed(
  given: readonly Stated[],
  fates: Fates,
  recorder: Recorder,
): AsyncGenerator<readonly Numbered[]> {
  for (let from = 0; from < given.length; from += MAX_OPERATIONS) {
    // Sealing waits for nothing where keys are cached: without a turn of the event loop, no request would leave.
    await nextTurn();
    const chunk: Numbered[] = [];
    for (const { n, canonical, received } of given.slice(from, from + MAX_OPERATIONS)) {
      try {
        chunk.push({ n, ...(await recorder.seal(canonical, received)) });
      } catch (reason) {
        fates[n] = { status: 'rejected', reason };
      }
    }
    yield chunk;
  }
}

/** What became of each event; where the request itself failed, nothing is known of any. */
async function createChunk(
  chunk: readonly Numbered[],
  { store, guards }: BatchPorts,
): Promise<Map<Numbered, Created>> {
  const known = new Map<Numbered, Created>();
  for (const patience of [0, ...PATIENCE_MS]) {
    const open = chunk.filter((each) => (known.get(each) ?? 'throttled') === 'throttled');
    if (open.length === 0) break;
    // Back-pressure: the lane stays taken while its partition recovers.
    if (patience > 0) await delay(patience * (0.5 + Math.random()));
    const documents = open.map(({ document }) => document);
    try {
      const results = await guards.store((signal) => store.createMany(documents, signal));
      for (const [i, each] of open.entries()) known.set(each, results[i] ?? 'refused');
    } catch {
      break;
    }
  }
  return known;
}

function finish(
  each: Outgoing,
  created: Created | undefined,
  { recorder, guards }: BatchPorts,
): Promise<AuditReceipt> {
  const isSpilled = created === 'throttled' || guards.store.state() === 'open';
  return isSpilled ? recorder.divert(each, new StoreBusy()) : recorder.deliver(each);
}

/** In the words of the SDKs' own errors. */
class StoreBusy extends Error {
  readonly retryable = true;
}
