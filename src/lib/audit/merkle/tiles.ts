import { rootOf } from './compact-range';
import type { Hash } from './hash';
import type { SubtreeReader } from './proofs';
import { perfectSubtrees, type Subtree } from './subtrees';

/** C2SP tlog-tiles: a tile holds 256 consecutive hashes of every eighth level. */
const HEIGHT = 8;
const WIDTH = 2 ** HEIGHT;

export interface TilePlace {
  readonly level: number;
  readonly index: number;
}

export interface TileName extends TilePlace {
  /** 256, or fewer for the last tile of a level. */
  readonly width: number;
}

/** The id of its document. A partial tile has a name of its own, so that each is written once. */
export function tileId({ level, index, width }: TileName): string {
  const partial = width < WIDTH ? `.p-${String(width).padStart(3, '0')}` : '';
  return `tile-${level}-${String(index).padStart(12, '0')}${partial}`;
}

/** The tiles that a tree has and, level by level, did not have when it had `from` leaves. */
export function newTiles(from: number, to: number): TileName[] {
  const tiles: TileName[] = [];
  let [before, after] = [from, to];
  for (let level = 0; after > 0; level += 1) {
    for (let index = Math.floor(before / WIDTH); index * WIDTH < after; index += 1)
      if (after > before) tiles.push({ level, index, width: Math.min(WIDTH, after - index * WIDTH) });
    [before, after] = [Math.floor(before / WIDTH), Math.floor(after / WIDTH)];
  }
  return tiles;
}

/** The tile of a tree of this size that holds, or spans, a perfect subtree. */
function tileOf({ level, index }: Subtree, size: number): TileName {
  const tileLevel = Math.floor(level / HEIGHT);
  const first = index * 2 ** (level % HEIGHT);
  const tileIndex = Math.floor(first / WIDTH);
  const hashes = Math.floor(size / WIDTH ** tileLevel);
  return { level: tileLevel, index: tileIndex, width: Math.min(WIDTH, hashes - tileIndex * WIDTH) };
}

/** One level up: the hash that a full tile is in the tile above. */
export function tileRoot(hashes: readonly Hash[]): Hash {
  if (hashes.length !== WIDTH) throw new RangeError('Only a full tile has a hash in the level above.');
  return rootOf(hashes);
}

/** What a tile's document holds of it: base64 of its hashes, one after another. */
export const packHashes = (hashes: readonly Hash[]): string => Buffer.concat(hashes).toString('base64');

export function unpackHashes(packed: string): Buffer[] {
  const bytes = Buffer.from(packed, 'base64');
  return Array.from({ length: bytes.length / 32 }, (_, n) => bytes.subarray(n * 32, n * 32 + 32));
}

/** The tiles that a proof reads, besides what the frontier of the tree knows. */
export function tilesRead(
  size: number,
  hasFrontier: boolean,
  prove: (read: SubtreeReader) => unknown,
): TileName[] {
  const known = hasFrontier ? keysOf(size) : new Map<string, number>();
  const tiles = new Map<string, TileName>();
  prove((subtree) => {
    if (!known.has(keyOf(subtree))) {
      const tile = tileOf(subtree, size);
      tiles.set(tileId(tile), tile);
    }
    return NOTHING;
  });
  return [...tiles.values()];
}

const NOTHING = Buffer.alloc(32);

/**
 * Reads subtrees from tiles, and those of the frontier of a tree of this size from there.
 * @param tile the hashes of a tile; a wider one than the tree's size asks for will do
 */
export function tileReader(
  size: number,
  frontier: readonly Hash[],
  tile: (place: TilePlace) => readonly Hash[] | undefined,
): SubtreeReader {
  const known = keysOf(size);
  return (subtree) => {
    const own = frontier[known.get(keyOf(subtree)) ?? -1];
    if (own) return own;
    const { level, index } = tileOf(subtree, size);
    const width = 2 ** (subtree.level % HEIGHT);
    const first = subtree.index * width - index * WIDTH;
    const hashes = tile({ level, index })?.slice(first, first + width);
    if (hashes?.length !== width) throw new RangeError(`Tile ${index} of level ${level} is not there.`);
    return rootOf(hashes);
  };
}

const keyOf = ({ level, index }: Subtree): string => `${level}/${index}`;
const keysOf = (size: number): Map<string, number> =>
  new Map(perfectSubtrees(0, size).map((subtree, place) => [keyOf(subtree), place]));
