import { EMPTY_ROOT, nodeHash, type Hash } from './hash';
import { perfectSubtrees } from './subtrees';

/** A tree of which only the frontier is kept: enough to go on and to say its root, in 32 bytes per level. */
export interface CompactRange {
  readonly size: number;
  append(leaf: Hash): void;
  root(): Hash;
  /** The roots of the perfect subtrees of `size`, the largest first. */
  frontier(): readonly Hash[];
}

/** @throws RangeError when the frontier is not one of a tree of this size */
export function createCompactRange(size = 0, frontier: readonly Hash[] = []): CompactRange {
  if (frontier.length !== perfectSubtrees(0, size).length)
    throw new RangeError('The frontier does not belong to a tree of this size.');
  let leaves = size;
  const roots = [...frontier];
  return {
    get size() {
      return leaves;
    },
    append(leaf) {
      let hash = leaf;
      // Each 1 at the end of the size is a subtree as large as the one that has just been filled.
      for (let full = leaves; full % 2 === 1; full = (full - 1) / 2) {
        const left = roots.pop();
        if (left) hash = nodeHash(left, hash);
      }
      roots.push(hash);
      leaves += 1;
    },
    root: () => rootOfFrontier(roots),
    frontier: () => [...roots],
  };
}

/** The root of a tree whose perfect subtrees, the largest first, have these roots. */
export function rootOfFrontier(frontier: readonly Hash[]): Hash {
  return frontier.length === 0 ? EMPTY_ROOT : frontier.reduceRight((right, left) => nodeHash(left, right));
}

/** The root of a tree with these leaves, or of a subtree when these are the roots of equal perfect parts of it. */
export function rootOf(leaves: readonly Hash[]): Hash {
  const range = createCompactRange();
  for (const leaf of leaves) range.append(leaf);
  return range.root();
}
