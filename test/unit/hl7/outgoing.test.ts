import fc from 'fast-check';
import {
  buildMessage,
  parseMessage,
  type Delimiters,
  type Leaf,
  type OutgoingRepetition,
} from '../../../src/lib/hl7';

const canonical: Delimiters = {
  field: '|',
  component: '^',
  repetition: '~',
  escape: '\\',
  subcomponent: '&',
};
const msh = { name: 'MSH', fields: ['A', undefined, 'B'] };

test('layout: CR line ends, no trailing separators, one kept where a segment is empty', () => {
  const text = buildMessage([
    msh,
    {
      name: 'PID',
      fields: [
        '1',
        undefined,
        [['1', undefined, undefined, ['NS', '1.2', 'ISO']], ['2']],
        undefined,
        null,
        '',
      ],
    },
    { name: 'ZZZ', fields: [] },
    { name: 'NTE', fields: ['1'] },
    { name: 'NTE', fields: ['2', [[]]] },
  ]);
  expect(text).toBe('MSH|^~\\&|A||B\rPID|1||1^^^NS&1.2&ISO~2||""\rZZZ|\rNTE|1\rNTE|2\r');
});

test('one component of subcomponents stays one', () => {
  expect(buildMessage([msh, { name: 'PID', fields: [[[['A', 'B']]]] }])).toBe('MSH|^~\\&|A||B\rPID|A&B\r');
});

test('a name that is no segment name is a fault of the caller', () => {
  expect(() => buildMessage([{ name: '__proto__', fields: [] }])).toThrow(RangeError);
});

const punctuation = [..."!#$%'()*+,-./:;<=>?@[\\]^_`{|}~&"];
const delimiters = fc
  .shuffledSubarray(punctuation, { minLength: 5, maxLength: 6 })
  .map(
    ([
      field = '',
      component = '',
      repetition = '',
      escape = '',
      subcomponent = '',
      truncation,
    ]): Delimiters => ({
      field,
      component,
      repetition,
      escape,
      subcomponent,
      ...(truncation !== undefined && { truncation }),
    }),
  );
const value = fc
  .string({
    unit: fc.oneof(
      fc.constantFrom(...punctuation, '"', '\r', '\n', '\t', 'X', 'F', 'T'),
      fc.string({ minLength: 1, maxLength: 1, unit: 'grapheme' }),
    ),
    maxLength: 12,
  })
  .map((text) => text.replace(/[\0-\x08\x0b\x0c\x0e-\x1f]/g, ''));
const leaf: fc.Arbitrary<Leaf> = fc.oneof(
  { weight: 6, arbitrary: value.map((text) => (text.trim() === '' ? undefined : text)) },
  fc.constantFrom(undefined, null, '""'),
);
const repetition: fc.Arbitrary<OutgoingRepetition> = fc.array(
  fc.oneof(leaf, fc.array(leaf, { maxLength: 3 })),
  { maxLength: 4 },
);
const segment = fc.record({
  name: fc.constantFrom('PID', 'OBX', 'ZPI', 'NTE', 'PV1'),
  fields: fc.array(fc.oneof(leaf, fc.array(repetition, { maxLength: 3 })), { maxLength: 6 }),
});

test('any tree of values built in any delimiters is read back with the same leaves', () => {
  fc.assert(
    fc.property(
      fc.array(segment, { maxLength: 5 }),
      fc.oneof(fc.constant(canonical), delimiters),
      (segments, d) => {
        const text = buildMessage([msh, ...segments], d);
        const message = parseMessage(text);
        expect(message.delimiters).toEqual(d);
        expect(message.segments.map((s) => s.name)).toEqual(['MSH', ...segments.map((s) => s.name)]);
        segments.forEach(({ fields }, i) => {
          const read = message.segments[i + 1];
          fields.forEach((field, f) => {
            const repetitions: readonly OutgoingRepetition[] = Array.isArray(field) ? field : [[field]];
            repetitions.forEach((components, r) =>
              components.forEach((component, c) =>
                (Array.isArray(component) ? component : [component]).forEach((sent, s) => {
                  const rep = read?.field(f + 1).repetitions[r];
                  expect(rep?.get(c + 1, s + 1)).toBe(sent);
                }),
              ),
            );
          });
        });
      },
    ),
    { numRuns: 1000 },
  );
});
