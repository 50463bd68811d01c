import type { Value } from './value';

// Precision here is one millisecond; the service keeps 100 ns. The text form is the same.

const iso = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,7})?)?(?:Z|[+-]\d{2}:\d{2})?)?$/;

export function parseDate(value: Value): number | undefined {
  if (typeof value !== 'string' || !iso.test(value)) return undefined;
  // A time without a zone is UTC in Cosmos, local time in JavaScript.
  const zoned = value.includes('T') && !/(?:Z|[+-]\d{2}:\d{2})$/.test(value) ? `${value}Z` : value;
  const at = Date.parse(zoned);
  return Number.isNaN(at) ? undefined : at;
}

export function isoDate(at: number): Value {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString().replace('Z', '0000Z');
}

/** Ticks are 100 ns since 1970 in the functions of Cosmos SQL. */
export const toTicks = (at: number) => at * 10_000;
export const fromTicks = (ticks: number) => Math.floor(ticks / 10_000);

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
};
const lengths: Record<string, number> = {
  day: 86_400_000,
  hour: 3_600_000,
  minute: 60_000,
  second: 1_000,
  millisecond: 1,
};

const partName = (part: string) => {
  const lower = part.toLowerCase();
  return Object.hasOwn(aliases, lower) ? aliases[lower] : lower;
};
const length = (name: string | undefined) =>
  name !== undefined && Object.hasOwn(lengths, name) ? lengths[name] : undefined;
const months = (date: Date) => date.getUTCFullYear() * 12 + date.getUTCMonth();

export function dateAdd(part: string, amount: number, at: number | undefined): Value {
  if (at === undefined) return undefined;
  const name = partName(part);
  if (name === 'year' || name === 'month') {
    const date = new Date(at);
    const day = date.getUTCDate();
    date.setUTCDate(1);
    date.setUTCMonth(date.getUTCMonth() + amount * (name === 'year' ? 12 : 1));
    const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
    date.setUTCDate(Math.min(day, last));
    return isoDate(date.getTime());
  }
  const unit = length(name);
  return unit === undefined ? undefined : isoDate(at + amount * unit);
}

/** Counts the boundaries of the part that lie between the two dates, not whole elapsed parts. */
export function dateDiff(part: string, from: number | undefined, to: number | undefined): Value {
  if (from === undefined || to === undefined) return undefined;
  const name = partName(part);
  if (name === 'year') return new Date(to).getUTCFullYear() - new Date(from).getUTCFullYear();
  if (name === 'month') return months(new Date(to)) - months(new Date(from));
  const unit = length(name);
  return unit === undefined ? undefined : Math.floor(to / unit) - Math.floor(from / unit);
}

export function datePart(part: string, at: number | undefined): Value {
  if (at === undefined) return undefined;
  const date = new Date(at);
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
    default:
      return undefined;
  }
}
