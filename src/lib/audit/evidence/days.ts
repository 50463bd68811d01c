import { MedrelayError } from '../../errors';
import { dayOf } from '../identity';

export interface DayRange {
  /** Midnights in UTC; `to` is the one after the last day. */
  readonly from: string;
  readonly to: string;
  /** `yyyymmdd` */
  readonly days: readonly string[];
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** The whole days, in UTC, that the time from one instant up to another touches. */
export function daysBetween(from: string, to: string): DayRange {
  const start = Math.floor(Date.parse(from) / DAY_MS) * DAY_MS;
  const end = Math.ceil(Date.parse(to) / DAY_MS) * DAY_MS;
  if (!(start < end))
    throw new MedrelayError(
      'AUDIT_RANGE_INVALID',
      'from and to are instants such as 2026-03-01T00:00:00Z, and to is the later one.',
    );
  const days: string[] = [];
  for (let day = start; day < end; day += DAY_MS) days.push(dayOf(new Date(day).toISOString()));
  return { from: new Date(start).toISOString(), to: new Date(end).toISOString(), days };
}
