import fc from 'fast-check';
import { events } from '../../support/any-message';
import { checkConversions, strayMarks } from '../../support/check-conversion';
import { fuzzOnce } from '../../support/fuzz';
import { mutate, type Mutation, operatorNames } from '../../support/mutations';
import { convert, msh, oru, pid } from './helpers';

const unit = fc.nat({ max: 999 }).map((n) => n / 1000);
const mutation: fc.Arbitrary<Mutation> = fc.record({
  operator: fc.constantFrom(...operatorNames),
  a: unit,
  b: unit,
});

describe('messages nobody would send', () => {
  test('2,000 of them, of every event, become valid R4 or are refused with a code', () => {
    const counts = { converted: 0, rejected: 0 };
    fc.assert(
      fc.property(fc.nat(), fc.array(mutation, { maxLength: 6 }), (seed, mutations) => {
        const { converted, rejected, findings } = fuzzOnce(seed, mutations);
        counts.converted += converted;
        counts.rejected += rejected;
        expect(findings).toEqual([]);
      }),
      // The same messages in every run, so that a failure belongs to the change at hand; `npm run drill:fuzz` explores.
      { numRuns: 2000, seed: 20261121 },
    );
    // A generator whose messages are mostly refused would prove nothing.
    expect(counts.converted).toBeGreaterThan(counts.rejected);
  });

  test('every event, unspoilt', () => {
    for (let seed = 0; seed < events.length * 4; seed++) expect(fuzzOnce(seed, []).findings).toEqual([]);
  });
});

describe('the check finds what it looks for', () => {
  test('a value of another person', () => {
    const { bundle } = convert(oru('OBX|1|ST|1^x^L||M2X||||||F').map((line) => line.replace('100^', 'M1X^')));
    expect(strayMarks(bundle)).toEqual(['Observation']);
  });

  test('a value of the same person is none', () => {
    const { bundle } = convert(oru('OBX|1|ST|1^x^L||M1X||||||F').map((line) => line.replace('100^', 'M1X^')));
    expect(strayMarks(bundle)).toEqual([]);
  });

  test('a changed prototype', () => {
    const text = [msh('ADT^A01'), pid].join('\r');
    Object.defineProperty(Object.prototype, 'polluted', { value: 1, configurable: true });
    try {
      expect(checkConversions(text).findings).toContain('a prototype was changed');
    } finally {
      Reflect.deleteProperty(Object.prototype, 'polluted');
    }
    expect(checkConversions(text).findings).toEqual([]);
  });
});

test.each(operatorNames)('operator %s changes a message', (operator) => {
  const text = [msh('ADT^A01'), pid, 'NTE|1||first', 'OBX|1|ST|1^x^L||value||||||F'].join('\r');
  const places = [0.1, 0.3, 0.55, 0.8];
  const changed = places.flatMap((a) => places.map((b) => mutate(text, [{ operator, a, b }])));
  expect(changed.some((one) => one !== text)).toBe(true);
});
