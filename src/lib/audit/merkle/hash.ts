import { hash } from 'node:crypto';

/** 32 bytes of SHA-256. */
export type Hash = Buffer;

/** RFC 6962 section 2.1: different first bytes, so that no inner node can be shown as a leaf. */
const [LEAF, NODE] = [0, 1];

/** Measured: one call over one piece of memory takes half the time of createHash and three updates. */
export function leafHash(content: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(1 + content.length);
  bytes[0] = LEAF;
  bytes.set(content, 1);
  return hash('sha256', bytes, 'buffer');
}

export function nodeHash(left: Hash, right: Hash): Buffer {
  const bytes = Buffer.allocUnsafe(1 + left.length + right.length);
  bytes[0] = NODE;
  bytes.set(left, 1);
  bytes.set(right, 1 + left.length);
  return hash('sha256', bytes, 'buffer');
}

/** RFC 6962 section 2.1: the root of a tree without leaves is the hash of nothing. */
export const EMPTY_ROOT = hash('sha256', '', 'buffer');

/** Neither is a secret, so it need not take the same time for all. */
export function sameHash(one: Hash, other: Hash): boolean {
  return Buffer.compare(one, other) === 0;
}
