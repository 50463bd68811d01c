export interface ZoneOffset {
  /** `-05:00`; undefined where the zone's offset has seconds (local mean time before standard time). */
  readonly offset: string | undefined;
  readonly doubt?: 'gap' | 'overlap';
}

const formats = new Map<string, Intl.DateTimeFormat>();
const known = new Map<string, ZoneOffset>();
const day = 86_400_000;

/**
 * Offset of an IANA zone at a local time to the minute (`2024-03-10T02:30`). A time that happens twice (autumn) is the
 * first of the two; one that is skipped (spring) takes the offset before the change, as java.time does: the wall
 * clock stays as sent and the instant is the one a clock that was not yet changed would show.
 */
export function zoneOffset(zone: string, local: string): ZoneOffset {
  const key = `${zone} ${local}`;
  const cached = known.get(key);
  if (cached !== undefined) return cached;
  if (known.size > 10_000) known.clear();
  const result = compute(zone, Date.parse(`${local}Z`));
  known.set(key, result);
  return result;
}

function compute(zone: string, wall: number): ZoneOffset {
  const before = offsetAt(zone, wall - day);
  const after = offsetAt(zone, wall + day);
  if (before === after) return { offset: before };
  const fits = (offset: string): boolean => offsetAt(zone, wall - minutes(offset) * 60_000) === offset;
  if (before === undefined || after === undefined) return { offset: undefined };
  if (fits(before)) return fits(after) ? { offset: before, doubt: 'overlap' } : { offset: before };
  return fits(after) ? { offset: after } : { offset: before, doubt: 'gap' };
}

function offsetAt(zone: string, instant: number): string | undefined {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
    formats.set(zone, format);
  }
  const text = format.format(instant);
  const name = text.slice(text.indexOf('GMT') + 3);
  if (name === '') return '+00:00';
  return /^[+-]\d\d:\d\d$/.test(name) ? name : undefined;
}

function minutes(offset: string): number {
  const value = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(4));
  return offset.startsWith('-') ? -value : value;
}
