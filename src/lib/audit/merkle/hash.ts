import { createHash } from 'node:crypto';

/** 32 bytes of SHA-256. */
export type Hash = Buffer;

/** RFC 6962 section 2.1: different first bytes, so that no inner node can be shown as a leaf. */
const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

export function leafHash(content: Uint8Array): Buffer {
  return createHash('sha256').update(LEAF).update(content).digest();
}

export function nodeHash(left: Hash, right: Hash): Buffer {
  return createHash('sha256').update(NODE).update(left).update(right).digest();
}

/** RFC 6962 section 2.1: the root of a tree without leaves is the hash of nothing. */
export const EMPTY_ROOT = createHash('sha256').digest();

/** Neither is a secret, so it need not take the same time for all. */
export function sameHash(one: Hash, other: Hash): boolean {
  return Buffer.compare(one, other) === 0;
}
