import type { Coding, TimingRepeat } from 'fhir/r4';
import { codings, table, terminology } from './table';

const abbreviation = codings(`${terminology}/v3-GTSAbbreviation`, {
  AM: ['AM', 'AM'],
  BID: ['BID', 'BID'],
  PM: ['PM', 'PM'],
  Q1H: ['Q1H', 'every hour'],
  Q2H: ['Q2H', 'every 2 hours'],
  Q3H: ['Q3H', 'every 3 hours'],
  Q4H: ['Q4H', 'Q4H'],
  Q6H: ['Q6H', 'Q6H'],
  Q8H: ['Q8H', 'every 8 hours'],
  QD: ['QD', 'QD'],
  Q1D: ['QD', 'QD'],
  QID: ['QID', 'QID'],
  QOD: ['QOD', 'QOD'],
  TID: ['TID', 'TID'],
});
const pattern = codings(`${terminology}/v2-0335`, {
  C: ['C', 'service is provided continuously between start time and stop time'],
  ONCE: ['Once', 'one time only.'],
  PRN: ['PRN', 'given as needed'],
  QAM: ['QAM', 'in the morning at institution-specified time'],
  QHS: ['QHS', 'every day before the hour of sleep'],
  QPM: ['QPM', 'in the evening at institution-specified time'],
  QSHIFT: ['QSHIFT', 'during each of three eight-hour shifts at institution-specified times'],
});
/** HL7 table 0335 (guide: RepeatPattern). */
export const repeatPattern = (code: string): Coding | undefined => abbreviation(code) ?? pattern(code);

type Unit = NonNullable<TimingRepeat['periodUnit']>;
/** The letters of `Q4H` and of a TQ duration (`D4`); L is months. */
const intervalUnit = table<Unit>({ S: 's', M: 'min', H: 'h', D: 'd', W: 'wk', L: 'mo' });

/** What the pattern's name says in numbers; times of day that each institution decides itself stay a name. */
export function patternRepeat(code: string): TimingRepeat | undefined {
  const [, count, unit] = /^Q(\d{1,4})([SMHDWL])$/.exec(code) ?? [];
  if (count !== undefined && Number(count) > 0) {
    return { frequency: 1, period: Number(count), periodUnit: intervalUnit(unit) ?? 'd' };
  }
  const perDay = dailyCount(code) ?? Number(/^(\d{1,2})ID$/.exec(code)?.[1] ?? 0);
  if (perDay > 0) return { frequency: perDay, period: 1, periodUnit: 'd' };
  return code === 'QOD' ? { frequency: 1, period: 2, periodUnit: 'd' } : undefined;
}

const dailyCount = table<number>({ QD: 1, BID: 2, TID: 3, QID: 4 });

/** HL7 table 0528 (RPT-8): the codes that R4's event-timing has too. */
export const eventTiming = table<NonNullable<TimingRepeat['when']>[number]>({
  AC: 'AC',
  ACD: 'ACD',
  ACM: 'ACM',
  ACV: 'ACV',
  HS: 'HS',
  PC: 'PC',
  PCD: 'PCD',
  PCM: 'PCM',
  PCV: 'PCV',
});

const timeUnits = table<Unit>({
  a: 'a',
  ann: 'a',
  d: 'd',
  day: 'd',
  days: 'd',
  h: 'h',
  hour: 'h',
  hours: 'h',
  hr: 'h',
  min: 'min',
  minute: 'min',
  minutes: 'min',
  mo: 'mo',
  month: 'mo',
  months: 'mo',
  s: 's',
  sec: 's',
  second: 's',
  seconds: 's',
  week: 'wk',
  weeks: 'wk',
  wk: 'wk',
  y: 'a',
  year: 'a',
  years: 'a',
});
/** A unit of time, in UCUM, ISO+ or words, as UCUM. */
export const timeUnit = (text: string | undefined): Unit | undefined => timeUnits(text?.toLowerCase());

/** TQ-3: `D4` is four days, `X3` three times. */
export function tqDuration(text: string): { value: number; unit: Unit } | { count: number } | undefined {
  const [, letter, number] = /^([SMHDWLX])(\d{1,6})$/.exec(text.toUpperCase()) ?? [];
  if (number === undefined || Number(number) === 0) return undefined;
  if (letter === 'X') return { count: Number(number) };
  const unit = intervalUnit(letter);
  return unit === undefined ? undefined : { value: Number(number), unit };
}

const minutesOf = { s: 1 / 60, min: 1, h: 60, d: 1440, wk: 10080 } as const;
/** Whole minutes of an amount of time; months and years have no fixed length. */
export function minutes(value: number, unit: Unit): number | undefined {
  const factor = unit in minutesOf ? minutesOf[unit as keyof typeof minutesOf] : undefined;
  const total = factor === undefined ? undefined : value * factor;
  return total !== undefined && Number.isInteger(total) && total >= 0 ? total : undefined;
}
