import { createHash } from 'node:crypto';

/**
 * The definitions of RFC 6962 section 2.1 word for word, recursive and slow: the oracle. It shares no code with what is
 * tested.
 */
export type Leaves = readonly Buffer[];

const sha256 = (...parts: Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();

const k = (n: number): number => {
  let power = 1;
  while (power * 2 < n) power *= 2;
  return power;
};

const first = (d: Leaves): Buffer => d[0] ?? Buffer.alloc(0);

/** MTH(D[n]) */
export function mth(d: Leaves): Buffer {
  if (d.length === 0) return sha256();
  if (d.length === 1) return sha256(Buffer.of(0x00), first(d));
  const split = k(d.length);
  return sha256(Buffer.of(0x01), mth(d.slice(0, split)), mth(d.slice(split)));
}

/** PATH(m, D[n]) */
export function path(m: number, d: Leaves): Buffer[] {
  if (d.length === 1) return [];
  const split = k(d.length);
  return m < split
    ? [...path(m, d.slice(0, split)), mth(d.slice(split))]
    : [...path(m - split, d.slice(split)), mth(d.slice(0, split))];
}

/** PROOF(m, D[n]) */
export const proof = (m: number, d: Leaves): Buffer[] => subproof(m, d, true);

function subproof(m: number, d: Leaves, b: boolean): Buffer[] {
  if (m === d.length) return b ? [] : [mth(d)];
  const split = k(d.length);
  return m <= split
    ? [...subproof(m, d.slice(0, split), b), mth(d.slice(split))]
    : [...subproof(m - split, d.slice(split), false), mth(d.slice(0, split))];
}
