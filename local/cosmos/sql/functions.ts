import { datePart, dateAdd, dateBin, dateDiff, fromMs, isoDate, parseDate, toMs } from './dates';
import { SqlError } from './lexer';
import { compareValues, equalValues } from './order';
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
  if (found === undefined) {
    const kind = /^ST_/i.test(name)
      ? ' (spatial functions)'
      : /^(FullText|Vector|RRF)/i.test(name)
        ? ' (full-text and vector search)'
        : '';
    throw new SqlError(`The function '${name}' is not supported by the local endpoint${kind}.`);
  }
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
define('LASTINDEXOF', 2, 2, ([a, find]) =>
  typeof a === 'string' && typeof find === 'string' ? a.lastIndexOf(find) : undefined,
);
/** Several texts that must all, or of which any must, be contained; with or without regard to case. */
function containsSome(name: string, isEnough: 'every' | 'some', fold: (text: string) => string): void {
  define(name, 2, Infinity, ([a, ...wanted]) =>
    typeof a === 'string' && wanted.every((one) => typeof one === 'string')
      ? wanted[isEnough]((one) => fold(a).includes(fold(one)))
      : undefined,
  );
}
containsSome('CONTAINS_ALL_CI', 'every', (a) => a.toLowerCase());
containsSome('CONTAINS_ALL_CS', 'every', (a) => a);
containsSome('CONTAINS_ANY_CI', 'some', (a) => a.toLowerCase());
containsSome('CONTAINS_ANY_CS', 'some', (a) => a);
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
/** On 64 bits, as the service does; a result that no double can hold loses its last digits there as well. */
const bits = (name: string, call: (a: bigint, b: bigint) => bigint) =>
  integers(name, (a, b) => Number(BigInt.asIntN(64, call(BigInt(a), BigInt(b)))));
bits('IntBitAnd', (a, b) => a & b);
bits('IntBitOr', (a, b) => a | b);
bits('IntBitXor', (a, b) => a ^ b);
bits('IntBitLeftShift', (a, b) => a << (b & 63n));
bits('IntBitRightShift', (a, b) => a >> (b & 63n));
define('IntBitNot', 1, 1, ([a]) =>
  typeof a === 'number' && Number.isInteger(a) ? Number(~BigInt(a)) : undefined,
);
define('NumberBin', 1, 2, ([a, size = 1]) =>
  typeof a === 'number' && typeof size === 'number' && size !== 0
    ? finite(Math.floor(a / size) * size)
    : undefined,
);

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
define('SetDifference', 2, 2, ([a, b]) =>
  Array.isArray(a) && Array.isArray(b)
    ? distinct(a).filter((item) => !b.some((other) => equalValues(item, other)))
    : undefined,
);
define('SetEqual', 2, 2, ([a, b]) =>
  Array.isArray(a) && Array.isArray(b)
    ? a.every((item) => b.some((other) => equalValues(item, other))) &&
      b.every((item) => a.some((other) => equalValues(item, other)))
    : undefined,
);
/** Over an array of numbers; another value among them, or no value at all, makes it undefined. */
const ofNumbers = (name: string, call: (numbers: number[]) => number) =>
  define(name, 1, 1, ([a]) =>
    Array.isArray(a) && a.length > 0 && a.every((item) => typeof item === 'number')
      ? finite(call(a))
      : undefined,
  );
const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);
ofNumbers('ARRAY_SUM', sum);
ofNumbers('ARRAY_AVG', (numbers) => sum(numbers) / numbers.length);
ofNumbers('ARRAY_MEDIAN', (numbers) => {
  const sorted = numbers.toSorted((a, b) => a - b);
  const [low = NaN, high = NaN] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return (low + high) / 2;
});
const extreme = (name: string, direction: 1 | -1) =>
  define(name, 1, 1, ([a]) =>
    Array.isArray(a)
      ? a.reduce<Value>(
          (best, item) => (best === undefined || compareValues(item, best) * direction > 0 ? item : best),
          undefined,
        )
      : undefined,
  );
extreme('ARRAY_MAX', 1);
extreme('ARRAY_MIN', -1);
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
define('GetCurrentDateTime', 0, 0, (_, clock) => isoDate(fromMs(clock.now)));
define('GetCurrentTimestamp', 0, 0, (_, clock) => clock.now);
define('GetCurrentTicks', 0, 0, (_, clock) => Number(fromMs(clock.now)));
registry.set('GETCURRENTDATETIMESTATIC', findFunction('GetCurrentDateTime', 0));
registry.set('GETCURRENTTIMESTAMPSTATIC', findFunction('GetCurrentTimestamp', 0));
registry.set('GETCURRENTTICKSSTATIC', findFunction('GetCurrentTicks', 0));
define('DateTimeAdd', 3, 3, ([part, amount, date]) =>
  typeof part === 'string' && typeof amount === 'number' && Number.isInteger(amount)
    ? dateAdd(part, amount, parseDate(date))
    : undefined,
);
define('DateTimeBin', 2, 4, ([date, part, size = 1, origin = '1970-01-01T00:00:00Z']) =>
  typeof part === 'string' && typeof size === 'number'
    ? dateBin(parseDate(date), part, size, parseDate(origin))
    : undefined,
);
define('DateTimeDiff', 3, 3, ([part, from, to]) =>
  typeof part === 'string' ? dateDiff(part, parseDate(from), parseDate(to)) : undefined,
);
define('DateTimePart', 2, 2, ([part, date]) =>
  typeof part === 'string' ? datePart(part, parseDate(date)) : undefined,
);
for (const part of ['YEAR', 'MONTH', 'DAY']) {
  define(part, 1, 1, ([date]) => datePart(part, parseDate(date)));
}
define('DateTimeToTimestamp', 1, 1, ([date]) => map(parseDate(date), toMs));
define('DateTimeToTicks', 1, 1, ([date]) => map(parseDate(date), Number));
define('TimestampToDateTime', 1, 1, ([at]) => (isDateNumber(at) ? isoDate(fromMs(at)) : undefined));
define('TicksToDateTime', 1, 1, ([ticks]) =>
  isDateNumber(ticks) ? isoDate(BigInt(Math.floor(ticks))) : undefined,
);
define('DateTimeFromParts', 3, 7, (parts) => {
  if (!parts.every((part) => typeof part === 'number' && Number.isInteger(part))) return undefined;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0, fraction = 0] = parts as number[];
  const at = Date.UTC(year, month - 1, day, hour, minute, second);
  const date = new Date(at);
  // Not the 31st of a month of 30 days, nor the 13th month: JavaScript would carry them over.
  const isReal = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && date.getUTCHours() === hour;
  const isExact = date.getUTCMinutes() === minute && date.getUTCSeconds() === second;
  return isReal && isExact && fraction >= 0 && fraction < 10_000_000
    ? isoDate(fromMs(at) + BigInt(fraction))
    : undefined;
});

const isDateNumber = (value: Value): value is number => typeof value === 'number' && Number.isFinite(value);
const map = <T>(value: T | undefined, call: (value: T) => Value): Value =>
  value === undefined ? undefined : call(value);
