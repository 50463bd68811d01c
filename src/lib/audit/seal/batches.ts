import { checkEvent } from './check-event';
import {
  batchId,
  batchPartition,
  yearOf,
  type BatchDocument,
  type BatchLeaf,
  type RefusedEvent,
  type TenantBatch,
} from './documents';
import type { SealPorts } from './ports';

/**
 * Below the 1,000 leaves of a segment, so that a tenant's part of a batch is one segment: the service returns what was
 * written in one transaction (at most 100 documents) in one page, even beyond the limit.
 */
const PAGE = 800;

/**
 * Writes down what comes after the given batch. Undefined when nothing does; `taken` when another sealer was first.
 * `behind` are the tenants that still wait for it or for one before it.
 */
export async function nextBatch(
  ports: SealPorts,
  last: BatchDocument | undefined,
  behind: BatchDocument['behind'],
): Promise<BatchDocument | 'taken' | undefined> {
  const { documents, token } = await ports.feed.read(last?.token, PAGE);
  // The clocks of two sealers differ; the order of the batches, and with it the year, must not.
  const at = new Date(Math.max(ports.clock.now(), Date.parse(last?.at ?? '') || 0)).toISOString();
  // A year begins with a batch of its own, be it empty: only then is it certain that the one before gets no more events.
  const turnsYear = last !== undefined && yearOf(last.at) < yearOf(at);
  if (documents.length === 0 && !turnsYear) return undefined;
  const n = (last?.n ?? 0) + 1;
  const batch: BatchDocument = {
    id: batchId(n),
    pk: batchPartition(n),
    kind: 'cursor',
    v: 1,
    n,
    token,
    at,
    tenants: partsOf(ports, documents, at),
    behind,
  };
  return (await ports.log.create(batch)) === 'created' ? batch : 'taken';
}

function partsOf(ports: SealPorts, documents: readonly unknown[], at: string): readonly TenantBatch[] {
  const parts = new Map<string, { leaves: BatchLeaf[]; refused: RefusedEvent[] }>();
  for (const document of documents) {
    const event = checkEvent(ports, document, at);
    const part = parts.get(event.tenantId) ?? { leaves: [], refused: [] };
    parts.set(event.tenantId, part);
    if ('leaf' in event) part.leaves.push(event.leaf);
    else part.refused.push(event.refused);
  }
  return [...parts].map(([id, { leaves, refused }]) =>
    refused.length > 0 ? { id, leaves, refused } : { id, leaves },
  );
}
