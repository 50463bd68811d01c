import { hash } from 'node:crypto';
import { lengthPrefixed } from '../security';

/**
 * Partitions per tenant and day: a logical partition of Cosmos DB ends at 20 GB and 10,000 RU/s. Fixed for ever,
 * because an event's partition follows from its id and an id is unique only within its partition.
 */
const SHARDS = 8;

/** Deterministic, so that a redelivered message states the same event. Length prefixes keep ("ab","c") from ("a","bc"). */
export function eventId(tenantId: string, source: string, sourceKey: string): string {
  const digest = hash('sha256', lengthPrefixed(['evt1', tenantId, source, sourceKey]), 'buffer');
  return base32(digest.subarray(0, 20));
}

export function partitionKey(tenantId: string, occurredAt: string, id: string): string {
  // 20 bytes of a hash: its last base32 character is 5 even bits.
  return partition(tenantId, dayOf(occurredAt), BASE32.indexOf(id.charAt(id.length - 1)) % SHARDS);
}

/** Every partition that holds a tenant's events of one day. */
export function partitionsOfDay(tenantId: string, day: string): string[] {
  return Array.from({ length: SHARDS }, (_, shard) => partition(tenantId, day, shard));
}

/** `yyyymmdd` of an instant in UTC. */
export function dayOf(instant: string): string {
  return instant.slice(0, 10).replaceAll('-', '');
}

function partition(tenantId: string, day: string, shard: number): string {
  return `${tenantId}|${day}|${shard}`;
}

/** RFC 4648 section 6, in lower case and without padding: safe as a document id and in a blob's name. */
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

function base32(bytes: Uint8Array): string {
  let bits = 0;
  let value = 0;
  let text = '';
  for (const byte of bytes) {
    value = (value << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += BASE32.charAt((value >>> (bits - 5)) & 31);
    value &= (1 << bits) - 1;
  }
  return text;
}
