import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { dayOf, eventId, partitionKey, partitionsOfDay } from '../../../src/lib/audit/identity';

const parts = fc.tuple(fc.string(), fc.string(), fc.string());

it('gives different parts different ids, however they are cut', () => {
  fc.assert(
    fc.property(parts, parts, (a, b) => {
      expect(eventId(...a) === eventId(...b)).toBe(a.every((part, i) => part === b[i]));
    }),
  );
  fc.assert(
    fc.property(fc.string(), fc.nat(), fc.nat(), (text, m, n) => {
      const cut = (at: number): [string, string, string] => ['t', text.slice(0, at), text.slice(at)];
      const [i, j] = [m % (text.length + 1), n % (text.length + 1)];
      expect(eventId(...cut(i)) === eventId(...cut(j))).toBe(i === j);
    }),
  );
});

it('is the stated formula: base32 of the first 20 bytes of a SHA-256 over length-prefixed parts', () => {
  const bytes = Buffer.from('\0\0\0\x04evt1\0\0\0\x05north\0\0\0\x03hl7\0\0\0\x02m1', 'latin1');
  const digest = createHash('sha256').update(bytes).digest().subarray(0, 20);
  const bits = [...digest].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const expected = (bits.match(/.{5}/g) ?? []).map((five) =>
    'abcdefghijklmnopqrstuvwxyz234567'.charAt(parseInt(five, 2)),
  );
  expect(eventId('north', 'hl7', 'm1')).toBe(expected.join(''));
});

it('puts an event into one of the partitions of its day, evenly', () => {
  const at = '2026-03-05T23:59:59.999Z';
  expect(dayOf(at)).toBe('20260305');
  const all = partitionsOfDay('north', '20260305');
  const counts = new Map(all.map((pk) => [pk, 0]));
  for (let i = 0; i < 4000; i++) {
    const pk = partitionKey('north', at, eventId('north', 'hl7', String(i)));
    counts.set(pk, (counts.get(pk) ?? NaN) + 1);
  }
  expect(counts.size).toBe(8);
  for (const count of counts.values()) expect(Math.abs(count - 500)).toBeLessThan(120);
});
