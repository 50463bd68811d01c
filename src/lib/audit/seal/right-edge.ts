import { newTiles, packHashes, rootOf, tileRoot, type Hash, type TileName } from '../merkle';
import { tileId, type Leaf, type TileDocument } from './documents';

/** Hashes that a tile holds, as C2SP tlog-tiles has them. */
const WIDTH = 256;

/** The tiles at the end of a tree that are not full, one per level: what has to be read to go on. */
export function partialTiles(size: number): TileName[] {
  const tiles: TileName[] = [];
  for (let level = 0, count = size; count > 0; level += 1, count = Math.floor(count / WIDTH))
    if (count % WIDTH > 0) tiles.push({ level, index: Math.floor(count / WIDTH), width: count % WIDTH });
  return tiles;
}

/** The frontier of a tree from its partial tiles, which tells whether they belong to it. */
export function frontierOf(partial: readonly (readonly Hash[])[]): Hash[] {
  return [...partial].reverse().flatMap((hashes) => {
    const roots: Hash[] = [];
    for (let [at, width] = [0, WIDTH / 2]; width >= 1; width /= 2) {
      if ((hashes.length & width) === 0) continue;
      roots.push(rootOf(hashes.slice(at, at + width)));
      at += width;
    }
    return roots;
  });
}

export interface Edge {
  readonly hashes: readonly Hash[];
  /** Level 0 only. */
  readonly ids?: readonly string[];
}

/** The tiles that a tree of `size` leaves gains by more leaves. `edges` are its partial tiles by their level. */
export function tilesAfter(
  pk: string,
  size: number,
  edges: ReadonlyMap<number, Edge>,
  leaves: readonly Leaf[],
): TileDocument[] {
  // Per level: the hashes from the beginning of its partial tile on.
  const levels: Hash[][] = [];
  const at = (level: number): Hash[] => (levels[level] ??= [...(edges.get(level)?.hashes ?? [])]);
  const put = (level: number, hash: Hash): void => {
    const hashes = at(level);
    hashes.push(hash);
    if (hashes.length % WIDTH === 0) put(level + 1, tileRoot(hashes.slice(-WIDTH)));
  };
  for (const { hash } of leaves) put(0, Buffer.from(hash, 'hex'));
  const ids = [...(edges.get(0)?.ids ?? []), ...leaves.map(({ id }) => id)];

  return newTiles(size, size + leaves.length).map((name) => {
    const { level, index, width } = name;
    const before = Math.floor(Math.floor(size / WIDTH ** level) / WIDTH);
    const from = (index - before) * WIDTH;
    const tile = { id: tileId(name), pk, kind: 'tile' as const, v: 1 as const, level, index, width };
    const hashes = packHashes(at(level).slice(from, from + width));
    return level === 0 ? { ...tile, hashes, ids: ids.slice(from, from + width) } : { ...tile, hashes };
  });
}
