import type { CodeableConcept, Duration, Quantity, Timing, TimingRepeat } from 'fhir/r4';
import { requestPriority } from '../codemaps/orders';
import { eventTiming, minutes, patternRepeat, repeatPattern, timeUnit, tqDuration } from '../codemaps/timing';
import { terminology } from '../codemaps/table';
import type { FieldReader } from '../reader';
import { set } from '../set';
import { dateTime } from './dtm';
import { period } from './dr';
import { parseDecimal, parsePositiveInt } from './nm';
import { quantityOf } from './observation-value';
import { quantity } from './quantity';

const ucum = 'http://unitsofmeasure.org';

/** How much, when and how urgently: what TQ (before v2.5) and TQ1 say of an order. */
export interface Schedule {
  quantity?: Quantity;
  timing?: Timing;
  start?: string;
  end?: string;
  priority?: NonNullable<ReturnType<typeof requestPriority>>;
  isAsNeeded?: true;
  /** TQ-7, TQ1-10: on what condition. */
  condition?: string;
  /** TQ-8, TQ1-11. */
  instruction?: string;
}

/** TQ: everything in one field. Repetitions of a schedule come as repetitions of the field. */
export function readTq(field: FieldReader): Schedule | undefined {
  const schedule: Schedule = {};
  const repeat: TimingRepeat = {};
  const amount = field.code(1);
  const decimal = amount === undefined ? undefined : parseDecimal(amount);
  const unit = field.get(1, 3) ?? field.code(1, 2);
  if (decimal !== undefined) schedule.quantity = quantity(decimal, unit === undefined ? undefined : { unit });
  const code = pattern(field.code(2), schedule, repeat);
  addTimesOfDay((field.code(2, 2) ?? '').split(','), repeat);
  const sent = field.code(3);
  const length = sent === undefined ? undefined : tqDuration(sent);
  if (length !== undefined && 'count' in length) repeat.count = length.count;
  const duration =
    length !== undefined && 'value' in length ? timeQuantity(length.value, length.unit) : undefined;
  const [start, end] = [dateTime(field, 4), dateTime(field, 5)];
  set(schedule, 'priority', requestPriority(field.code(6)?.toUpperCase()));
  set(schedule, 'condition', field.get(7));
  set(schedule, 'instruction', field.get(8));
  set(repeat, 'count', parsePositiveInt(field.code(12)) ?? repeat.count);
  return finish(schedule, code, repeat, bounds(start, end, duration, schedule, field));
}

export interface TimingFields {
  readonly quantity: FieldReader | undefined;
  readonly patterns: readonly FieldReader[];
  readonly times: readonly FieldReader[];
  readonly interval: FieldReader | undefined;
  readonly service: FieldReader | undefined;
  readonly start: FieldReader | undefined;
  readonly end: FieldReader | undefined;
  readonly priorities: readonly FieldReader[];
  readonly condition: FieldReader | undefined;
  readonly instruction: FieldReader | undefined;
  readonly duration: FieldReader | undefined;
  readonly occurrences: FieldReader | undefined;
}

/** TQ1. R4 has one pattern for a schedule: further repetitions of TQ1-3 stay in the raw copy. */
export function readTq1(fields: TimingFields): Schedule | undefined {
  const schedule: Schedule = {};
  const repeat: TimingRepeat = {};
  set(schedule, 'quantity', quantityOf(fields.quantity));
  const [first, ...others] = fields.patterns;
  const code = first === undefined ? undefined : repeatPatternOf(first, schedule, repeat);
  for (const other of others) other.keep('R4 has one pattern for a schedule.');
  // TQ1-5 overrides the interval of TQ1-3 (v2.5.1 ch. 4.5.4.5); the guide takes it for an offset.
  const interval = timeQuantityOf(fields.interval);
  if (interval?.code !== undefined)
    Object.assign(repeat, { frequency: 1, period: interval.value, periodUnit: interval.code });
  addTimesOfDay(
    fields.times.map((field) => field.code(1)),
    repeat,
    fields.times,
  );
  const length = timeQuantityOf(fields.duration);
  if (length?.code !== undefined)
    Object.assign(repeat, { duration: length.value, durationUnit: length.code });
  set(repeat, 'count', parsePositiveInt(fields.occurrences?.code(1)));
  for (const field of fields.priorities) readPriority(field, schedule);
  set(schedule, 'condition', fields.condition?.get(1));
  set(schedule, 'instruction', fields.instruction?.get(1));
  const [start, end] = [dateTime(fields.start), dateTime(fields.end)];
  const at = fields.start ?? fields.end ?? fields.service;
  return finish(schedule, code, repeat, bounds(start, end, timeQuantityOf(fields.service), schedule, at));
}

function readPriority(field: FieldReader, schedule: Schedule): void {
  const code = field.code(1)?.toUpperCase();
  field.get(2);
  field.get(3);
  const priority = requestPriority(code);
  if (code === 'PRN') schedule.isAsNeeded = true;
  else if (priority === undefined) field.keep('R4 has no such priority (table 0485).');
  else if (schedule.priority === undefined) schedule.priority = priority;
  else if (schedule.priority !== priority) field.keep('R4 has one priority for an order.');
}

/** RPT: pattern, period and event. */
function repeatPatternOf(
  field: FieldReader,
  schedule: Schedule,
  repeat: TimingRepeat,
): CodeableConcept | undefined {
  const code = pattern(field.code(1), schedule, repeat, field.get(1, 2));
  field.code(1, 3);
  const every = field.code(5);
  const number = every === undefined ? undefined : parseDecimal(every);
  const unit = timeUnit(field.code(6));
  if (number !== undefined && number.value > 0 && unit !== undefined) {
    Object.assign(repeat, { frequency: 1, period: number.value, periodUnit: unit });
  }
  const event = eventTiming(field.code(8)?.toUpperCase());
  if (event !== undefined) {
    repeat.when = [event];
    const offset = field.code(9);
    const away = offset === undefined ? undefined : parseDecimal(offset);
    const awayUnit = timeUnit(field.code(10) ?? 'min');
    if (away !== undefined && awayUnit !== undefined) set(repeat, 'offset', minutes(away.value, awayUnit));
  }
  return code;
}

function pattern(
  sent: string | undefined,
  schedule: Schedule,
  repeat: TimingRepeat,
  text?: string,
): CodeableConcept | undefined {
  if (sent === undefined) return text === undefined ? undefined : { text };
  const name = sent.toUpperCase();
  if (name.startsWith('PRN')) schedule.isAsNeeded = true;
  Object.assign(repeat, patternRepeat(name.replace(/^PRN(?=.)/, '')));
  const coding = repeatPattern(name);
  if (coding !== undefined) return { coding: [coding] };
  // A pattern that only its numbers tell (`Q36H`) is of the table; anything else is the sender's own word.
  return patternRepeat(name) === undefined
    ? { text: text ?? sent }
    : { coding: [{ system: `${terminology}/v2-0335`, code: name }] };
}

function addTimesOfDay(
  times: readonly (string | undefined)[],
  repeat: TimingRepeat,
  fields: readonly FieldReader[] = [],
): void {
  times.forEach((text, i) => {
    if (text === undefined || text === '') return;
    const [, hour, minute, second = '00'] = /^([01]\d|2[0-3]):?([0-5]\d)(?::?([0-5]\d))?$/.exec(text) ?? [];
    // R4 tim-10: times of day and events exclude each other.
    if (hour === undefined || minute === undefined || repeat.when !== undefined)
      fields[i]?.keep('No time of day that R4 can hold beside the event of the schedule.');
    else (repeat.timeOfDay ??= []).push(`${hour}:${minute}:${second}`);
  });
}

/** A CQ of time; R4 wants its unit as UCUM, so an amount of anything else is not one. */
function timeQuantityOf(field: FieldReader | undefined): Duration | undefined {
  const sent = field?.code(1);
  const decimal = sent === undefined ? undefined : parseDecimal(sent);
  if (field === undefined || sent === undefined) return undefined;
  const unit = timeUnit(field.code(2)) ?? timeUnit(field.code(2, 2));
  field.code(2, 3);
  if (decimal === undefined || decimal.value < 0 || unit === undefined) {
    return field.refuse('DURATION_UNIT', 'An amount of time has no unit of time; it was kept as sent.');
  }
  return timeQuantity(decimal.value, unit);
}

type TimeUnit = NonNullable<ReturnType<typeof timeUnit>>;
type TimeQuantity = Duration & { value: number; code: TimeUnit };
const timeQuantity = (value: number, unit: TimeUnit): TimeQuantity => ({
  value,
  unit,
  system: ucum,
  code: unit,
});

/** Start and end; with a start alone the service duration gives the end, with neither it stands for itself. */
function bounds(
  start: string | undefined,
  end: string | undefined,
  duration: Duration | undefined,
  schedule: Schedule,
  at: FieldReader | undefined,
): Pick<TimingRepeat, 'boundsPeriod' | 'boundsDuration'> {
  if (at === undefined) return {};
  if (start === undefined && end === undefined)
    return duration === undefined ? {} : { boundsDuration: duration };
  const until = end ?? (start === undefined || duration === undefined ? undefined : after(start, duration));
  const boundsPeriod = period(start, until, at);
  set(schedule, 'start', boundsPeriod?.start);
  set(schedule, 'end', boundsPeriod?.end);
  return boundsPeriod === undefined ? {} : { boundsPeriod };
}

/** Clock units need a start with a time; days and weeks keep the clock time and its offset. */
function after(start: string, { value, code }: Duration): string | undefined {
  if (value === undefined) return undefined;
  const days = code === 'd' ? value : code === 'wk' ? value * 7 : undefined;
  if (days !== undefined && Number.isInteger(days) && start.length >= 10) {
    const day = new Date(`${start.slice(0, 10)}T00:00:00Z`);
    day.setUTCDate(day.getUTCDate() + days);
    return Number.isNaN(day.getTime()) ? undefined : day.toISOString().slice(0, 10) + start.slice(10);
  }
  const length = code === undefined ? undefined : minutes(value, code as TimeUnit);
  const [, offset, sign, hours, mins] = /T.*(([+-])(\d\d):(\d\d))$/.exec(start) ?? [];
  if (days !== undefined || length === undefined || offset === undefined) return undefined;
  const shift = (Number(hours) * 60 + Number(mins)) * (sign === '-' ? -1 : 1);
  const local = new Date(Date.parse(start) + (length + shift) * 60_000);
  return Number.isNaN(local.getTime())
    ? undefined
    : local.toISOString().replace('.000Z', offset).replace('Z', offset);
}

/** Only a pattern or a repeat makes a Timing; bare limits are a period, and one bare time is a time. */
function finish(
  schedule: Schedule,
  code: CodeableConcept | undefined,
  repeat: TimingRepeat,
  limits: Pick<TimingRepeat, 'boundsPeriod' | 'boundsDuration'>,
): Schedule | undefined {
  if (code !== undefined || Object.keys(repeat).length > 0 || limits.boundsDuration !== undefined) {
    const all = { ...limits, ...repeat };
    const timing: Timing = {};
    if (Object.keys(all).length > 0) timing.repeat = all;
    set(timing, 'code', code);
    schedule.timing = timing;
  }
  return Object.keys(schedule).length === 0 ? undefined : schedule;
}
