import { setTimeout as delay } from 'node:timers/promises';
import type { Created, EventStore } from './ports';
import { stated, type Outgoing, type Recorder } from './record';
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

/**
 * Many events at the price of few requests. Everything is done when this resolves: nothing waits in memory for a fuller
 * batch. Each event has its own fate: whatever the bulk request did not create goes the way of a single event.
 */
export async function recordBatch(
  events: readonly AuditEventInput[],
  ports: BatchPorts,
): Promise<PromiseSettledResult<AuditReceipt>[]> {
  const fates: PromiseSettledResult<AuditReceipt>[] = [];
  const outgoing: Numbered[] = [];
  for (const [n, event] of events.entries()) {
    try {
      outgoing.push({ n, ...(await ports.recorder.seal(stated(event))) });
    } catch (reason) {
      fates[n] = { status: 'rejected', reason };
    }
  }
  // Neighbours share a logical partition.
  outgoing.sort((a, b) => (a.document.pk < b.document.pk ? -1 : 1));
  await inParallel(chunksOf(outgoing, MAX_OPERATIONS), async (chunk) => {
    const created = await createChunk(chunk, ports);
    await inParallel(chunk, async (each) => {
      [fates[each.n]] = await Promise.allSettled([finish(each, created.get(each), ports)]);
    });
  });
  return fates;
}

interface Numbered extends Outgoing {
  /** Its place among the events. */
  readonly n: number;
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
  if (created === 'created') return recorder.settle(each, each.document, 'persisted');
  const isSpilled = created === 'throttled' || guards.store.state() === 'open';
  return isSpilled ? recorder.divert(each, new StoreBusy()) : recorder.deliver(each);
}

/** In the words of the SDKs' own errors. */
class StoreBusy extends Error {
  readonly retryable = true;
}

function chunksOf<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  );
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  const lane = async (): Promise<void> => {
    for (const item of rest) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(LANES, items.length) }, lane));
}
