import type { Value } from './value';

// A date is the number of its ticks, of 100 ns each, since 1970; its text has seven decimals.

const ticksPerMs = 10_000n;
const iso = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2})(?::(\d{2})(?:\.(\d{1,7}))?)?(Z|[+-]\d{2}:\d{2})?)?$/;

export function parseDate(value: Value): bigint | undefined {
  const [, day, minutes = '00:00', seconds = '00', fraction = '', zone = 'Z'] =
    typeof value === 'string' ? (iso.exec(value) ?? []) : [];
  if (day === undefined) return undefined;
  // A time without a zone is UTC in Cosmos, local time in JavaScript.
  const at = Date.parse(`${day}T${minutes}:${seconds}${zone}`);
  return Number.isNaN(at) ? undefined : BigInt(at) * ticksPerMs + BigInt(fraction.padEnd(7, '0'));
}

export function isoDate(ticks: bigint): Value {
  const date = new Date(Number(floorDivide(ticks, ticksPerMs)));
  if (Number.isNaN(date.getTime())) return undefined;
  return date.toISOString().replace('Z', `${String(modulo(ticks, ticksPerMs)).padStart(4, '0')}Z`);
}

export const fromMs = (at: number): bigint => BigInt(Math.floor(at)) * ticksPerMs;
export const toMs = (ticks: bigint): number => Number(floorDivide(ticks, ticksPerMs));

const floorDivide = (a: bigint, b: bigint) => (a - modulo(a, b)) / b;
const modulo = (a: bigint, b: bigint) => ((a % b) + b) % b;

const aliases: Record<string, string> = {
  yyyy: 'year',
  yy: 'year',
  mm: 'month',
  m: 'month',
  dd: 'day',
  d: 'day',
  hh: 'hour',
  mi: 'minute',
  n: 'minute',
  ss: 'second',
  s: 'second',
  ms: 'millisecond',
  mcs: 'microsecond',
  ns: 'nanosecond',
};
/** In nanoseconds, the finest part. */
const lengths: Record<string, bigint> = {
  day: 86_400_000_000_000n,
  hour: 3_600_000_000_000n,
  minute: 60_000_000_000n,
  second: 1_000_000_000n,
  millisecond: 1_000_000n,
  microsecond: 1_000n,
  nanosecond: 1n,
};
const nsPerTick = 100n;

const partName = (part: string) => {
  const lower = part.toLowerCase();
  return Object.hasOwn(aliases, lower) ? aliases[lower] : lower;
};
const length = (name: string | undefined) =>
  name !== undefined && Object.hasOwn(lengths, name) ? lengths[name] : undefined;
const dateOf = (ticks: bigint) => new Date(toMs(ticks));
const months = (date: Date) => date.getUTCFullYear() * 12 + date.getUTCMonth();

export function dateAdd(part: string, amount: number, at: bigint | undefined): Value {
  if (at === undefined) return undefined;
  const name = partName(part);
  if (name === 'year' || name === 'month') {
    const date = dateOf(at);
    const day = date.getUTCDate();
    date.setUTCDate(1);
    date.setUTCMonth(date.getUTCMonth() + amount * (name === 'year' ? 12 : 1));
    const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
    date.setUTCDate(Math.min(day, last));
    return Number.isNaN(date.getTime())
      ? undefined
      : isoDate(fromMs(date.getTime()) + modulo(at, ticksPerMs));
  }
  const unit = length(name);
  return unit === undefined ? undefined : isoDate(at + floorDivide(BigInt(amount) * unit, nsPerTick));
}

/** Counts the boundaries of the part that lie between the two dates, not whole elapsed parts. */
export function dateDiff(part: string, from: bigint | undefined, to: bigint | undefined): Value {
  if (from === undefined || to === undefined) return undefined;
  const name = partName(part);
  if (name === 'year') return dateOf(to).getUTCFullYear() - dateOf(from).getUTCFullYear();
  if (name === 'month') return months(dateOf(to)) - months(dateOf(from));
  const unit = length(name);
  return unit === undefined
    ? undefined
    : Number(floorDivide(to * nsPerTick, unit) - floorDivide(from * nsPerTick, unit));
}

/** The start of the bin of `size` parts, counted from `origin`, in which the date lies; for parts of fixed length. */
export function dateBin(
  at: bigint | undefined,
  part: string,
  size: number,
  origin: bigint | undefined,
): Value {
  const unit = length(partName(part));
  if (at === undefined || origin === undefined || unit === undefined) return undefined;
  if (!Number.isInteger(size) || size <= 0) return undefined;
  const bin = unit * BigInt(size);
  // Of less than one tick: every tick is its own bin.
  if (bin < nsPerTick) return isoDate(at);
  return isoDate(at - modulo((at - origin) * nsPerTick, bin) / nsPerTick);
}

export function datePart(part: string, at: bigint | undefined): Value {
  if (at === undefined) return undefined;
  const date = dateOf(at);
  const fraction = Number(modulo(at, 10_000_000n));
  switch (partName(part)) {
    case 'year':
      return date.getUTCFullYear();
    case 'month':
      return date.getUTCMonth() + 1;
    case 'day':
      return date.getUTCDate();
    case 'weekday':
    case 'dw':
    case 'w':
      return date.getUTCDay() + 1;
    case 'hour':
      return date.getUTCHours();
    case 'minute':
      return date.getUTCMinutes();
    case 'second':
      return date.getUTCSeconds();
    case 'millisecond':
      return date.getUTCMilliseconds();
    case 'microsecond':
      return Math.floor(fraction / 10);
    case 'nanosecond':
      return fraction * 100;
    default:
      return undefined;
  }
}
