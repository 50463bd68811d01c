import { datePart, dateAdd, dateDiff, fromTicks, isoDate, parseDate, toTicks } from './dates';
import { SqlError } from './lexer';
import { equalValues } from './order';
import { isObject, property, type JsonObject, type Value } from './value';

/** What the functions about the present read: one instant for a whole query, as the service does. */
export interface Clock {
  now: number;
}

interface SqlFunction {
  least: number;
  most: number;
  call(args: Value[], clock: Clock): Value;
}

const registry = new Map<string, SqlFunction>();

export function findFunction(name: string, args: number): SqlFunction {
  const found = registry.get(name.toUpperCase());
  if (found === undefined) throw new SqlError(`The function '${name}' is not supported.`);
  if (args < found.least || args > found.most) {
    throw new SqlError(`The function '${name}' does not take ${args} argument(s).`);
  }
  return found;
}

function define(name: string, least: number, most: number, call: SqlFunction['call']): void {
  registry.set(name.toUpperCase(), { least, most, call });
}

// Every function yields undefined for an argument of the wrong type; these wrappers hold that rule.
const text = (name: string, call: (a: string) => Value) =>
  define(name, 1, 1, ([a]) => (typeof a === 'string' ? call(a) : undefined));
const test = (name: string, call: (a: Value) => boolean) => define(name, 1, 1, ([a]) => call(a));
const math = (name: string, call: (a: number) => number) =>
  define(name, 1, 1, ([a]) => (typeof a === 'number' ? finite(call(a)) : undefined));
const finite = (value: number): Value => (Number.isFinite(value) ? value : undefined);
const flag = (value: Value): boolean | undefined =>
  value === undefined ? false : typeof value === 'boolean' ? value : undefined;

/** Two strings and an optional `ignore case`. */
function match(name: string, call: (a: string, b: string) => boolean): void {
  define(name, 2, 3, ([a, b, ignoreCase]) => {
    const fold = flag(ignoreCase);
    if (typeof a !== 'string' || typeof b !== 'string' || fold === undefined) return undefined;
    return fold ? call(a.toLowerCase(), b.toLowerCase()) : call(a, b);
  });
}

// Strings
match('CONTAINS', (a, b) => a.includes(b));
match('STARTSWITH', (a, b) => a.startsWith(b));
match('ENDSWITH', (a, b) => a.endsWith(b));
match('StringEquals', (a, b) => a === b);
text('LOWER', (a) => a.toLowerCase());
text('UPPER', (a) => a.toUpperCase());
text('LENGTH', (a) => a.length);
text('REVERSE', (a) => [...a].reverse().join(''));
const trimmed = (name: string, call: (a: string) => string) => text(name, call);
trimmed('TRIM', (a) => a.trim());
trimmed('LTRIM', (a) => a.trimStart());
trimmed('RTRIM', (a) => a.trimEnd());
define('SUBSTRING', 3, 3, ([a, start, length]) => {
  if (typeof a !== 'string' || typeof start !== 'number' || typeof length !== 'number') return undefined;
  return length <= 0 ? '' : a.slice(Math.max(0, start), Math.max(0, start) + length);
});
define('LEFT', 2, 2, ([a, n]) =>
  typeof a === 'string' && typeof n === 'number' ? a.slice(0, Math.max(0, n)) : undefined,
);
define('RIGHT', 2, 2, ([a, n]) =>
  typeof a === 'string' && typeof n === 'number' ? (n <= 0 ? '' : a.slice(-n)) : undefined,
);
define('CONCAT', 2, Infinity, (args) =>
  args.every((arg) => typeof arg === 'string') ? args.join('') : undefined,
);
define('REPLACE', 3, 3, ([a, find, by]) =>
  typeof a === 'string' && typeof find === 'string' && typeof by === 'string'
    ? find === ''
      ? a
      : a.replaceAll(find, () => by)
    : undefined,
);
define('REPLICATE', 2, 2, ([a, n]) =>
  typeof a === 'string' && typeof n === 'number' && n >= 0 && n * a.length <= 10_000
    ? a.repeat(n)
    : undefined,
);
define('INDEX_OF', 2, 3, ([a, find, start]) =>
  typeof a === 'string' && typeof find === 'string'
    ? a.indexOf(find, typeof start === 'number' ? start : 0)
    : undefined,
);
define('StringSplit', 2, 2, ([a, by]) =>
  typeof a === 'string' && typeof by === 'string' ? a.split(by) : undefined,
);
define('StringJoin', 2, 2, ([items, by]) =>
  Array.isArray(items) && typeof by === 'string' && items.every((item) => typeof item === 'string')
    ? items.join(by)
    : undefined,
);
define('RegexMatch', 2, 3, ([a, pattern, modifiers]) => {
  if (typeof a !== 'string' || typeof pattern !== 'string') return undefined;
  if (modifiers !== undefined && typeof modifiers !== 'string') return undefined;
  return regex(pattern, modifiers ?? '')?.test(a);
});
define('ToString', 1, 1, ([a]) =>
  a === undefined ? undefined : typeof a === 'string' ? a : JSON.stringify(a),
);
text('StringToNumber', (a) => {
  const value = json(a);
  return typeof value === 'number' ? value : undefined;
});
text('StringToBoolean', (a) => {
  const value = json(a);
  return typeof value === 'boolean' ? value : undefined;
});
text('StringToNull', (a) => (json(a) === null ? null : undefined));
text('StringToArray', (a) => {
  const value = json(a);
  return Array.isArray(value) ? value : undefined;
});
text('StringToObject', (a) => {
  const value = json(a);
  return isObject(value) ? value : undefined;
});

function json(source: string): Value {
  try {
    return JSON.parse(source) as Value;
  } catch {
    return undefined;
  }
}

const patterns = new Map<string, RegExp | undefined>();

/** Compiled patterns are kept, because a filter asks for the same one for every document. */
function regex(pattern: string, modifiers: string): RegExp | undefined {
  const key = `${modifiers}/${pattern}`;
  if (!patterns.has(key)) {
    if (patterns.size >= 200) patterns.clear();
    patterns.set(key, compileRegex(pattern, modifiers));
  }
  return patterns.get(key);
}

function compileRegex(pattern: string, modifiers: string): RegExp | undefined {
  const source = modifiers.includes('x') ? pattern.replace(/\s+/g, '') : pattern;
  try {
    return new RegExp(source, [...new Set(modifiers)].filter((m) => 'ims'.includes(m)).join(''));
  } catch {
    throw new SqlError('RegexMatch: the pattern is not a valid regular expression.');
  }
}

// Types
test('IS_DEFINED', (a) => a !== undefined);
test('IS_NULL', (a) => a === null);
test('IS_BOOL', (a) => typeof a === 'boolean');
test('IS_NUMBER', (a) => typeof a === 'number');
test('IS_INTEGER', (a) => Number.isInteger(a));
test('IS_FINITE_NUMBER', (a) => Number.isFinite(a));
test('IS_STRING', (a) => typeof a === 'string');
test('IS_ARRAY', Array.isArray);
test('IS_OBJECT', isObject);
test('IS_PRIMITIVE', (a) => a === null || ['string', 'number', 'boolean'].includes(typeof a));

// Numbers
math('ABS', Math.abs);
math('CEILING', Math.ceil);
math('FLOOR', Math.floor);
math('TRUNC', Math.trunc);
math('SIGN', Math.sign);
math('SQRT', Math.sqrt);
math('SQUARE', (a) => a * a);
math('EXP', Math.exp);
math('LOG10', Math.log10);
math('SIN', Math.sin);
math('COS', Math.cos);
math('TAN', Math.tan);
math('COT', (a) => 1 / Math.tan(a));
math('ASIN', Math.asin);
math('ACOS', Math.acos);
math('ATAN', Math.atan);
math('DEGREES', (a) => (a * 180) / Math.PI);
math('RADIANS', (a) => (a * Math.PI) / 180);
/** Half away from zero. */
const round = (a: number) => Math.sign(a) * Math.round(Math.abs(a));
define('ROUND', 1, 2, ([a, digits]) => {
  if (typeof a !== 'number' || (digits !== undefined && typeof digits !== 'number')) return undefined;
  const factor = 10 ** (digits ?? 0);
  return finite(round(a * factor) / factor);
});
define('LOG', 1, 2, ([a, base]) => {
  if (typeof a !== 'number') return undefined;
  return finite(typeof base === 'number' ? Math.log(a) / Math.log(base) : Math.log(a));
});
const two = (name: string, call: (a: number, b: number) => number) =>
  define(name, 2, 2, ([a, b]) =>
    typeof a === 'number' && typeof b === 'number' ? finite(call(a, b)) : undefined,
  );
two('POWER', Math.pow);
two('ATN2', Math.atan2);
define('PI', 0, 0, () => Math.PI);
define('RAND', 0, 0, () => Math.random());
const integers = (name: string, call: (a: number, b: number) => number) =>
  two(name, (a, b) => (Number.isInteger(a) && Number.isInteger(b) ? call(a, b) : NaN));
integers('IntAdd', (a, b) => a + b);
integers('IntSub', (a, b) => a - b);
integers('IntMul', (a, b) => a * b);
integers('IntDiv', (a, b) => Math.trunc(a / b));
integers('IntMod', (a, b) => a % b);

// Arrays and objects
define('ARRAY_CONTAINS', 2, 3, ([items, wanted, partial]) => {
  const loose = flag(partial);
  if (!Array.isArray(items) || wanted === undefined || loose === undefined) return undefined;
  return items.some((item) => (loose ? covers(item, wanted) : equalValues(item, wanted)));
});
define('ARRAY_CONTAINS_ANY', 2, Infinity, ([items, ...wanted]) =>
  Array.isArray(items)
    ? wanted.some((one) => one !== undefined && items.some((item) => equalValues(item, one)))
    : undefined,
);
define('ARRAY_CONTAINS_ALL', 2, Infinity, ([items, ...wanted]) =>
  Array.isArray(items)
    ? wanted.every((one) => one !== undefined && items.some((item) => equalValues(item, one)))
    : undefined,
);
define('ARRAY_LENGTH', 1, 1, ([items]) => (Array.isArray(items) ? items.length : undefined));
define('ARRAY_CONCAT', 2, Infinity, (arrays) =>
  arrays.every((items) => Array.isArray(items)) ? arrays.flat() : undefined,
);
define('ARRAY_SLICE', 2, 3, ([items, start, length]) => {
  if (!Array.isArray(items) || typeof start !== 'number') return undefined;
  const from = start < 0 ? Math.max(0, items.length + start) : start;
  if (length === undefined) return items.slice(from);
  return typeof length === 'number' ? items.slice(from, from + Math.max(0, length)) : undefined;
});
define('SetIntersect', 2, 2, ([a, b]) =>
  Array.isArray(a) && Array.isArray(b)
    ? distinct(a).filter((item) => b.some((other) => equalValues(item, other)))
    : undefined,
);
define('SetUnion', 2, 2, ([a, b]) =>
  Array.isArray(a) && Array.isArray(b) ? distinct([...a, ...b]) : undefined,
);
define('ObjectToArray', 1, 1, ([a]) =>
  isObject(a) ? Object.entries(a).map(([k, v]): JsonObject => ({ k, v })) : undefined,
);
define('CHOOSE', 2, Infinity, ([index, ...choices]) =>
  typeof index === 'number' ? choices[index - 1] : undefined,
);
define('IIF', 3, 3, ([condition, yes, no]) => (condition === true ? yes : no));

const distinct = <T extends Value>(items: T[]): T[] =>
  items.filter((item, i) => items.findIndex((other) => equalValues(item, other)) === i);

/** Partial match: every property of `wanted` is in `item`, at any depth. */
function covers(item: Value, wanted: Value): boolean {
  if (!isObject(wanted) || !isObject(item)) return equalValues(item, wanted);
  return Object.keys(wanted).every((name) => covers(property(item, name), wanted[name]));
}

// Dates: ISO 8601 texts in UTC with seven decimals
define('GetCurrentDateTime', 0, 0, (_, clock) => isoDate(clock.now));
define('GetCurrentTimestamp', 0, 0, (_, clock) => clock.now);
define('GetCurrentTicks', 0, 0, (_, clock) => toTicks(clock.now));
registry.set('GETCURRENTDATETIMESTATIC', findFunction('GetCurrentDateTime', 0));
registry.set('GETCURRENTTIMESTAMPSTATIC', findFunction('GetCurrentTimestamp', 0));
registry.set('GETCURRENTTICKSSTATIC', findFunction('GetCurrentTicks', 0));
define('DateTimeAdd', 3, 3, ([part, amount, date]) =>
  typeof part === 'string' && typeof amount === 'number' && Number.isInteger(amount)
    ? dateAdd(part, amount, parseDate(date))
    : undefined,
);
define('DateTimeDiff', 3, 3, ([part, from, to]) =>
  typeof part === 'string' ? dateDiff(part, parseDate(from), parseDate(to)) : undefined,
);
define('DateTimePart', 2, 2, ([part, date]) =>
  typeof part === 'string' ? datePart(part, parseDate(date)) : undefined,
);
define('DateTimeToTimestamp', 1, 1, ([date]) => parseDate(date));
define('DateTimeToTicks', 1, 1, ([date]) => {
  const at = parseDate(date);
  return at === undefined ? undefined : toTicks(at);
});
define('TimestampToDateTime', 1, 1, ([at]) => (typeof at === 'number' ? isoDate(at) : undefined));
define('TicksToDateTime', 1, 1, ([ticks]) =>
  typeof ticks === 'number' ? isoDate(fromTicks(ticks)) : undefined,
);
define('DateTimeFromParts', 3, 7, (parts) => {
  if (!parts.every((part) => typeof part === 'number')) return undefined;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0, fraction = 0] = parts;
  return isoDate(Date.UTC(year, month - 1, day, hour, minute, second, Math.floor(fraction / 10_000)));
});
