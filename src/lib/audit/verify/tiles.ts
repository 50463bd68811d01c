import { newTiles, rootOf, tileId } from '../merkle';
import type { Findings } from './findings';
import type { LeafTable } from './leaf-table';
import { asTile, idOf, type TileDocument } from './log-documents';
import type { Pages } from './types';

const WIDTH = 256;
const HASH_BYTES = 32;

interface Log {
  readonly year: string;
  readonly pk: string;
  /** A tile that was written so lately may belong to leaves that were not there yet when they were read. */
  readonly isRecent: (instant: number) => boolean;
}

export interface TiledLeaf {
  readonly tile: string;
  readonly id: string;
  readonly hash: Buffer;
}

export interface Tiles {
  /** What tiles of level 0 say otherwise than the segments, or where the segments have a hole. */
  readonly otherwise: ReadonlyMap<number, readonly TiledLeaf[]>;
  /** The next tile of a level above 0, once those of level 0 are through. */
  above(): AsyncIterable<TileDocument>;
  /** Those that must be there for a tree of this size, and are not. */
  absent(size: number): string[];
}

/**
 * Reads level 0 against the segments, and keeps the levels above for when it is known which leaves are the signed
 * ones: ids sort by level.
 */
export async function readTiles(
  pages: Pages,
  log: Log,
  leaves: LeafTable,
  findings: Findings,
): Promise<Tiles> {
  const seen = new Set<string>();
  const tiles = tilesOf(pages, log, findings, seen);
  const otherwise = new Map<number, TiledLeaf[]>();
  let read = await tiles.next();
  for (; !read.done && read.value.level === 0; read = await tiles.next()) {
    const { level, index, width, hashes, ids = [], writtenAt } = read.value;
    const tile = tileId({ level, index, width });
    if (index * WIDTH + width > leaves.length) {
      if (!log.isRecent(writtenAt)) findings.add('tiles', 'extra', `${log.year}/${tile}`);
      continue;
    }
    ids.forEach((id, i) => {
      const at = index * WIDTH + i;
      const hash = hashes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES);
      if (leaves.has(at) && leaves.id(at) === id && leaves.hash(at).equals(hash)) return;
      otherwise.set(at, [...(otherwise.get(at) ?? []), { tile, id, hash }]);
    });
  }
  let first = read;
  return {
    otherwise,
    async *above() {
      for (; !first.done; first = await tiles.next()) yield first.value;
    },
    absent: (size) =>
      newTiles(0, size)
        .map(tileId)
        .filter((name) => !seen.has(name)),
  };
}

async function* tilesOf(
  pages: Pages,
  { year, pk }: Log,
  findings: Findings,
  seen: Set<string>,
): AsyncGenerator<TileDocument> {
  for await (const page of pages) {
    for (const candidate of page) {
      const tile = asTile(candidate, pk);
      seen.add(idOf(candidate));
      if (tile) yield tile;
      else findings.add('tiles', 'modified', `${year}/${idOf(candidate)}`);
    }
  }
}

/** Every hash above level 0 follows from the leaves: 256 of a level make one of the next. */
export async function checkUpperTiles(
  { above }: Tiles,
  { year, isRecent }: Log,
  leaves: LeafTable,
  { isProven }: { isProven(index: number): boolean },
  findings: Findings,
): Promise<void> {
  const levels: ((index: number) => Buffer | undefined)[] = [
    (index) => (isProven(index) ? leaves.hash(index) : undefined),
  ];
  const upTo = (level: number): ((index: number) => Buffer | undefined) => {
    const known = levels[level];
    if (known) return known;
    const below = upTo(level - 1);
    const made = new Map<number, Buffer | undefined>();
    return (levels[level] = (index) => {
      if (!made.has(index)) made.set(index, rootOfParts(below, index));
      return made.get(index);
    });
  };
  for await (const { level, index, width, hashes, writtenAt } of above()) {
    const hashAt = upTo(level);
    const name = `${year}/${tileId({ level, index, width })}`;
    for (let i = 0; i < width; i++) {
      const at = index * WIDTH + i;
      if ((at + 1) * WIDTH ** level > leaves.length) {
        if (!isRecent(writtenAt)) findings.add('tiles', 'extra', name);
        break;
      }
      const hash = hashAt(at);
      if (hash && !hash.equals(hashes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES)))
        findings.add('tiles', 'modified', name);
    }
  }
}

/** Undefined where a leaf is not proven. */
function rootOfParts(part: (index: number) => Buffer | undefined, index: number): Buffer | undefined {
  const parts: Buffer[] = [];
  for (let i = index * WIDTH; i < (index + 1) * WIDTH; i++) {
    const hash = part(i);
    if (!hash) return undefined;
    parts.push(hash);
  }
  return rootOf(parts);
}
