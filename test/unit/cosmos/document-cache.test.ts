import { DocumentCache } from '../../../local/cosmos/document-cache';

const body = (n: number) => JSON.stringify({ n, filler: 'x'.repeat(90) });
const size = body(0).length;

test('it stays within its bound and drops what was used longest ago', () => {
  const cache = new DocumentCache(size * 3);
  const first = cache.parse(1, 1, body(1), true);
  for (const n of [2, 3]) cache.parse(1, n, body(n), true);
  expect(cache.parse(1, 1, body(1), true)).toBe(first);
  cache.parse(1, 4, body(4), true);
  expect(cache.textBytes).toBeLessThanOrEqual(size * 3);
  expect(cache.parse(1, 1, body(1), true)).toBe(first);
  for (let n = 5; n < 500; n++) cache.parse(1, n, body(n), true);
  expect(cache.textBytes).toBeLessThanOrEqual(size * 3);
  expect(cache.parse(1, 1, body(1), true)).not.toBe(first);
});

test('no more documents are kept than its bound has room for', () => {
  const cache = new DocumentCache(size * 3);
  const documents = Array.from({ length: 200 }, (_, n) => cache.parse(1, 100 + n, body(100 + n), true));
  const isKept = documents.map((document, n) => cache.parse(1, 100 + n, body(100 + n), false) === document);
  expect(isKept.filter(Boolean).length).toBeLessThanOrEqual(3);
  expect(isKept.at(-1)).toBe(true);
});

test('a query over everything fills what is free and drives nothing out', () => {
  const cache = new DocumentCache(size * 2);
  const kept = cache.parse(1, 1, body(1), true);
  for (let n = 2; n < 100; n++) cache.parse(1, n, body(n), false);
  expect(cache.parse(1, 1, body(1), false)).toBe(kept);
});

test('versions of two containers are not mixed up; after clear nothing is known', () => {
  const cache = new DocumentCache();
  const first = cache.parse(1, 1, '{"a":1}', true);
  expect(cache.parse(2, 1, '{"a":2}', true)).toEqual({ a: 2 });
  cache.clear();
  expect(cache.parse(1, 1, '{"a":3}', true)).not.toBe(first);
  expect(cache.textBytes).toBe(7);
});
