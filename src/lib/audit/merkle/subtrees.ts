/**
 * Where the perfect subtrees of a tree are. Numbers, not 32-bit integers: `>>` would end at 2^31 leaves.
 * `level` 0 holds the leaves; the subtree (level, index) spans the leaves from index * 2^level on.
 */
export interface Subtree {
  readonly level: number;
  readonly index: number;
}

/** The largest power of two that is smaller than `count`, which is at least 2: RFC 6962's k. */
export function splitPoint(count: number): number {
  return 2 ** levelOf(count - 1);
}

/** The level of the largest perfect subtree that `count` leaves fill. */
function levelOf(count: number): number {
  let level = 0;
  for (let rest = Math.floor(count / 2); rest > 0; rest = Math.floor(rest / 2)) level += 1;
  return level;
}

/**
 * The fewest perfect subtrees that make up a range, left to right; `begin` is where one of them may start. For a
 * whole tree they are its frontier, the largest first: one for each 1 in the size's binary form.
 */
export function perfectSubtrees(begin: number, count: number): Subtree[] {
  const subtrees: Subtree[] = [];
  for (let [at, rest] = [begin, count]; rest > 0;) {
    const level = levelOf(rest);
    const width = 2 ** level;
    subtrees.push({ level, index: at / width });
    [at, rest] = [at + width, rest - width];
  }
  return subtrees;
}
