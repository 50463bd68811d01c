import { createCompactRange, type CompactRange } from '../merkle';
import type { TrustedCheckpoint } from './chain';
import type { Findings } from './findings';
import type { Segments } from './segments';
import type { TiledLeaf, Tiles } from './tiles';

/** A tile and a segment with one hash but two ids for it: only the event itself can tell. */
export interface Dispute {
  readonly tile: string;
  readonly id: string;
}

export interface Tree {
  /** Newest signed size. */
  readonly size: number;
  readonly disputes: ReadonlyMap<number, readonly Dispute[]>;
  /** Whether a signed root covers the leaf as it is known. */
  isProven(index: number): boolean;
}

interface Interval {
  readonly from: number;
  readonly to: number;
}

/** One way how the tree may have grown, and what it means when a checkpoint confirms it. */
interface Growth {
  readonly range: CompactRange;
  readonly confirm: () => void;
}

/**
 * Rebuilds the tree leaf by leaf and compares it with every signed root. Where the segments do not make the root, the
 * tiles' word is tried: whichever does is the truth, and the other was changed. Where neither does, two stories are
 * left, a checkpoint signed over something else, or leaves changed in both places, and the next checkpoint tells: the
 * frontier of a checkpoint makes its signed root and lets the check go on behind a damage.
 */
export function rebuildTree(
  year: string,
  checkpoints: readonly TrustedCheckpoint[],
  segments: Segments,
  { otherwise }: Pick<Tiles, 'otherwise'>,
  findings: Findings,
): Tree {
  const { leaves } = segments;
  const unproven: Interval[] = [];
  const disputes = new Map<number, Dispute[]>();
  const settled = (range: CompactRange): Growth[] => [{ range, confirm: () => undefined }];
  let growths = settled(createCompactRange());
  let at = 0;
  let root = hexRoot(createCompactRange());
  let undecided: (() => void) | undefined;

  for (const checkpoint of checkpoints) {
    const name = `${year}/${checkpoint.id}`;
    if (checkpoint.size < at) {
      findings.add('checkpoints', 'chain-broken', name);
      continue;
    }
    if (checkpoint.size === at) {
      if (checkpoint.root !== root) findings.add('checkpoints', 'forked', name);
      continue;
    }
    const interval = { from: at, to: checkpoint.size };
    at = checkpoint.size;
    root = checkpoint.root;
    const grown = growths.map((growth) => grow(growth, interval, root)).find(Boolean);
    if (grown) {
      grown.confirm();
      undecided = undefined;
      growths = settled(grown.range);
      continue;
    }
    undecided?.();
    const leavesChanged = (): void => {
      unproven.push(interval);
      // A leaf that is not there has been named already, by its segment.
      if (hasHole(interval)) return;
      findings.add('checkpoints', 'unprovable', name);
      for (const id of segments.namesBetween(interval.from, interval.to))
        findings.add('segments', 'modified', id);
    };
    undecided = leavesChanged;
    const own = growths[0] && appended(growths[0].range, interval, false);
    growths = own ? [{ range: own, confirm: () => findings.add('checkpoints', 'forked', name) }] : [];
    if (checkpoint.frontier)
      growths.push({ range: createCompactRange(at, checkpoint.frontier), confirm: leavesChanged });
  }
  undecided?.();
  for (let index = at; index < leaves.length; index++) compareTiles(index);

  return {
    size: at,
    disputes,
    isProven: (index) =>
      index < at && !unproven.some(({ from, to }) => index >= from && index < to) && leaves.has(index),
  };

  function grow({ range, confirm }: Growth, interval: Interval, signed: string): Growth | undefined {
    const bySegments = appended(range, interval, false);
    if (bySegments && hexRoot(bySegments) === signed)
      return { range: bySegments, confirm: () => (confirm(), forEach(interval, compareTiles)) };
    const byTiles = otherwise.size > 0 ? appended(range, interval, true) : undefined;
    if (!byTiles || hexRoot(byTiles) !== signed) return undefined;
    return {
      range: byTiles,
      confirm: () => (confirm(), forEach(interval, takeTile), forEach(interval, compareTiles)),
    };
  }

  /** Undefined when a leaf of the interval is unknown. */
  function appended({ size, frontier }: CompactRange, { from, to }: Interval, byTiles: boolean) {
    const longer = createCompactRange(size, frontier());
    for (let index = from; index < to; index++) {
      const tiled = byTiles ? tiledAt(index)?.hash : undefined;
      if (!tiled && !leaves.has(index)) return undefined;
      longer.append(tiled ?? leaves.hash(index));
    }
    return longer;
  }

  function tiledAt(index: number): TiledLeaf | undefined {
    return otherwise.get(index)?.[0];
  }

  /** The leaf is what a tile says of it, because that makes the signed root. */
  function takeTile(index: number): void {
    const tiled = tiledAt(index);
    if (!tiled || (leaves.has(index) && leaves.hash(index).equals(tiled.hash))) return;
    if (leaves.has(index))
      for (const id of segments.namesBetween(index, index + 1)) findings.add('segments', 'modified', id);
    leaves.set(index, tiled.id, tiled.hash, leaves.day(index));
  }

  function compareTiles(index: number): void {
    if (!leaves.has(index)) return;
    for (const { tile, id, hash } of otherwise.get(index) ?? []) {
      if (!leaves.hash(index).equals(hash)) findings.add('tiles', 'modified', `${year}/${tile}`);
      else if (leaves.id(index) !== id) disputes.set(index, [...(disputes.get(index) ?? []), { tile, id }]);
    }
  }

  function hasHole({ from, to }: Interval): boolean {
    for (let index = from; index < to; index++) if (!leaves.has(index)) return true;
    return false;
  }

  function forEach({ from, to }: Interval, work: (index: number) => void): void {
    if (otherwise.size > 0) for (let index = from; index < to; index++) work(index);
  }
}

const hexRoot = (range: CompactRange): string => range.root().toString('hex');
