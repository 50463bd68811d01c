import type { Period } from 'fhir/r4';
import type { FieldReader } from '../reader';
import { dateTime } from './dtm';

/** A Period of what is known. One that would end before it starts breaks R4's per-1 and keeps its start only. */
export function period(
  start: string | undefined,
  end: string | undefined,
  at: { report: FieldReader['report'] },
): Period | undefined {
  if (start === undefined) return end === undefined ? undefined : { end };
  if (end === undefined) return { start };
  if (!endsBefore(start, end)) return { start, end };
  at.report('warning', 'PERIOD_REVERSED', 'A period ends before it starts; its end was left out.');
  return { start };
}

/** Compares what both say: dates as text, times as instants. */
function endsBefore(start: string, end: string): boolean {
  if (start.includes('T') && end.includes('T')) return Date.parse(end) < Date.parse(start);
  const length =
    Math.min(start.indexOf('T') + 1 || 11, end.indexOf('T') + 1 || 11, start.length + 1, end.length + 1) - 1;
  return end.slice(0, length) < start.slice(0, length);
}

/** DR as a field: start^end. */
export function dateRange(field: FieldReader | undefined): Period | undefined {
  return field === undefined ? undefined : period(dateTime(field, 1), dateTime(field, 2), field);
}
