import { rootOfFrontier } from './compact-range';
import type { Hash } from './hash';
import { perfectSubtrees, splitPoint, type Subtree } from './subtrees';

/** The root of a perfect subtree, from wherever the tree's hashes are. */
export type SubtreeReader = (subtree: Subtree) => Hash;

/**
 * RFC 6962 section 2.1.1, PATH(index, D[size]), from the leaf's sibling up.
 * @throws RangeError when the tree has no such leaf
 */
export function inclusionProof(index: number, size: number, read: SubtreeReader): Hash[] {
  if (!isCount(index) || !isCount(size) || index >= size)
    throw new RangeError('The tree has no leaf of this index.');
  const path: Hash[] = [];
  for (let [begin, count] = [0, size]; count > 1;) {
    const left = splitPoint(count);
    if (index < begin + left) {
      path.push(rootOfRange(begin + left, count - left, read));
      count = left;
    } else {
      path.push(rootOfRange(begin, left, read));
      [begin, count] = [begin + left, count - left];
    }
  }
  return path.reverse();
}

/**
 * RFC 6962 section 2.1.2, PROOF(from, D[to]).
 * @throws RangeError unless 0 < from <= to
 */
export function consistencyProof(from: number, to: number, read: SubtreeReader): Hash[] {
  if (!isCount(from) || !isCount(to) || from < 1 || from > to)
    throw new RangeError('A proof goes from a tree with leaves to one that is at least as large.');
  const path: Hash[] = [];
  let [begin, count] = [0, to];
  while (begin + count > from) {
    const left = splitPoint(count);
    if (from <= begin + left) {
      path.push(rootOfRange(begin + left, count - left, read));
      count = left;
    } else {
      path.push(rootOfRange(begin, left, read));
      [begin, count] = [begin + left, count - left];
    }
  }
  // The verifier knows the older root; the part in which both trees end is known to it only when it is that root.
  if (begin > 0) path.push(rootOfRange(begin, count, read));
  return path.reverse();
}

function rootOfRange(begin: number, count: number, read: SubtreeReader): Hash {
  return rootOfFrontier(perfectSubtrees(begin, count).map(read));
}

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
