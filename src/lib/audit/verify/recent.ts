/** Clocks differ; more than this ahead of ours is a time that somebody made up. */
const CLOCK_SKEW_MS = 5 * 60 * 1000;

export const latestNow = (now: Date): number => now.getTime() + CLOCK_SKEW_MS;

/** Whether something of this instant may still be on its way. A time far in the future does not excuse it for ever. */
export function recentAt(now: Date, maximumMergeDelayMs: number): (instant: number) => boolean {
  const since = now.getTime() - maximumMergeDelayMs;
  return (instant) => instant > since && instant <= latestNow(now);
}
