import { HostError } from './errors';

const TIMESPAN = /^(?:(\d+)\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,7}))?)?$/;

export const isTimeSpan = (text: string): boolean => TIMESPAN.test(text.trim());

/**
 * Milliseconds of a .NET TimeSpan, `[d.]hh:mm[:ss[.fffffff]]`. Hours above 23 are refused: .NET reads "24:00:00"
 * as 24 days, which nobody means.
 */
export function parseTimeSpan(text: string, where: string): number {
  const match = TIMESPAN.exec(text.trim());
  if (!match)
    throw new HostError(`${where}: "${text}" is not a time span; write it as hh:mm:ss or d.hh:mm:ss.`);
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1, 5).map((part) => Number(part ?? 0));
  if (hours > 23 || minutes > 59 || seconds > 59) {
    throw new HostError(
      `${where}: "${text}" is out of range (hours 0-23, minutes and seconds 0-59); write days as d.hh:mm:ss.`,
    );
  }
  const fraction = Number(`0.${match[5] ?? '0'}`);
  return Math.round((((days * 24 + hours) * 60 + minutes) * 60 + seconds + fraction) * 1000);
}
