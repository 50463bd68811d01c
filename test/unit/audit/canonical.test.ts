import * as fc from 'fast-check';
import { canonicalJson } from '../../../src/lib/audit/canonical';

const text = fc.string({ unit: 'grapheme' });
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    text,
    tie('list'),
    tie('record'),
  ),
  list: fc.array(tie('value'), { maxLength: 5 }),
  record: fc.dictionary(text, tie('value'), { maxKeys: 6 }).map((record): object => ({ ...record })),
}));

/** The same value with members in another order. */
function reversed(given: unknown): unknown {
  if (Array.isArray(given)) return given.map(reversed);
  if (typeof given !== 'object' || given === null) return given;
  return Object.fromEntries(
    Object.entries(given)
      .reverse()
      .map(([name, member]) => [name, reversed(member)]),
  );
}

it('is JSON of the same value, independent of member order, and stable', () => {
  fc.assert(
    fc.property(value, (given) => {
      const canonical = canonicalJson(given);
      expect(JSON.parse(canonical)).toEqual(JSON.parse(JSON.stringify(given)));
      expect(canonicalJson(reversed(given))).toBe(canonical);
      expect(canonicalJson(JSON.parse(canonical))).toBe(canonical);
    }),
  );
});

it('sorts by UTF-16 code units and escapes as RFC 8785 section 3.2.2 and 3.2.3 show', () => {
  const given = {
    '\u20ac': 'Euro Sign',
    '\r': 'Carriage Return',
    '\ufb33': 'Hebrew Letter Dalet With Dagesh',
    '1': 'One',
    '\ud83d\ude00': 'Emoji: Grinning Face',
    '\u0080': 'Control',
    '\u00f6': 'Latin Small Letter O With Diaeresis',
  };
  expect([...canonicalJson(given).matchAll(/:"([^"]+)"/g)].map(([, name]) => name)).toEqual([
    'Carriage Return',
    'One',
    'Control',
    'Latin Small Letter O With Diaeresis',
    'Euro Sign',
    'Emoji: Grinning Face',
    'Hebrew Letter Dalet With Dagesh',
  ]);
  expect(canonicalJson('\u20ac$\u000f\nA\'\u0042\u0022\u005c\\"/')).toBe('"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"');
  expect(canonicalJson([-0, Number.MAX_SAFE_INTEGER, true, null])).toBe('[0,9007199254740991,true,null]');
});

it('treats an undefined member as absent and a hostile name as a name', () => {
  expect(canonicalJson({ b: undefined, a: 1 })).toBe('{"a":1}');
  expect(canonicalJson(JSON.parse('{"__proto__":1}'))).toBe('{"__proto__":1}');
});

it.each([
  ['NaN', NaN],
  ['infinity', Infinity],
  ['a fraction', 1.5],
  ['an unsafe integer', 2 ** 53],
  ['half a surrogate pair', 'x\ud800'],
  ['half a pair as a name', { '\udc00': 1 }],
  ['undefined in a list', [undefined]],
  ['a date', new Date(0)],
  ['bytes', Buffer.from('x')],
  ['a bigint', 1n],
  ['a function', () => 1],
])('refuses %s and does not quote it', (_, given) => {
  expect(() => canonicalJson({ member: given })).toThrow(
    expect.objectContaining({ code: 'AUDIT_EVENT_INVALID' }) as Error,
  );
});
