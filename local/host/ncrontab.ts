import { HostError } from './errors';
import { isTimeSpan, parseTimeSpan } from './timespan';

/** When a timer fires: the first instant strictly after `after`, or undefined when there is none. */
export interface Schedule {
  next(after: Date): Date | undefined;
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

interface FieldKind {
  name: string;
  min: number;
  max: number;
  names?: readonly string[];
}
const SECOND: FieldKind = { name: 'second', min: 0, max: 59 };
const FIVE: readonly FieldKind[] = [
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day', min: 1, max: 31 },
  { name: 'month', min: 1, max: 12, names: MONTHS },
  { name: 'day of week', min: 0, max: 6, names: DAYS },
];

/** A timer's `schedule`: NCRONTAB with six fields (five are accepted, at second 0), or a TimeSpan. */
export function parseSchedule(text: string, where: string): Schedule {
  return isTimeSpan(text) ? everySpan(parseTimeSpan(text, where), text, where) : parseNcrontab(text, where);
}

function everySpan(ms: number, text: string, where: string): Schedule {
  if (ms <= 0) throw new HostError(`${where}: the time span "${text}" must be longer than zero.`);
  return { next: (after) => new Date(after.getTime() + ms) };
}

/**
 * Semantics of the NCrontab library, which Azure uses: day and day of week must *both* match (Unix cron takes
 * either), `a/n` runs from a to the end of the field, a reversed range is turned round.
 */
export function parseNcrontab(text: string, where: string): Schedule {
  const parts = text.trim().split(/\s+/);
  if (parts.length !== 5 && parts.length !== 6) {
    throw new HostError(
      `${where}: the schedule "${text}" has ${parts.length} field(s); NCRONTAB has six: {second} {minute} {hour} {day} {month} {day of week}.`,
    );
  }
  const kinds = parts.length === 6 ? [SECOND, ...FIVE] : FIVE;
  const sets = kinds.map((kind, index) => parseField(parts[index] ?? '', kind, text, where));
  const [seconds, minutes, hours, days, months, weekdays] =
    parts.length === 6 ? sets : [new Set([0]), ...sets];
  if (!seconds || !minutes || !hours || !days || !months || !weekdays)
    throw new HostError(`${where}: empty schedule.`);

  // Every step goes forward in real time and the fields are read in the process's zone, so a clock change
  // neither hides an hour nor loops: a wall time that occurs twice fires twice, one that never occurs does not.
  const next = (after: Date): Date | undefined => {
    let at = new Date(Math.floor(after.getTime() / 1000) * 1000 + 1000);
    // The longest gap is that of 29 February on a given weekday across a century: 40 years.
    const lastYear = at.getFullYear() + 41;
    while (at.getFullYear() <= lastYear) {
      if (!months.has(at.getMonth() + 1)) at = new Date(at.getFullYear(), at.getMonth() + 1, 1);
      else if (!days.has(at.getDate()) || !weekdays.has(at.getDay()))
        at = new Date(at.getFullYear(), at.getMonth(), at.getDate() + 1);
      else if (!hours.has(at.getHours()))
        at = new Date(at.getTime() + ((60 - at.getMinutes()) * 60 - at.getSeconds()) * 1000);
      else if (!minutes.has(at.getMinutes())) at = new Date(at.getTime() + (60 - at.getSeconds()) * 1000);
      else if (!seconds.has(at.getSeconds())) at = new Date(at.getTime() + 1000);
      else return at;
    }
    return undefined;
  };
  return { next };
}

function parseField(field: string, kind: FieldKind, text: string, where: string): Set<number> {
  const fail = (why: string): never => {
    throw new HostError(`${where}: the ${kind.name} field "${field}" of the schedule "${text}" ${why}.`);
  };
  const value = (token: string): number => {
    const byName =
      kind.names?.findIndex((name) => token.length >= 3 && token.toLowerCase().startsWith(name)) ?? -1;
    const number = byName >= 0 ? byName + kind.min : /^\d+$/.test(token) ? Number(token) : NaN;
    if (Number.isNaN(number)) fail(`has "${token}", which is not a value`);
    if (number < kind.min || number > kind.max) fail(`must be within ${kind.min}-${kind.max}`);
    return number;
  };
  const result = new Set<number>();
  for (const item of field.split(',')) {
    const [range = '', stepText, ...rest] = item.split('/');
    if (rest.length) fail('has more than one step');
    const step = stepText === undefined ? 1 : Number(stepText);
    if (!Number.isInteger(step) || step < 1) fail('has a step that is not a whole number above zero');
    let from: number;
    let to: number;
    if (range === '*') [from, to] = [kind.min, kind.max];
    else if (range.includes('-')) {
      const ends = range.split('-');
      if (ends.length !== 2) fail('has a broken range');
      [from, to] = [value(ends[0] ?? ''), value(ends[1] ?? '')];
      if (from > to) [from, to] = [to, from];
    } else {
      from = value(range);
      to = step === 1 ? from : kind.max;
    }
    for (let n = from; n <= to; n += step) result.add(n);
  }
  return result;
}
