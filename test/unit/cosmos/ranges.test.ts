import fc from 'fast-check';
import { effectiveKey } from '../../../local/cosmos/hashing';
import { common, contains, equalRanges, split, wholeSpan } from '../../../local/cosmos/ranges';

test('equal ranges, split any number of times, hold every key exactly once', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.array(fc.nat(), { maxLength: 12 }),
      fc.string(),
      (n, splits, key) => {
        let ranges = equalRanges(n);
        for (const at of splits) ranges = split(ranges, ranges[at % ranges.length]?.id ?? '');
        expect(new Set(ranges.map(({ id }) => id)).size).toBe(n + splits.length);
        const epk = effectiveKey([key], false);
        expect(ranges.filter((range) => contains(range, epk))).toHaveLength(1);
        expect([ranges[0]?.min, ranges.at(-1)?.max]).toEqual(['', 'FF']);
      },
    ),
  );
});

test('ids are never used again', () => {
  const once = split(equalRanges(2), '1');
  expect(once.map(({ id }) => id)).toEqual(['0', '2', '3']);
  expect(split(once, '3').map(({ id, parents }) => [id, parents])).toEqual([
    ['0', []],
    ['2', ['1']],
    ['4', ['1', '3']],
    ['5', ['1', '3']],
  ]);
});

test('what spans have in common', () => {
  expect(common(wholeSpan, { min: '1', max: '2' })).toEqual({ min: '1', max: '2' });
  expect(common({ min: '1', max: '3' }, { min: '2', max: '4' })).toEqual({ min: '2', max: '3' });
  expect(common({ min: '1', max: '2' }, { min: '2', max: '3' })).toBeUndefined();
});
