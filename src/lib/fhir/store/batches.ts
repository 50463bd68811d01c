import { MedrelayError } from '../../errors';
import type { Write } from './ports';

/** Limits of a Cosmos DB transactional batch: 100 operations, 2 MB with its own framing. */
const maxOperations = 100;
const maxBytes = 2 * 1024 * 1024;
/** Per operation: type, id, etag and JSON around the document and its ciphertexts, rounded up. */
const overhead = 1536;
/** What is sealed is stored in base64; how much of a document that is, is not known here. */
const sealedGrowth = 4 / 3;

/**
 * Packs the writes of whole resources into as few batches as the limits allow. A resource's writes stay together,
 * so every batch leaves each resource either untouched or complete.
 */
export function packBatches(plans: readonly (readonly Write[])[]): Write[][] {
  const batches: Write[][] = [];
  let bytes = 0;
  for (const writes of plans) {
    const [first] = writes;
    if (first === undefined) continue;
    // The documents of one resource differ in kind and id only, so one of them measures all.
    const bytesOfOne = Buffer.byteLength(JSON.stringify(first.document)) * sealedGrowth;
    const size = writes.length * (overhead + bytesOfOne);
    if (size > maxBytes) throw resourceTooLarge();
    const last = batches.at(-1);
    if (last && last.length + writes.length <= maxOperations && bytes + size <= maxBytes) {
      last.push(...writes);
      bytes += size;
    } else {
      batches.push([...writes]);
      bytes = size;
    }
  }
  return batches;
}

export const resourceTooLarge = (cause?: unknown): MedrelayError =>
  new MedrelayError(
    'RESOURCE_TOO_LARGE',
    'A resource is larger than the store takes in one transaction (2 MB).',
    cause,
  );
