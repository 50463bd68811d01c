const PATTERN = /^P(?:(\d+)W|(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?)$/;
const MS = { week: 604_800_000, day: 86_400_000, hour: 3_600_000, minute: 60_000, second: 1000 };

/** Milliseconds of an ISO 8601 duration of fixed length, or undefined. Years and months have no fixed length. */
export function parseDuration(text: string): number | undefined {
  const match = PATTERN.exec(text);
  if (!match || text === 'P') return undefined;
  const part = (index: number): number => Number(match[index] ?? 0);
  return Math.round(
    part(1) * MS.week + part(2) * MS.day + part(3) * MS.hour + part(4) * MS.minute + part(5) * MS.second,
  );
}
