import type { Subtree, SubtreeReader } from '../../../../src/lib/audit/merkle';
import { mth, type Leaves } from './rfc6962';

/** Leaves of all sorts of lengths, the empty one among them. */
export const leavesOf = (count: number): Buffer[] =>
  Array.from({ length: count }, (_, n) => Buffer.from(`${n}`.repeat(n % 5), 'utf8'));

/** Roots of perfect subtrees by the RFC's own definition, each reckoned once. */
export function readerOf(leaves: Leaves): SubtreeReader {
  const known = new Map<string, Buffer>();
  return ({ level, index }: Subtree) => {
    const key = `${level}/${index}`;
    const width = 2 ** level;
    const begin = index * width;
    if (begin + width > leaves.length)
      throw new Error(`${key} is not perfect in a tree of ${leaves.length}.`);
    const hash = known.get(key) ?? mth(leaves.slice(begin, begin + width));
    known.set(key, hash);
    return hash;
  };
}

export const flipped = (hash: Buffer, bit: number): Buffer => {
  const copy = Buffer.from(hash);
  copy.writeUInt8(copy.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
  return copy;
};

export const replaced = <T>(items: readonly T[], at: number, item: T): T[] =>
  items.map((old, n) => (n === at ? item : old));
