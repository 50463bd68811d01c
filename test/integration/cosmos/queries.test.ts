import type { Container, JSONValue, SqlParameter } from '@azure/cosmos';
import { startAccount, statusOf, type Account } from './account';

let account: Account;
let container: Container;

const documents = [
  {
    id: '1',
    pk: 'a',
    name: 'Anna Ott',
    age: 34,
    score: 1.5,
    active: true,
    tags: ['x', 'y'],
    home: { city: 'Bern', zip: 3000 },
    visits: [
      { ward: 'ICU', days: 2 },
      { ward: 'ER', days: 1 },
    ],
    at: '2026-03-01T10:00:00.0000000Z',
  },
  {
    id: '2',
    pk: 'a',
    name: 'ben 50%',
    age: 20,
    score: -2.5,
    active: false,
    tags: ['y'],
    home: { city: 'Basel' },
  },
  {
    id: '3',
    pk: 'a',
    name: 'Cora_x',
    age: null,
    tags: [],
    visits: [{ ward: 'ICU', days: 5 }],
    at: '2026-04-15',
  },
  { id: '4', pk: 'b', name: 'Dora', age: '34', mixed: { b: 1, a: [1, { c: null }] }, ['odd name']: 7 },
  { id: '5', pk: 'b', name: 'Emil', age: 34, score: 4, home: { city: 'Bern' }, order: 1 },
];

beforeAll(async () => {
  account = await startAccount();
  container = await account.container({
    indexingPolicy: {
      compositeIndexes: [
        [
          { path: '/pk', order: 'descending' },
          { path: '/id', order: 'ascending' },
        ],
      ],
    },
  });
  for (const document of documents) await container.items.create({ ...document });
});
afterAll(() => account.stop());

async function query(text: string, parameters: readonly SqlParameter[] = [], options = {}) {
  const { resources } = await container.items
    .query({ query: text, parameters: [...parameters] }, options)
    .fetchAll();
  return resources as unknown[];
}

const p = (name: string, value: JSONValue) => ({ name, value });

const cases: [text: string, expected: unknown[], parameters?: SqlParameter[]][] = [
  // Projections
  ['SELECT c.id, c.home.city FROM c WHERE c.id = "1"', [{ id: '1', city: 'Bern' }]],
  ['SELECT c.id AS key, c.home.city town FROM c WHERE c.id = "1"', [{ key: '1', town: 'Bern' }]],
  ['SELECT c["odd name"], c.name FROM c WHERE c.id = "4"', [{ 'odd name': 7, name: 'Dora' }]],
  ['SELECT c.age + 1, c.age * 2 FROM c WHERE c.id = "2"', [{ $1: 21, $2: 40 }]],
  ['SELECT VALUE { n: c.name, s: [c.score, c.none] } FROM c WHERE c.id = "2"', [{ n: 'ben 50%', s: [-2.5] }]],
  ['SELECT VALUE c.none FROM c', []],
  ['SELECT c.none FROM c WHERE c.id = "1"', [{}]],
  ['SELECT VALUE c.tags[1] FROM c WHERE c.id = "1"', ['y']],
  ['SELECT VALUE c["home"]["city"] FROM c WHERE c.id = "2"', ['Basel']],
  ['SELECT VALUE root.id FROM root WHERE root.id = "1"', ['1']],
  ['select value f.id from Families f where f.id = "1"', ['1']],
  ['SELECT c.order FROM c WHERE c["order"] = 1', [{ order: 1 }]],
  ['SELECT VALUE 1', [1]],
  ['SELECT VALUE "it\'s \\"q\\" \\u0041"', ['it\'s "q" A']],
  ['SELECT VALUE c.id -- a comment\nFROM c WHERE c.id = "1"', ['1']],
  ['SELECT VALUE -2 + 3 * 4 - 6 / 2', [7]],
  ['SELECT VALUE (1 + 2) * 3 % 5', [4]],
  ['SELECT VALUE "a" || "b"', ['ab']],
  ['SELECT VALUE 6 & 3 | 8', [10]],
  // undefined and null
  ['SELECT VALUE c.id FROM c WHERE c.score > 0', ['1', '5']],
  ['SELECT VALUE c.id FROM c WHERE NOT (c.score > 0)', ['2']],
  ['SELECT VALUE c.id FROM c WHERE c.age = null', ['3']],
  ['SELECT VALUE c.id FROM c WHERE c.age != null', ['1', '2', '4', '5']],
  ['SELECT VALUE c.id FROM c WHERE c.score != 4', ['1', '2']],
  ['SELECT VALUE c.id FROM c WHERE c.age > 30', ['1', '5']],
  ['SELECT VALUE c.id FROM c WHERE c.age >= "3"', ['4']],
  ['SELECT VALUE c.id FROM c WHERE c.none = 1 OR c.id = "1"', ['1']],
  ['SELECT VALUE c.id FROM c WHERE c.none = 1 AND c.id = "1"', []],
  ['SELECT VALUE c.id FROM c WHERE c.none', []],
  ['SELECT VALUE c.id FROM c WHERE c.active', ['1']],
  ['SELECT VALUE c.id FROM c WHERE c.none = undefined', []],
  ['SELECT VALUE c.id FROM c WHERE IS_DEFINED(c.score) = false', ['3', '4']],
  ['SELECT VALUE c.score ?? "none" FROM c WHERE c.pk = "b"', ['none', 4]],
  ['SELECT VALUE c.active ? "on" : "off" FROM c WHERE c.pk = "a"', ['on', 'off', 'off']],
  ['SELECT VALUE 1 / 0', []],
  ['SELECT VALUE "a" + 1', []],
  ['SELECT VALUE c.id FROM c WHERE c.mixed = { a: [1, { c: null }], b: 1 }', ['4']],
  // IN, BETWEEN, LIKE
  ['SELECT VALUE c.id FROM c WHERE c.id IN ("1", "5", 3)', ['1', '5']],
  ['SELECT VALUE c.id FROM c WHERE c.id NOT IN ("1", "5")', ['2', '3', '4']],
  ['SELECT VALUE c.id FROM c WHERE c.score BETWEEN -3 AND 1.5', ['1', '2']],
  ['SELECT VALUE c.id FROM c WHERE c.name LIKE "%a"', ['4']],
  ['SELECT VALUE c.id FROM c WHERE c.name LIKE "_ora"', ['4']],
  ['SELECT VALUE c.id FROM c WHERE c.name LIKE "[A-C]%"', ['1', '3']],
  ['SELECT VALUE c.id FROM c WHERE c.name LIKE "[^A-C]%"', ['2', '4', '5']],
  ['SELECT VALUE c.id FROM c WHERE c.name LIKE "%50!%" ESCAPE "!"', ['2']],
  ['SELECT VALUE c.id FROM c WHERE c.name LIKE "%!_%" ESCAPE "!"', ['3']],
  ['SELECT VALUE c.id FROM c WHERE c.name NOT LIKE "%a%"', ['2', '5']],
  // Parameters
  ['SELECT VALUE c.id FROM c WHERE c.age = @age', ['1', '5'], [p('@age', 34)]],
  ['SELECT VALUE c.id FROM c WHERE ARRAY_CONTAINS(@ids, c.id)', ['2', '3'], [p('@ids', ['2', '3'])]],
  ['SELECT TOP @n VALUE c.id FROM c', ['1', '2'], [p('@n', 2)]],
  ['SELECT VALUE c.id FROM c OFFSET @o LIMIT @l', ['2', '3'], [p('@o', 1), p('@l', 2)]],
  ['SELECT VALUE @o.a[0]', [5], [p('@o', { a: [5] })]],
  // Order and slices
  ['SELECT VALUE c.id FROM c ORDER BY c.name', ['1', '3', '4', '5', '2']],
  ['SELECT VALUE c.id FROM c ORDER BY c.pk DESC, c.id ASC', ['4', '5', '1', '2', '3']],
  ['SELECT VALUE c.id FROM c WHERE c.pk = "a" ORDER BY c.score', ['3', '2', '1']],
  ['SELECT VALUE c.age FROM c ORDER BY c.age', [null, 20, 34, 34, '34']],
  ['SELECT TOP 1 VALUE c.id FROM c ORDER BY c.id DESC', ['5']],
  ['SELECT VALUE c.id FROM c ORDER BY c.id OFFSET 3 LIMIT 9', ['4', '5']],
  ['SELECT DISTINCT VALUE c.pk FROM c', ['a', 'b']],
  ['SELECT DISTINCT c.home.city FROM c', [{ city: 'Bern' }, { city: 'Basel' }, {}]],
  ['SELECT DISTINCT TOP 1 VALUE c.pk FROM c', ['a']],
  ['SELECT TOP 0 VALUE c.id FROM c', []],
  // Sources
  ['SELECT VALUE t FROM c JOIN t IN c.tags', ['x', 'y', 'y']],
  [
    'SELECT c.id, v.ward FROM c JOIN v IN c.visits WHERE v.days > 1',
    [
      { id: '1', ward: 'ICU' },
      { id: '3', ward: 'ICU' },
    ],
  ],
  [
    'SELECT VALUE { t: t, w: v.ward } FROM c JOIN t IN c.tags JOIN v IN c.visits WHERE t = "x"',
    [
      { t: 'x', w: 'ICU' },
      { t: 'x', w: 'ER' },
    ],
  ],
  ['SELECT VALUE v.days FROM v IN c.visits', [2, 1, 5]],
  ['SELECT * FROM c.home', [{ city: 'Bern', zip: 3000 }, { city: 'Basel' }, { city: 'Bern' }]],
  ['SELECT VALUE z FROM c.home.zip z', [3000]],
  ['SELECT VALUE s.id FROM (SELECT c.id FROM c WHERE c.pk = "b") s', ['4', '5']],
  [
    'SELECT c.id, w FROM c JOIN (SELECT VALUE v.ward FROM v IN c.visits WHERE v.days = 1) w',
    [{ id: '1', w: 'ER' }],
  ],
  ['SELECT VALUE n FROM c JOIN (SELECT VALUE COUNT(1) FROM t IN c.tags) n WHERE c.pk = "a"', [2, 1, 0]],
  // Subqueries
  [
    'SELECT VALUE c.id FROM c WHERE EXISTS(SELECT VALUE v FROM v IN c.visits WHERE v.ward = "ICU")',
    ['1', '3'],
  ],
  ['SELECT VALUE c.id FROM c WHERE NOT EXISTS(SELECT VALUE v FROM v IN c.visits)', ['2', '4', '5']],
  [
    'SELECT VALUE ARRAY(SELECT VALUE v.days FROM v IN c.visits WHERE v.days > 1) FROM c WHERE c.id = "1"',
    [[2]],
  ],
  [
    'SELECT c.id, (SELECT VALUE SUM(v.days) FROM v IN c.visits) AS days FROM c WHERE c.id = "1"',
    [{ id: '1', days: 3 }],
  ],
  // Aggregates
  ['SELECT VALUE COUNT(1) FROM c', [5]],
  ['SELECT VALUE COUNT(c.score) FROM c', [3]],
  ['SELECT COUNT(1) AS n, MAX(c.score) AS best FROM c', [{ n: 5, best: 4 }]],
  ['SELECT COUNT(1) FROM c WHERE c.pk = "b"', [{ $1: 2 }]],
  ['SELECT VALUE SUM(c.score) FROM c', [3]],
  ['SELECT VALUE AVG(c.score) FROM c', [1]],
  ['SELECT VALUE MIN(c.score) FROM c', [-2.5]],
  ['SELECT VALUE MAX(c.name) FROM c', ['ben 50%']],
  ['SELECT VALUE SUM(c.age) FROM c', []],
  ['SELECT VALUE COUNT(1) FROM c WHERE c.id = "none"', [0]],
  ['SELECT VALUE MAX(c.score) FROM c WHERE c.id = "none"', []],
  [
    'SELECT c.pk, COUNT(1) AS n FROM c GROUP BY c.pk',
    [
      { pk: 'a', n: 3 },
      { pk: 'b', n: 2 },
    ],
  ],
  [
    'SELECT c.home.city, AVG(c.score) AS s FROM c WHERE IS_DEFINED(c.home) GROUP BY c.home.city',
    [
      { city: 'Bern', s: 2.75 },
      { city: 'Basel', s: -2.5 },
    ],
  ],
  [
    'SELECT VALUE { k: c.pk, n: COUNT(1) * 10 } FROM c GROUP BY c.pk',
    [
      { k: 'a', n: 30 },
      { k: 'b', n: 20 },
    ],
  ],
  [
    'SELECT LOWER(c.pk) AS k, SUM(c.score) AS s FROM c GROUP BY LOWER(c.pk)',
    [
      { k: 'a', s: -1 },
      { k: 'b', s: 4 },
    ],
  ],
  ['SELECT c.pk FROM c GROUP BY c.pk', [{ pk: 'a' }, { pk: 'b' }]],
  // Strings
  ['SELECT VALUE c.id FROM c WHERE CONTAINS(c.name, "OTT", true)', ['1']],
  ['SELECT VALUE c.id FROM c WHERE CONTAINS(c.name, "OTT")', []],
  ['SELECT VALUE c.id FROM c WHERE STARTSWITH(c.name, "B", true)', ['2']],
  ['SELECT VALUE c.id FROM c WHERE ENDSWITH(c.name, "ora")', ['4']],
  ['SELECT VALUE c.id FROM c WHERE StringEquals(c.name, "dora", true)', ['4']],
  ['SELECT VALUE c.id FROM c WHERE RegexMatch(c.name, "^[a-d]", "i")', ['1', '2', '3', '4']],
  [
    'SELECT VALUE [LOWER("Ab"), UPPER("Ab"), LENGTH("Ab"), REVERSE("Ab"), TRIM(" a ")]',
    [['ab', 'AB', 2, 'bA', 'a']],
  ],
  [
    'SELECT VALUE [SUBSTRING("abcd", 1, 2), LEFT("abc", 2), RIGHT("abc", 2), INDEX_OF("abc", "c")]',
    [['bc', 'ab', 'bc', 2]],
  ],
  [
    'SELECT VALUE [CONCAT("a", "b", "c"), REPLACE("a-a", "a", "$&"), REPLICATE("ab", 2)]',
    [['abc', '$&-$&', 'abab']],
  ],
  [
    'SELECT VALUE [ToString(1.5), ToString(true), ToString([1]), StringToNumber("2.5"), StringToBoolean("true")]',
    [['1.5', 'true', '[1]', 2.5, true]],
  ],
  [
    'SELECT VALUE [StringToArray("[1]"), StringToObject("{\\"a\\":1}"), StringSplit("a,b", ","), StringJoin(["a", "b"], "+")]',
    [[[1], { a: 1 }, ['a', 'b'], 'a+b']],
  ],
  ['SELECT VALUE LENGTH(c.age) FROM c WHERE c.id = "1"', []],
  // Arrays
  ['SELECT VALUE c.id FROM c WHERE ARRAY_CONTAINS(c.tags, "x")', ['1']],
  ['SELECT VALUE c.id FROM c WHERE ARRAY_CONTAINS(c.visits, { ward: "ICU" }, true)', ['1', '3']],
  ['SELECT VALUE c.id FROM c WHERE ARRAY_CONTAINS(c.visits, { ward: "ICU" })', []],
  ['SELECT VALUE c.id FROM c WHERE ARRAY_LENGTH(c.tags) = 0', ['3']],
  [
    'SELECT VALUE [ARRAY_SLICE([1,2,3], 1), ARRAY_SLICE([1,2,3], -2, 1), ARRAY_CONCAT([1], [2])]',
    [[[2, 3], [2], [1, 2]]],
  ],
  ['SELECT VALUE [SetUnion([1,2],[2,3]), SetIntersect([1,2],[2,3])]', [[[1, 2, 3], [2]]]],
  ['SELECT VALUE [ARRAY_CONTAINS_ANY([1,2], 2, 9), ARRAY_CONTAINS_ALL([1,2], 2, 9)]', [[true, false]]],
  // Types and numbers
  [
    'SELECT VALUE [IS_NULL(null), IS_STRING("a"), IS_NUMBER(1), IS_BOOL(true), IS_ARRAY([]), IS_OBJECT({}), IS_PRIMITIVE([]), IS_INTEGER(1.5)]',
    [[true, true, true, true, true, true, false, false]],
  ],
  ['SELECT VALUE IS_DEFINED(c.none) FROM c WHERE c.id = "1"', [false]],
  [
    'SELECT VALUE [ABS(-1), FLOOR(1.5), CEILING(1.5), ROUND(2.5), ROUND(-2.5), TRUNC(-1.5), SQRT(9), POWER(2, 3), SIGN(-3)]',
    [[1, 1, 2, 3, -3, -1, 3, 8, -1]],
  ],
  ['SELECT VALUE IIF(1 = 1, "y", "n")', ['y']],
  // Dates
  ['SELECT VALUE DateTimeAdd("mm", 1, "2026-01-31T00:00:00Z")', ['2026-02-28T00:00:00.0000000Z']],
  ['SELECT VALUE DateTimeAdd("hh", -2, "2026-01-01T01:00:00.0000000Z")', ['2025-12-31T23:00:00.0000000Z']],
  ['SELECT VALUE DateTimeDiff("dd", "2026-01-01T23:00:00Z", "2026-01-03T01:00:00Z")', [2]],
  [
    'SELECT VALUE [DateTimePart("yyyy", c.at), DateTimePart("mm", c.at), DateTimePart("hh", c.at)] FROM c WHERE c.id = "1"',
    [[2026, 3, 10]],
  ],
  ['SELECT VALUE DateTimeToTimestamp("1970-01-01T00:00:01Z")', [1000]],
  ['SELECT VALUE TimestampToDateTime(1000)', ['1970-01-01T00:00:01.0000000Z']],
  ['SELECT VALUE GetCurrentTimestamp() > 1700000000000 AND LENGTH(GetCurrentDateTime()) = 28', [true]],
];

test.each(cases.map(([text, expected, parameters = []]) => [text, expected, parameters] as const))(
  '%s',
  async (text, expected, parameters) => {
    expect(await query(text, parameters)).toEqual(expected);
  },
);

test('SELECT * gives the documents with their system properties', async () => {
  const [first] = await query('SELECT * FROM c WHERE c.id = "1"');
  expect(first).toMatchObject({ ...documents[0], _rid: expect.any(String), _ts: expect.any(Number) });
});

test.each<[text: string, message: RegExp]>([
  ['SELECT FROM c', /Syntax error at position 7/],
  ['SELEC * FROM c', /Syntax error/],
  ['SELECT * FROM c WHERE', /end of the query/],
  ['SELECT * FROM c WHERE c.a = "open', /not closed/],
  ['SELECT VALUE NoSuchFunction(c.id) FROM c', /'NoSuchFunction' is not supported/],
  ['SELECT VALUE udf.mine(c.id) FROM c', /udf\.mine/],
  ['SELECT VALUE LOWER() FROM c', /does not take 0/],
  ['SELECT * FROM c WHERE d.id = 1', /'d' could not be resolved/],
  ['SELECT * FROM c WHERE c.id = @none', /@none/],
  ['SELECT * FROM c JOIN t IN c.tags', /single input set/],
  ['SELECT c.name, COUNT(1) FROM c GROUP BY c.pk', /GROUP BY/],
  ['SELECT * FROM c WHERE COUNT(1) > 1', /not allowed here/],
  ['SELECT * FROM c ORDER BY LOWER(c.name)', /ORDER BY/],
  ['SELECT VALUE c.id FROM c OFFSET -1 LIMIT 1', /OFFSET/],
  ['SELECT c.id, c.id FROM c', /selected twice/],
])('400: %s', async (text, message) => {
  await expect(query(text)).rejects.toMatchObject({ code: 400, message: expect.stringMatching(message) });
});

describe('partition scope', () => {
  test('a query with a partition key sees that partition only', async () => {
    expect(await query('SELECT VALUE c.id FROM c', [], { partitionKey: 'b' })).toEqual(['4', '5']);
    expect(await query('SELECT VALUE COUNT(1) FROM c', [], { partitionKey: 'none' })).toEqual([0]);
  });

  test('the key in the filter finds the same as the header', async () => {
    expect(
      await query('SELECT VALUE c.name FROM c WHERE c.pk = @pk AND c.id = "4"', [p('@pk', 'b')]),
    ).toEqual(['Dora']);
    expect(await query('SELECT VALUE c.name FROM c WHERE c.id = "4" AND "a" = c.pk')).toEqual([]);
  });

  test('a prefix of a hierarchical key', async () => {
    const nested = await account.container({
      partitionKey: { paths: ['/tenant', '/user/name'], kind: 'MultiHash' as never, version: 2 },
    });
    await nested.items.create({ id: '1', tenant: 't', user: { name: 'u1' } });
    await nested.items.create({ id: '1', tenant: 't', user: { name: 'u2' } });
    await nested.items.create({ id: '1', tenant: 'tt', user: { name: 'u1' } });
    const text = 'SELECT VALUE c.user.name FROM c';
    expect((await nested.items.query(text, { partitionKey: ['t'] }).fetchAll()).resources).toEqual([
      'u1',
      'u2',
    ]);
    expect((await nested.items.query(text, { partitionKey: ['t', 'u2'] }).fetchAll()).resources).toEqual([
      'u2',
    ]);
    expect((await nested.item('1', ['tt', 'u1']).read()).resource).toMatchObject({ tenant: 'tt' });
  });
});

describe('pages', () => {
  test.each([
    'SELECT VALUE c.id FROM c',
    'SELECT VALUE c.id FROM c ORDER BY c.id',
    'SELECT VALUE v.days FROM c JOIN v IN c.visits',
    'SELECT DISTINCT VALUE c.age FROM c',
    'SELECT VALUE c.id FROM c OFFSET 1 LIMIT 3',
  ])('%s comes complete and once in pages of two', async (text) => {
    const rows: unknown[] = [];
    let continuationToken: string | undefined;
    let pages = 0;
    do {
      const page = await container.items.query(text, { maxItemCount: 2, continuationToken }).fetchNext();
      expect(page.resources.length).toBeLessThanOrEqual(2);
      rows.push(...page.resources);
      continuationToken = page.continuationToken;
      pages++;
    } while (continuationToken);
    expect(rows).toEqual(await query(text));
    expect(pages).toBe(Math.max(1, Math.ceil(rows.length / 2)));
  });

  test('items deleted and created between pages do not shift what is left', async () => {
    const other = await account.container();
    for (let i = 0; i < 6; i++) await other.items.create({ id: `${i}`, pk: 'a' });
    const iterator = other.items.query('SELECT VALUE c.id FROM c', { maxItemCount: 2 });
    expect((await iterator.fetchNext()).resources).toEqual(['0', '1']);
    await other.item('0', 'a').delete();
    await other.items.create({ id: '6', pk: 'a' });
    expect((await iterator.fetchNext()).resources).toEqual(['2', '3']);
    expect((await iterator.fetchNext()).resources).toEqual(['4', '5']);
    expect((await iterator.fetchNext()).resources).toEqual(['6']);
  });

  test('an item that goes while its rows are half out does not take rows of the next one along', async () => {
    const other = await account.container();
    for (const id of ['1', '2']) await other.items.create({ id, pk: 'a', list: [1, 2, 3] });
    const text = 'SELECT VALUE { id: c.id, n: n } FROM c JOIN n IN c.list';
    const iterator = other.items.query(text, { maxItemCount: 2 });
    await iterator.fetchNext();
    await other.item('1', 'a').delete();
    expect((await iterator.fetchNext()).resources).toEqual([
      { id: '2', n: 1 },
      { id: '2', n: 2 },
    ]);
  });

  test('a token of another query is refused', async () => {
    const { continuationToken } = await container.items
      .query('SELECT * FROM c', { maxItemCount: 1 })
      .fetchNext();
    const call = container.items.query('SELECT c.id FROM c', { continuationToken }).fetchNext();
    expect(await statusOf(call)).toBe(400);
  });
});

test('the SDK can also work from the query plan', async () => {
  expect(await query('SELECT VALUE c.id FROM c WHERE c.pk = "b"', [], { forceQueryPlan: true })).toEqual([
    '4',
    '5',
  ]);
});
