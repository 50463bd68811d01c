import type { FieldReader } from '../reader';
import { zoneOffset } from './time-zone';

/** A DTM / TS / DT as sent: parts that were not sent are undefined, nothing is padded. */
export interface Dtm {
  readonly year: string;
  readonly month: string | undefined;
  readonly day: string | undefined;
  readonly hour: string | undefined;
  readonly minute: string | undefined;
  readonly second: string | undefined;
  readonly fraction: string | undefined;
  /** `-05:00`; undefined when none was sent. */
  readonly offset: string | undefined;
}

/* HL7 v2.5.1 ch. 2.A.22: YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ]. */
const shape = /^(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:\.(\d{1,9}))?)?)?)?)?)?([+-]\d{4})?$/;

export function parseDtm(text: string): Dtm | undefined {
  const match = shape.exec(text);
  if (match === null) return undefined;
  const [, year = '', month, day, hour, minute, second, fraction, zone] = match;
  if (year === '0000' || !isCalendarDate(year, month, day) || !isClockTime(hour, minute, second, fraction)) {
    return undefined;
  }
  const offset = zone === undefined ? undefined : `${zone.slice(0, 3)}:${zone.slice(3)}`;
  if (offset !== undefined && !fhirOffset.test(offset)) return undefined;
  const parts = { year, month, day, hour, minute, second, fraction, offset };
  return hour === '24' ? nextMidnight(parts) : parts;
}

/* R4 dateTime: offsets up to 14:00. */
const fhirOffset = /^[+-](?:0\d|1[0-3]):[0-5]\d$|^[+-]14:00$/;

function isCalendarDate(year: string, month: string | undefined, day: string | undefined): boolean {
  if (month === undefined) return true;
  const m = Number(month);
  if (m < 1 || m > 12) return false;
  if (day === undefined) return true;
  const d = Number(day);
  return d >= 1 && (d <= 28 || d <= daysInMonth(Number(year), m));
}

const daysInMonth = (year: number, month: number): number => {
  const date = new Date(0);
  date.setUTCFullYear(year, month, 0);
  return date.getUTCDate();
};

/** 24:00 is the end of a day (ISO 8601); 60 is a leap second, which R4 allows. */
function isClockTime(
  hour: string | undefined,
  minute: string | undefined,
  second: string | undefined,
  fraction: string | undefined,
): boolean {
  if (hour === undefined) return true;
  if (hour === '24') return !/[1-9]/.test(`${minute ?? ''}${second ?? ''}${fraction ?? ''}`);
  return hour < '24' && (minute === undefined || minute < '60') && (second === undefined || second <= '60');
}

/** R4 has no 24:00: the same instant is 00:00 of the next day. */
function nextMidnight(parts: Dtm): Dtm {
  const date = new Date(0);
  date.setUTCFullYear(Number(parts.year), Number(parts.month) - 1, Number(parts.day) + 1);
  const [year = '', month, day] = date.toISOString().slice(0, 10).split('-');
  return { ...parts, year, month, day, hour: '00' };
}

const invalid = 'The date or time is not valid HL7 (YYYY[MM[DD[HH[MM[SS]]]]][+/-ZZZZ]); it was kept as sent.';
const noZone = 'A time without a zone became a date: set timeZone in the sender profile to carry times.';
const hourOnly = 'A time of hours without minutes became a date: FHIR R4 has no such precision.';

/** The valid time in a component of a field; an invalid one is reported and kept. */
export function readDtm(field: FieldReader | undefined, component = 1, sub = 1): Dtm | undefined {
  const text = field?.code(component, sub);
  if (field === undefined || text === undefined) return undefined;
  const time = parseDtm(text);
  if (time !== undefined) return time;
  field.report('warning', 'DTM_INVALID', invalid, component);
  if (component === 1 && field.repetition.componentCount === 1) field.keep(invalid);
  return undefined;
}

export function date(time: Dtm): string {
  const { year, month, day } = time;
  return month === undefined ? year : day === undefined ? `${year}-${month}` : `${year}-${month}-${day}`;
}

/**
 * R4 demands seconds and a zone with every time; it allows zero-filled seconds (R4 2.24.0.1, dateTime), so minutes
 * are carried. The zone is the one sent, else the sender's zone at that date; with neither the date alone is true.
 */
export function dateTime(field: FieldReader | undefined, component = 1, sub = 1): string | undefined {
  const time = readDtm(field, component, sub);
  return field === undefined || time === undefined ? undefined : dateTimeOf(time, field);
}

export function dateTimeOf(time: Dtm, field: FieldReader): string {
  if (time.hour === undefined) return date(time);
  if (time.minute === undefined) {
    field.reportOnce('info', 'DTM_HOUR_ONLY', hourOnly);
    return date(time);
  }
  const offset = time.offset ?? localOffset(time, field);
  if (offset === undefined) {
    field.reportOnce('info', 'TIME_ZONE_UNKNOWN', noZone);
    return date(time);
  }
  const { hour, minute, second = '00', fraction } = time;
  return `${date(time)}T${hour}:${minute}:${second}${fraction === undefined ? '' : `.${fraction}`}${offset}`;
}

/** An instant only where date, time and zone are all known. */
export function instant(field: FieldReader | undefined, component = 1): string | undefined {
  const value = dateTime(field, component);
  return value?.includes('T') ? value : undefined;
}

export function dateOnly(field: FieldReader | undefined, component = 1): string | undefined {
  const time = readDtm(field, component);
  return time === undefined ? undefined : date(time);
}

function localOffset(time: Dtm, field: FieldReader): string | undefined {
  const { timeZone } = field.sender.profile;
  if (timeZone === undefined || time.month === undefined || time.day === undefined) return undefined;
  const { offset, doubt } = zoneOffset(
    timeZone,
    `${time.year}-${time.month}-${time.day}T${time.hour ?? '00'}:${time.minute ?? '00'}`,
  );
  if (doubt === 'gap') {
    field.report(
      'info',
      'LOCAL_TIME_SKIPPED',
      'The local time does not exist (clocks went forward); it was read with the offset before the change.',
    );
  } else if (doubt === 'overlap') {
    field.report(
      'info',
      'LOCAL_TIME_TWICE',
      'The local time happened twice (clocks went back); it was read as the first of the two.',
    );
  }
  return offset;
}

/* HL7 TM: HH[MM[SS[.S[S[S[S]]]]]][+/-ZZZZ]; R4 time has no zone and needs seconds. */
const clock = /^(\d\d)(\d\d)(?:(\d\d)(?:\.(\d{1,9}))?)?([+-]\d{4})?$/;

/** R4 `time`; undefined when the text is not one, or carries a zone that `time` cannot hold. */
export function parseTm(text: string): string | undefined {
  const match = clock.exec(text);
  if (match === null) return undefined;
  const [, hour = '', minute = '', second = '00', fraction, zone] = match;
  if (zone !== undefined || hour > '23' || minute > '59' || second > '59') return undefined;
  return `${hour}:${minute}:${second}${fraction === undefined ? '' : `.${fraction}`}`;
}
