import * as fc from 'fast-check';
import {
  consistencyProof,
  createCompactRange,
  inclusionProof,
  leafHash,
  newTiles,
  packHashes,
  rootOf,
  tileId,
  tileReader,
  tileRoot,
  tilesRead,
  unpackHashes,
  verifyConsistency,
  verifyInclusion,
  type SubtreeReader,
  type TileName,
} from '../../../../src/lib/audit/merkle';

const COUNT = 66_000;
const leaves = Array.from({ length: COUNT }, (_, n) => leafHash(Buffer.from(`leaf ${n}`)));
/** All hashes of the levels that tiles hold: 0, 8 and 16. */
const levels = [leaves];
for (let below = leaves; below.length >= 256; below = levels.at(-1) ?? [])
  levels.push(
    Array.from({ length: Math.floor(below.length / 256) }, (_, n) =>
      tileRoot(below.slice(n * 256, n * 256 + 256)),
    ),
  );
const hashesOf = ({ level, index, width }: TileName): Buffer[] =>
  (levels[level] ?? []).slice(index * 256, index * 256 + width);

function treeOf(size: number): { root: Buffer; frontier: readonly Buffer[] } {
  const range = createCompactRange();
  for (const leaf of leaves.slice(0, size)) range.append(leaf);
  return { root: range.root(), frontier: range.frontier() };
}

/** Proves with nothing but the tiles that it says it reads. */
function proveFrom<T>(
  size: number,
  frontier: readonly Buffer[],
  prove: (read: SubtreeReader) => T,
): [T, number] {
  const names = tilesRead(size, frontier.length > 0, prove);
  const tiles = new Map(
    names.map((name) => [`${name.level}/${name.index}`, unpackHashes(packHashes(hashesOf(name)))]),
  );
  expect(names.every((name) => hashesOf(name).length === name.width)).toBe(true);
  return [
    prove(tileReader(size, frontier, ({ level, index }) => tiles.get(`${level}/${index}`))),
    names.length,
  ];
}

const SIZES = [1, 2, 255, 256, 257, 300, 511, 512, 1000, 65_535, 65_536, 65_537, COUNT];

describe('names of tiles', () => {
  it('are those of the example in C2SP tlog-tiles', () => {
    const count = (level: number, isFull: boolean): number[] =>
      newTiles(0, 70_000)
        .filter((tile) => tile.level === level && (tile.width === 256) === isFull)
        .map(({ width }) => width);
    expect([count(0, true).length, count(0, false)]).toEqual([273, [112]]);
    expect([count(1, true).length, count(1, false)]).toEqual([1, [17]]);
    expect([count(2, true).length, count(2, false)]).toEqual([0, [1]]);
    expect(newTiles(0, 256)).toEqual([
      { level: 0, index: 0, width: 256 },
      { level: 1, index: 0, width: 1 },
    ]);
  });

  it('tell a partial tile from the full one', () => {
    expect(tileId({ level: 0, index: 12, width: 256 })).toBe('tile-0-000000000012');
    expect(tileId({ level: 1, index: 0, width: 7 })).toBe('tile-1-000000000000.p-007');
  });

  it('add up: what each step adds is what the tree has, and nothing is named twice', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 3000 }), { maxLength: 12 }), (steps) => {
        let size = 0;
        const names: string[] = [];
        for (const step of steps) {
          names.push(...newTiles(size, size + step).map(tileId));
          size += step;
        }
        expect(new Set(names).size).toBe(names.length);
        expect(
          newTiles(0, size)
            .map(tileId)
            .filter((id) => !names.includes(id)),
        ).toEqual([]);
      }),
    );
  });
});

describe('proofs from tiles', () => {
  it('of inclusion verify, and read one tile of each level besides the checkpoint', () => {
    for (const size of SIZES) {
      const { root, frontier } = treeOf(size);
      for (const index of [0, 1, 255, 256, 65_535, size >> 1, size - 2, size - 1]) {
        if (index < 0 || index >= size) continue;
        const [path, reads] = proveFrom(size, frontier, (read) => inclusionProof(index, size, read));
        expect(verifyInclusion(leaves[index] ?? root, index, size, path, root)).toBe(true);
        expect(reads).toBeLessThanOrEqual(3);
      }
    }
  });

  it('of consistency verify, without a frontier too', () => {
    const trees = SIZES.map((size) => ({ size, ...treeOf(size) }));
    for (const older of trees)
      for (const newer of trees.filter(({ size }) => size >= older.size))
        for (const frontier of [newer.frontier, []]) {
          const [path] = proveFrom(newer.size, frontier, (read) =>
            consistencyProof(older.size, newer.size, read),
          );
          expect(verifyConsistency(older.size, newer.size, path, older.root, newer.root)).toBe(true);
        }
  });

  it('are not made from tiles that lack a hash', () => {
    const read = tileReader(300, [], () => leaves.slice(0, 3));
    expect(() => inclusionProof(0, 300, read)).toThrow('Tile 1 of level 0 is not there.');
    expect(() =>
      inclusionProof(
        0,
        300,
        tileReader(300, [], () => undefined),
      ),
    ).toThrow(RangeError);
  });

  it('have no hash of a partial tile in the level above', () => {
    expect(tileRoot(leaves.slice(0, 256))).toEqual(rootOf(leaves.slice(0, 256)));
    expect(() => tileRoot(leaves.slice(0, 255))).toThrow(RangeError);
  });

  it('know places beyond 32 bits', () => {
    const size = 2 ** 40 + 5;
    const names = tilesRead(size, true, (read) => inclusionProof(2 ** 33 + 7, size, read));
    expect(names.map(({ level, index }) => [level, index])).toEqual(
      expect.arrayContaining([
        [0, 2 ** 25],
        [1, 2 ** 17],
        [2, 2 ** 9],
        [3, 2],
        [4, 0],
      ]),
    );
  });
});
