import fc from 'fast-check';
import { compile, type Progress } from '../../../local/cosmos/sql/compile';
import { SqlError, tokenize } from '../../../local/cosmos/sql/lexer';
import { canonical, compareValues, equalValues } from '../../../local/cosmos/sql/order';
import type { Json, Value } from '../../../local/cosmos/sql/value';

const evaluate = (text: string, documents: Json[] = [], parameters: Record<string, Value> = {}) => [
  ...compile(text).run(documents, new Map(Object.entries(parameters)), 0),
];

const words = [
  ...'SELECT FROM WHERE ORDER BY GROUP TOP DISTINCT VALUE JOIN IN NOT AND OR BETWEEN LIKE ESCAPE EXISTS ARRAY AS OFFSET LIMIT ASC DESC NULL UNDEFINED udf'.split(
    ' ',
  ),
  ...'( ) [ ] { } , . : ? ?? = != < > + - * / % | & ^ || c c.a @p 1 2.5 "s" \'t\' COUNT LOWER SUM'.split(' '),
];

describe('whatever the text, the answer is a query or a SqlError', () => {
  const tries = (text: string) => {
    try {
      evaluate(text, [{ a: 1 }, { a: 'x', b: [1] }], { '@p': 1 });
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
    }
  };
  test('any characters', () => fc.assert(fc.property(fc.string({ unit: 'binary' }), tries)));
  test('any words of the language', () =>
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...words), { maxLength: 25 }), (parts) =>
        tries(`SELECT ${parts.join(' ')}`),
      ),
      { numRuns: 2000 },
    ));
  test.each([
    ['nested parentheses', '('.repeat(50_000)],
    ['nested arrays', '['.repeat(50_000)],
    ['a chain of NOT', 'NOT '.repeat(50_000)],
    ['a chain of minus', '-'.repeat(50_000) + '1'],
    ['a chain of plus', '1' + '+1'.repeat(50_000)],
    ['a chain of members', 'c' + '.a'.repeat(50_000)],
    ['a chain of conditions', '1 ? 1 : '.repeat(50_000)],
    ['nested subqueries', '(SELECT VALUE '.repeat(10_000)],
    ['nested NOT before IN', '1 NOT'.repeat(1000)],
  ])('%s', (_, text) => expect(() => compile(`SELECT VALUE ${text}`)).toThrow(SqlError));
  test('a filter of thousands of alternatives works', () => {
    const text = Array.from({ length: 20_000 }, (_, i) => `c.a = ${i}`).join(' OR ');
    expect(evaluate(`SELECT VALUE c.a FROM c WHERE ${text}`, [{ a: 19_999 }, { a: -1 }])).toEqual([19_999]);
  });
});

test('a quoted string is read back as it was', () =>
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(tokenize(JSON.stringify(text))[0]).toMatchObject({ kind: 'string', value: text });
    }),
  ));

const json = fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>;
const value = fc.option(json, { nil: undefined }) as fc.Arbitrary<Value>;

describe('order of mixed types', () => {
  test('undefined < null < false < true < numbers < strings < arrays < objects', () => {
    const ordered: Value[] = [undefined, null, false, true, -1, 2, 10, '', '10', '2', 'a', [1], { a: 1 }];
    fc.assert(
      fc.property(fc.shuffledSubarray(ordered, { minLength: ordered.length }), (shuffled) => {
        // Array.sort itself puts undefined last and does not ask.
        const sorted = shuffled.map((item) => ({ item })).sort((a, b) => compareValues(a.item, b.item));
        expect(sorted.map(({ item }) => item)).toEqual(ordered);
      }),
    );
  });
  test('it is a total order, and equal means deeply equal', () =>
    fc.assert(
      fc.property(value, value, value, (a, b, c) => {
        expect(Math.sign(compareValues(a, b))).toBe(-Math.sign(compareValues(b, a)) + 0);
        expect(compareValues(a, b) === 0).toBe(equalValues(a, b));
        expect(canonical(a) === canonical(b)).toBe(equalValues(a, b));
        if (compareValues(a, b) <= 0 && compareValues(b, c) <= 0) {
          expect(compareValues(a, c)).toBeLessThanOrEqual(0);
        }
      }),
    ));
});

/** A second, slow evaluator of filters, written from the rules alone. */
type Filter =
  ['cmp', string, string, Json] | ['not', Filter] | ['and' | 'or', Filter, Filter] | ['defined', string];

function naive(filter: Filter, document: Record<string, Json>): boolean | undefined {
  switch (filter[0]) {
    case 'defined':
      return filter[1] in document;
    case 'not': {
      const inner = naive(filter[1], document);
      return inner === undefined ? undefined : !inner;
    }
    case 'and':
    case 'or': {
      const sides = [naive(filter[1], document), naive(filter[2], document)];
      const deciding = filter[0] === 'or';
      if (sides.includes(deciding)) return deciding;
      return sides.includes(undefined) ? undefined : !deciding;
    }
    case 'cmp': {
      const [, name, operator, right] = filter;
      if (!(name in document)) return undefined;
      const left = document[name] as Json;
      if (operator === '=') return left === right;
      if (operator === '!=') return left !== right;
      if (left === null && right === null) return operator.endsWith('=');
      if (left === null || right === null || typeof left !== typeof right) return undefined;
      return { '<': left < right, '<=': left <= right, '>': left > right, '>=': left >= right }[operator];
    }
  }
}

const sql = (filter: Filter): string => {
  switch (filter[0]) {
    case 'defined':
      return `IS_DEFINED(c.${filter[1]})`;
    case 'not':
      return `NOT (${sql(filter[1])})`;
    case 'cmp':
      return `c.${filter[1]} ${filter[2]} ${JSON.stringify(filter[3])}`;
    default:
      return `(${sql(filter[1])} ${filter[0].toUpperCase()} ${sql(filter[2])})`;
  }
};

const scalar = fc.oneof(
  fc.constantFrom<Json>(null, true, false, 'a', 'b', ''),
  fc.integer({ min: -2, max: 2 }),
);
const name = fc.constantFrom('a', 'b', 'c');
const { filter } = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { depthSize: 'small' },
    fc.tuple(fc.constant('cmp' as const), name, fc.constantFrom('=', '!=', '<', '<=', '>', '>='), scalar),
    fc.tuple(fc.constant('defined' as const), name),
    fc.tuple(fc.constant('not' as const), tie('filter')),
    fc.tuple(fc.constantFrom('and' as const, 'or' as const), tie('filter'), tie('filter')),
  ),
}));

test('filters agree with a naive evaluator', () =>
  fc.assert(
    fc.property(
      filter,
      fc.array(fc.dictionary(name, scalar, { noNullPrototype: true }), { maxLength: 6 }),
      (where, documents) => {
        const expected = documents.filter((document) => naive(where, document) === true);
        expect(evaluate(`SELECT * FROM c WHERE ${sql(where)}`, documents)).toEqual(expected);
      },
    ),
    { numRuns: 500 },
  ));

test('GROUP BY and DISTINCT agree with a Map', () =>
  fc.assert(
    fc.property(fc.array(fc.record({ k: scalar, n: fc.integer({ min: -9, max: 9 }) })), (documents) => {
      const sums = new Map<Json, number>();
      for (const { k, n } of documents) sums.set(k, (sums.get(k) ?? 0) + n);
      expect(evaluate('SELECT c.k, SUM(c.n) AS n FROM c GROUP BY c.k', documents)).toEqual(
        [...sums].map(([k, n]) => ({ k, n })),
      );
      expect(evaluate('SELECT DISTINCT VALUE c.k FROM c', documents)).toEqual([...sums.keys()]);
    }),
  ));

test('slices stop early: a page does not read the whole container', () => {
  let read = 0;
  const documents = function* (): Iterable<Json> {
    for (; read < 1000;) yield { n: read++ };
  };
  expect([...compile('SELECT TOP 3 VALUE c.n FROM c').run(documents(), new Map(), 0)]).toEqual([0, 1, 2]);
  expect(read).toBeLessThan(5);
});

test.each<[text: string, path: string[], expected: Value[] | undefined]>([
  ['SELECT * FROM c WHERE c.pk = "a"', ['pk'], ['a']],
  ['SELECT * FROM c WHERE c.n > 1 AND @p = c.pk', ['pk'], ['given']],
  ['SELECT * FROM x WHERE x.a.b = 1', ['a', 'b'], [1]],
  ['SELECT * FROM c WHERE c.pk IN ("a", @p)', ['pk'], ['a', 'given']],
  ['SELECT * FROM c WHERE c.pk IN ("a", c.n)', ['pk'], undefined],
  ['SELECT * FROM c WHERE c.pk = "a" OR c.n = 1', ['pk'], undefined],
  ['SELECT * FROM c WHERE NOT c.pk = "a"', ['pk'], undefined],
  ['SELECT * FROM c WHERE c.a.pk = "a"', ['pk'], undefined],
  ['SELECT * FROM c.sub WHERE sub.pk = "a"', ['pk'], undefined],
])('what a filter limits a property to: %s', (text, path, expected) => {
  expect(compile(text).allowed(path, new Map([['@p', 'given']]))).toEqual(expected);
});

describe('the first rows of a large order, of which only those are kept', () => {
  // More than are gathered at once, in no order, with equal keys among them.
  const documents = Array.from({ length: 5000 }, (_, index) => ({ id: index, key: (index * 7919) % 1237 }));
  const all = evaluate('SELECT VALUE c.id FROM c ORDER BY c.key DESC', documents);
  test.each([
    ['TOP 3', all.slice(0, 3)],
    ['TOP 1500', all.slice(0, 1500)],
    ['TOP 0', []],
  ])('%s', (top, expected) => {
    expect(evaluate(`SELECT ${top} VALUE c.id FROM c ORDER BY c.key DESC`, documents)).toEqual(expected);
  });
  test('OFFSET and LIMIT', () =>
    expect(evaluate('SELECT VALUE c.id FROM c ORDER BY c.key DESC OFFSET 2000 LIMIT 7', documents)).toEqual(
      all.slice(2000, 2007),
    ));
  test('a page asks for no more than it takes, and the next one goes on behind it', () => {
    const query = compile('SELECT VALUE c.id FROM c ORDER BY c.key DESC');
    const rows: Json[] = [];
    let after: Required<Progress>['place'] | undefined;
    for (let page = 0; page < 4; page++) {
      let current = 0;
      const numbered = function* () {
        for (const [index, document] of documents.entries()) {
          current = index + 1;
          yield document;
        }
      };
      const progress: Progress = {
        document: () => current,
        after: after && { ...after, out: rows.length },
        most: 50,
      };
      rows.push(...query.run(numbered(), new Map(), 0, progress));
      after = progress.place;
    }
    expect(rows).toEqual(all.slice(0, 200));
  });
});
