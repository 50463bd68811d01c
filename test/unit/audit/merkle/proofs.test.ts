import * as fc from 'fast-check';
import {
  consistencyProof,
  createCompactRange,
  EMPTY_ROOT,
  inclusionProof,
  leafHash,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from '../../../../src/lib/audit/merkle';
import { mth, path, proof } from './rfc6962';
import { flipped, leavesOf, readerOf, replaced } from './trees';

const MAX = 128;
const all = leavesOf(MAX);
const leaves = all.map(leafHash);
const read = readerOf(all);
const roots = Array.from({ length: MAX + 1 }, (_, size) => mth(all.slice(0, size)));
const leafAt = (index: number): Buffer => leaves[index] ?? EMPTY_ROOT;
const rootAt = (size: number): Buffer => roots[size] ?? EMPTY_ROOT;

const sizes = Array.from({ length: MAX }, (_, n) => n + 1);
const indexed = sizes.flatMap((size) =>
  Array.from({ length: size }, (_, index): [number, number] => [index, size]),
);
const grown = indexed.map(([index, size]): [number, number] => [index + 1, size]);
const bits = Array.from({ length: 256 }, (_, bit) => bit);

/** Every input that fails to fail, for a message that says which. */
const failures = <T>(cases: readonly T[], isRight: (one: T) => boolean): T[] =>
  cases.filter((one) => !isRight(one));

describe('hashing', () => {
  it('has the constants that everybody knows', () => {
    // SHA-256 of nothing, and of one zero byte.
    expect(EMPTY_ROOT.toString('hex')).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
    expect(leafHash(Buffer.alloc(0)).toString('hex')).toBe(
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    );
  });

  it('grows every tree to the root of the definition', () => {
    const range = createCompactRange();
    const found = [range.root(), ...leaves.map((leaf) => (range.append(leaf), range.root()))];
    expect(found).toEqual(roots);
    expect(rootOf(leaves)).toEqual(rootAt(MAX));
  });

  it('goes on from a frontier as if it had never stopped', () => {
    fc.assert(
      fc.property(fc.nat({ max: MAX }), fc.nat({ max: MAX }), (one, other) => {
        const [from, to] = [Math.min(one, other), Math.max(one, other)];
        const before = createCompactRange();
        for (const leaf of leaves.slice(0, from)) before.append(leaf);
        const after = createCompactRange(before.size, before.frontier());
        for (const leaf of leaves.slice(from, to)) after.append(leaf);
        expect([after.size, after.root()]).toEqual([to, rootAt(to)]);
      }),
    );
  });

  it('takes no frontier of another size', () => {
    expect(() => createCompactRange(3, [leafAt(0)])).toThrow(RangeError);
    expect(() => createCompactRange(0, [leafAt(0)])).toThrow(RangeError);
  });
});

describe(`inclusion proofs of every leaf of every tree up to ${MAX}`, () => {
  const check = (
    index: number,
    size: number,
    hashes: readonly Buffer[],
    leaf = leafAt(index),
    root = rootAt(size),
  ) => verifyInclusion(leaf, index, size, hashes, root);

  it('are those of the definition, and verify', () => {
    for (const [index, size] of indexed)
      if (size % 16 < 3) expect(inclusionProof(index, size, read)).toEqual(path(index, all.slice(0, size)));
    expect(
      failures(indexed, ([index, size]) => check(index, size, inclusionProof(index, size, read))),
    ).toEqual([]);
  });

  it('verify for no other index, size, leaf, root or length', () => {
    const wrong = failures(indexed, ([index, size]) => {
      const hashes = inclusionProof(index, size, read);
      const bit = (index * 31 + size) % 256;
      const others = sizes.filter((other) => other % 31 === (index + size) % 31);
      return !(
        others.some(
          (other) =>
            other - 1 !== index && verifyInclusion(leafAt(index), other - 1, size, hashes, rootAt(size)),
        ) ||
        others.some((other) => other !== size && check(index, other, hashes)) ||
        hashes.some((hash, n) => check(index, size, replaced(hashes, n, flipped(hash, bit)))) ||
        check(index, size, hashes, flipped(leafAt(index), bit)) ||
        check(index, size, hashes, leafAt(index), flipped(rootAt(size), bit)) ||
        check(index, size, [...hashes, rootAt(size)]) ||
        (size > 1 && check(index, size, hashes.slice(1))) ||
        (size > 1 && check(index, size, hashes.slice(0, -1)))
      );
    });
    expect(wrong).toEqual([]);
  });

  it('fail for every single flipped bit', () => {
    const small = indexed.filter(([, size]) => size <= 9 || size === 21);
    const wrong = failures(small, ([index, size]) => {
      const hashes = inclusionProof(index, size, read);
      return !bits.some(
        (bit) =>
          hashes.some((hash, n) => check(index, size, replaced(hashes, n, flipped(hash, bit)))) ||
          check(index, size, hashes, flipped(leafAt(index), bit)) ||
          check(index, size, hashes, leafAt(index), flipped(rootAt(size), bit)),
      );
    });
    expect(wrong).toEqual([]);
  });

  it('are not made and not accepted where there is no leaf', () => {
    for (const [index, size] of [
      [0, 0],
      [5, 5],
      [-1, 3],
      [0.5, 3],
      [Number.NaN, 3],
      [0, Infinity],
    ] as const) {
      expect(() => inclusionProof(index, size, read)).toThrow(RangeError);
      expect(verifyInclusion(leafAt(0), index, size, [], leafAt(0))).toBe(false);
    }
  });

  it('ask for whole hashes', () => {
    expect(verifyInclusion(leafAt(0), 0, 1, [], leafAt(0))).toBe(true);
    expect(verifyInclusion(Buffer.alloc(0), 0, 1, [], Buffer.alloc(0))).toBe(false);
    // The node's hash is over the two together: where the first ends must not be the prover's choice.
    const [left, right] = [leafAt(0), leafAt(1)];
    const shifted = Buffer.concat([right, left.subarray(31)]);
    expect(verifyInclusion(left.subarray(0, 31), 0, 2, [shifted], rootAt(2))).toBe(false);
  });
});

describe(`consistency proofs of every pair of trees up to ${MAX}`, () => {
  const check = (
    from: number,
    to: number,
    hashes: readonly Buffer[],
    older = rootAt(from),
    newer = rootAt(to),
  ) => verifyConsistency(from, to, hashes, older, newer);

  it('are those of the definition, and verify', () => {
    for (const [from, to] of grown)
      if (to % 16 < 3) expect(consistencyProof(from, to, read)).toEqual(proof(from, all.slice(0, to)));
    expect(failures(grown, ([from, to]) => check(from, to, consistencyProof(from, to, read)))).toEqual([]);
  });

  it('verify for no other size, root or length', () => {
    const wrong = failures(grown, ([from, to]) => {
      const hashes = consistencyProof(from, to, read);
      const bit = (from * 31 + to) % 256;
      const others = sizes.filter((other) => other % 31 === (from + to) % 31);
      return !(
        others.some((other) => other !== from && check(other, to, hashes)) ||
        others.some((other) => other !== to && check(from, other, hashes)) ||
        others.some((other) => other !== from && check(other, to, hashes, rootAt(from))) ||
        hashes.some((hash, n) => check(from, to, replaced(hashes, n, flipped(hash, bit)))) ||
        check(from, to, hashes, flipped(rootAt(from), bit)) ||
        check(from, to, hashes, rootAt(from), flipped(rootAt(to), bit)) ||
        check(from, to, [...hashes, rootAt(to)]) ||
        (from < to && check(from, to, hashes.slice(1))) ||
        (from < to && check(from, to, hashes.slice(0, -1)))
      );
    });
    expect(wrong).toEqual([]);
  });

  it('fail for every single flipped bit', () => {
    const small = grown.filter(([, to]) => to <= 9 || to === 21);
    const wrong = failures(small, ([from, to]) => {
      const hashes = consistencyProof(from, to, read);
      return !bits.some(
        (bit) =>
          hashes.some((hash, n) => check(from, to, replaced(hashes, n, flipped(hash, bit)))) ||
          check(from, to, hashes, flipped(rootAt(from), bit)) ||
          check(from, to, hashes, rootAt(from), flipped(rootAt(to), bit)),
      );
    });
    expect(wrong).toEqual([]);
  });

  it('say nothing about a tree without leaves, nor about a smaller one', () => {
    for (const [from, to] of [
      [0, 0],
      [0, 3],
      [4, 3],
      [1.5, 3],
      [-1, 3],
      [1, Number.NaN],
    ] as const) {
      expect(() => consistencyProof(from, to, read)).toThrow(RangeError);
      expect(verifyConsistency(from, to, [], EMPTY_ROOT, EMPTY_ROOT)).toBe(false);
    }
  });

  it('see another history of the same length', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: MAX }), fc.nat(), fc.nat(), (to, one, other) => {
        const from = 1 + (one % (to - 1));
        const changed = replaced(all, other % from, Buffer.from('changed'));
        const hashes = consistencyProof(from, to, readerOf(changed));
        expect(check(from, to, hashes, rootAt(from), mth(changed.slice(0, to)))).toBe(false);
      }),
    );
  });
});
