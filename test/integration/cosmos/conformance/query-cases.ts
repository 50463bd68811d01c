import type { JSONValue, SqlParameter } from '@azure/cosmos';

export const documents = [
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

const p = (name: string, value: JSONValue) => ({ name, value });

export const cases: [text: string, expected: unknown[], parameters?: SqlParameter[]][] = [
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

  // Mixed types, undefined and three-valued logic
  ['SELECT VALUE c.id FROM c WHERE NOT IS_DEFINED(c.score) AND c.pk = "b"', ['4']],
  ['SELECT VALUE c.id FROM c WHERE c.age < true', []],
  ['SELECT VALUE c.id FROM c WHERE c.active = false OR c.active = true', ['1', '2']],
  ['SELECT VALUE c.id FROM c WHERE (c.none = 1) = false', []],
  ['SELECT VALUE c.id FROM c WHERE c.tags = ["y"]', ['2']],
  ['SELECT VALUE c.id FROM c WHERE c.tags != ["y"] AND c.pk = "a"', ['1', '3']],
  ['SELECT VALUE [null = null, 1 = "1", [] = [], {} = {}]', [[true, false, true, true]]],
  [
    'SELECT VALUE [true AND undefined, false AND undefined, true OR undefined, NOT undefined]',
    [[false, true]],
  ],
  ['SELECT VALUE { a: undefined, b: null }', [{ b: null }]],
  ['SELECT VALUE c.none ?? c.score ?? 0 FROM c WHERE c.id IN ("1", "3")', [1.5, 0]],
  ['SELECT VALUE null ?? 1', [null]],
  ['SELECT VALUE true ? "a" : false ? "b" : "c"', ['a']],
  ['SELECT VALUE undefined ? 1 : 2', [2]],
  ['SELECT VALUE -(2) - -3', [1]],
  ['SELECT VALUE ~5 & 0xFF', [250]],
  ['SELECT VALUE 7 % -3', [1]],
  ['SELECT VALUE "b" > "a" AND "a" >= "A"', [true]],
  ['SELECT VALUE false < true', [true]],
  ['SELECT VALUE 5 BETWEEN 5 AND 5', [true]],
  ['SELECT VALUE 5 NOT BETWEEN 1 AND 4', [true]],
  ['SELECT VALUE "c" BETWEEN "a" AND "b"', [false]],
  ['SELECT VALUE 1 IN (2, undefined, 1)', [true]],
  ['SELECT VALUE c.id FROM c WHERE c.none NOT IN (1)', []],
  ['SELECT VALUE "a%b" LIKE "a\\%b" ESCAPE "\\\\"', [true]],
  ['SELECT VALUE "line\\nbreak" LIKE "line%break"', [true]],
  ['SELECT VALUE "aXc" LIKE "a[^a-z]c"', [true]],
  ['SELECT VALUE LOWER(c.name) LIKE @p FROM c WHERE c.id = "5"', [true], [p('@p', 'em__')]],
  // Order over types, from the lowest: undefined, null, false, true, number, string
  ['SELECT VALUE c.id FROM c ORDER BY c.score', ['3', '4', '2', '1', '5']],
  ['SELECT VALUE c.id FROM c WHERE c.age != null ORDER BY c.id DESC', ['5', '4', '2', '1']],
  ['SELECT VALUE c.name FROM c WHERE c.pk = "a" ORDER BY c.name DESC', ['ben 50%', 'Cora_x', 'Anna Ott']],
  [
    'SELECT c.id, c.home.city AS city FROM c WHERE IS_DEFINED(c.home) AND c.id != "5" ORDER BY c.home.city',
    [
      { id: '2', city: 'Basel' },
      { id: '1', city: 'Bern' },
    ],
  ],
  ['SELECT * FROM (SELECT c.id FROM c WHERE c.pk = "b") s', [{ id: '4' }, { id: '5' }]],
  ['SELECT VALUE c.id FROM c WHERE c.pk = "b" ORDER BY c.id DESC OFFSET 1 LIMIT 1', ['4']],
  ['SELECT TOP 2 c.id FROM c ORDER BY c.id DESC', [{ id: '5' }, { id: '4' }]],
  // Joins
  ['SELECT VALUE COUNT(1) FROM c JOIN t IN c.tags', [3]],
  [
    'SELECT VALUE { i: c.id, t: t } FROM c JOIN t IN c.tags WHERE t != "x" ORDER BY c.id',
    [
      { i: '1', t: 'y' },
      { i: '2', t: 'y' },
    ],
  ],
  ['SELECT VALUE a || b FROM c JOIN a IN c.tags JOIN b IN c.tags WHERE c.id = "1" AND a != b', ['xy', 'yx']],
  [
    'SELECT VALUE x.d FROM c JOIN (SELECT VALUE { d: v.days * 2 } FROM v IN c.visits) x WHERE x.d > 2',
    [4, 10],
  ],
  ['SELECT DISTINCT VALUE v.ward FROM c JOIN v IN c.visits', ['ICU', 'ER']],
  // Subqueries
  [
    'SELECT VALUE ARRAY(SELECT DISTINCT VALUE v.ward FROM v IN c.visits) FROM c WHERE c.id = "1"',
    [['ICU', 'ER']],
  ],
  ['SELECT VALUE ARRAY(SELECT VALUE t FROM t IN c.tags ORDER BY t) FROM c WHERE c.id = "none"', []],
  ['SELECT VALUE c.id FROM c WHERE (SELECT VALUE COUNT(1) FROM t IN c.tags) = 2', ['1']],
  [
    'SELECT VALUE c.id FROM c WHERE EXISTS(SELECT 1 FROM t IN c.tags WHERE t = "x") OR c.id = "5"',
    ['1', '5'],
  ],
  [
    'SELECT VALUE (SELECT MAX(v.days) AS most, COUNT(1) AS n FROM v IN c.visits) FROM c WHERE c.id = "1"',
    [{ most: 2, n: 2 }],
  ],
  ['SELECT VALUE ARRAY(SELECT TOP 1 v.days FROM v IN c.visits) FROM c WHERE c.id = "1"', [[{ days: 2 }]]],
  // Aggregates
  ['SELECT VALUE MIN(c.name) FROM c', ['Anna Ott']],
  [
    'SELECT MIN(c.score) AS low, MAX(c.score) AS high, SUM(c.score) AS sum, AVG(c.score) AS mean FROM c',
    [{ low: -2.5, high: 4, sum: 3, mean: 1 }],
  ],
  ['SELECT VALUE AVG(c.none) FROM c', []],
  ['SELECT VALUE COUNT(c.none) FROM c', [0]],
  ['SELECT VALUE COUNT(1) FROM c GROUP BY c.pk', [3, 2]],
  [
    'SELECT c.pk, MIN(c.id) AS first, MAX(c.id) AS last FROM c GROUP BY c.pk',
    [
      { pk: 'a', first: '1', last: '3' },
      { pk: 'b', first: '4', last: '5' },
    ],
  ],
  [
    'SELECT c.pk, c.home.city, COUNT(1) AS n FROM c WHERE IS_DEFINED(c.home) GROUP BY c.pk, c.home.city',
    [
      { pk: 'a', city: 'Bern', n: 1 },
      { pk: 'a', city: 'Basel', n: 1 },
      { pk: 'b', city: 'Bern', n: 1 },
    ],
  ],
  [
    'SELECT t AS tag, COUNT(1) AS n FROM c JOIN t IN c.tags GROUP BY t',
    [
      { tag: 'x', n: 1 },
      { tag: 'y', n: 2 },
    ],
  ],
  // Strings
  [
    'SELECT VALUE [SUBSTRING("abc", 5, 1), SUBSTRING("abc", 0, 9), LEFT("abc", 0), RIGHT("abc", 9)]',
    [['', 'abc', '', 'abc']],
  ],
  ['SELECT VALUE [INDEX_OF("aba", "a", 1), INDEX_OF("aba", "z"), LASTINDEXOF("aba", "a")]', [[2, -1, 2]]],
  ['SELECT VALUE [LTRIM("  a "), RTRIM(" a  "), REPLICATE("ab", 0)]', [['a ', ' a', '']]],
  [
    'SELECT VALUE [CONTAINS_ALL_CI("Abc def", "ABC", "DEF"), CONTAINS_ALL_CS("Abc", "abc"), CONTAINS_ANY_CI("Abc", "X", "B"), CONTAINS_ANY_CS("Abc", "x", "B")]',
    [[true, false, true, false]],
  ],
  ['SELECT VALUE [STRINGEQUALS("a", "A"), STRINGEQUALS("a", "A", true)]', [[false, true]]],
  [
    'SELECT VALUE [REGEXMATCH("abcd", "ABC", "i"), REGEXMATCH("a\\nb", "^b", "m"), REGEXMATCH("ab", "a b", "x")]',
    [[true, true, true]],
  ],
  [
    'SELECT VALUE [ToString(1e21), ToString(null), ToString({ a: 1 }), ToString("x")]',
    [['1e+21', 'null', '{"a":1}', 'x']],
  ],
  [
    'SELECT VALUE [StringToNumber(" 5 "), StringToNumber("5a"), StringToNull("null"), StringToBoolean("False")]',
    [[5, null]],
  ],
  ['SELECT VALUE CONCAT("a", 1)', []],
  ['SELECT VALUE UPPER(5)', []],
  ['SELECT VALUE REVERSE("añ😀")', ['😀ña']],
  // Arrays
  [
    'SELECT VALUE [ARRAY_AVG([1, 2, 6]), ARRAY_SUM([1, 2, 6]), ARRAY_MAX([1, 6, 2]), ARRAY_MIN([3, 1]), ARRAY_MEDIAN([5, 1, 2, 3])]',
    [[3, 9, 6, 1, 2.5]],
  ],
  [
    'SELECT VALUE [SetDifference([1, 2, 3], [2]), SetUnion([1, 1], [2])]',
    [
      [
        [1, 3],
        [1, 2],
      ],
    ],
  ],
  ['SELECT VALUE [SetEqual([1, 2], [2, 1, 1]), SetEqual([1], [2])]', [[true, false]]],
  ['SELECT VALUE ARRAY_CONTAINS([{ a: 1, b: 2 }], { a: 1 }, true)', [true]],
  ['SELECT VALUE ARRAY_CONTAINS([{ a: 1, b: 2 }], { a: 1 })', [false]],
  ['SELECT VALUE ARRAY_LENGTH("no array")', []],
  [
    'SELECT VALUE [ARRAY_SLICE([1, 2, 3], 5), ARRAY_SLICE([1, 2, 3], -9, 1), ARRAY_CONCAT([1], [[2]], [])]',
    [[[], [1], [1, [2]]]],
  ],
  [
    'SELECT VALUE ObjectToArray({ a: 1, b: "x" })',
    [
      [
        { k: 'a', v: 1 },
        { k: 'b', v: 'x' },
      ],
    ],
  ],
  ['SELECT VALUE [CHOOSE(2, "a", "b"), CHOOSE(3, "a", "b"), CHOOSE(1, null, 1)]', [['b', null]]],
  // Numbers
  [
    'SELECT VALUE [IntAdd(1, 2), IntDiv(-7, 2), IntMod(-7, 2), IntMul(3, 4), IntSub(1, 2)]',
    [[3, -3, -1, 12, -1]],
  ],
  [
    'SELECT VALUE [IntBitAnd(15, 25), IntBitOr(56, 100), IntBitXor(56, 100), IntBitNot(65), IntBitLeftShift(16, 4), IntBitRightShift(16, 4)]',
    [[9, 124, 92, -66, 256, 1]],
  ],
  ['SELECT VALUE [NumberBin(37.752, 1), NumberBin(37.752, 10), NumberBin(-37.752, 0.5)]', [[37, 30, -38]]],
  ['SELECT VALUE [IntDiv(1, 0), IntAdd(1.5, 1), SQRT(-1), LOG(0), ACOS(2)]', [[]]],
  [
    'SELECT VALUE [ROUND(1.2345, 2), ROUND(-0.5), SIGN(0), ABS(-0.5), SQUARE(3), EXP(0), LOG(8, 2), LOG10(1000)]',
    [[1.23, -1, 0, 0.5, 9, 1, 3, 3]],
  ],
  [
    'SELECT VALUE [DEGREES(PI()), RADIANS(180) = PI(), ATN2(0, 1), COT(0) = undefined, RAND() < 1]',
    [[180, true, 0, true]],
  ],
  // Types
  [
    'SELECT VALUE [IS_ARRAY({}), IS_OBJECT([]), IS_OBJECT(null), IS_NULL(undefined), IS_DEFINED(null), IS_BOOL("true"), IS_PRIMITIVE(null), IS_INTEGER(1.0), IS_FINITE_NUMBER("1")]',
    [[false, false, false, false, true, false, true, true, false]],
  ],
  // Dates
  ['SELECT VALUE DateTimeAdd("yyyy", 1, "2024-02-29T12:34:56.1234567Z")', ['2025-02-28T12:34:56.1234567Z']],
  [
    'SELECT VALUE [DateTimeAdd("ns", 100, "2026-01-01T00:00:00Z"), DateTimeAdd("mcs", -1, "2026-01-01T00:00:00Z")]',
    [['2026-01-01T00:00:00.0000001Z', '2025-12-31T23:59:59.9999990Z']],
  ],
  ['SELECT VALUE DateTimeAdd("weeks", 1, "2026-01-01T00:00:00Z")', []],
  [
    'SELECT VALUE [DateTimeBin("2021-01-08T18:35:00.0000000", "dd"), DateTimeBin("2021-01-08T18:35:00.0000000", "hh", 5), DateTimeBin("2021-01-08T18:35:00.0000000", "dd", 7), DateTimeBin("2021-01-08T18:35:00.0000000", "dd", 7, "1601-01-01T00:00:00.0000000")]',
    [
      [
        '2021-01-08T00:00:00.0000000Z',
        '2021-01-08T15:00:00.0000000Z',
        '2021-01-07T00:00:00.0000000Z',
        '2021-01-04T00:00:00.0000000Z',
      ],
    ],
  ],
  ['SELECT VALUE DateTimeBin("2021-01-08T18:35:00Z", "month")', []],
  [
    'SELECT VALUE [DateTimeDiff("yyyy", "2025-12-31T23:59:59Z", "2026-01-01T00:00:00Z"), DateTimeDiff("mi", "2026-01-01T00:10:00Z", "2026-01-01T00:00:30Z"), DateTimeDiff("ms", "2026-01-01T00:00:00.001Z", "2026-01-01T00:00:00.0035Z")]',
    [[1, -10, 2]],
  ],
  [
    'SELECT VALUE [DateTimePart("ms", @d), DateTimePart("mcs", @d), DateTimePart("ns", @d), DateTimePart("weekday", @d)]',
    [[130, 130161, 130161700, 1]],
    [p('@d', '2016-05-29T08:30:00.1301617Z')],
  ],
  [
    'SELECT VALUE [YEAR("2026-03-04T05:06:07Z"), MONTH("2026-03-04T05:06:07Z"), DAY("2026-03-04T05:06:07Z")]',
    [[2026, 3, 4]],
  ],
  [
    'SELECT VALUE [DateTimeFromParts(2020, 9, 4, 10, 15, 30, 1234567), DateTimeFromParts(2020, 2, 30), DateTimeFromParts(2020, 13, 1)]',
    [['2020-09-04T10:15:30.1234567Z']],
  ],
  [
    'SELECT VALUE [DateTimeToTicks("1970-01-01T00:00:00.0000010Z"), TicksToDateTime(15), DateTimeToTimestamp("not a date")]',
    [[10, '1970-01-01T00:00:00.0000015Z']],
  ],
  ['SELECT VALUE DateTimeAdd("dd", 1, "2026-13-01T00:00:00Z")', []],
];

export const refusals: [text: string, message: RegExp][] = [
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
  ['SELECT VALUE ST_DISTANCE(c.a, c.b) FROM c', /'ST_DISTANCE' is not supported.*spatial/],
  ['SELECT VALUE VectorDistance(c.v, [1]) FROM c', /'VectorDistance' is not supported.*vector/],
  ['SELECT VALUE c.id FROM c WHERE FullTextContains(c.name, "a")', /'FullTextContains' is not supported/],
  ['SELECT c.pk FROM c GROUP BY c.pk ORDER BY c.pk', /ORDER BY is not supported together with GROUP BY/],
  ['SELECT VALUE c.id FROM c ORDER BY c.name, c.id', /composite index/],
  ['SELECT TOP -1 * FROM c', /TOP/],
  ['SELECT VALUE SUM(c.a, c.b) FROM c', /one argument/],
  ['SELECT VALUE c.id FROM c WHERE RegexMatch(c.name, "[")', /regular expression/],
  ['SELECT * FROM c; DROP', /unexpected/],
];
