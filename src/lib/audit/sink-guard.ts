import { setTimeout as delay } from 'node:timers/promises';
import type { Classify } from './ports';

export interface Clock {
  now(): number;
  sleep(ms: number): Promise<unknown>;
}
export const systemClock: Clock = { now: () => Date.now(), sleep: (ms) => delay(ms) };

export type Guard = <T>(attempt: (signal: AbortSignal) => Promise<T>) => Promise<T>;

export interface GuardLimits {
  readonly attempts: number;
  readonly timeoutMs: number;
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1000;

/**
 * Deadline, retry and breaker around one sink. Each sink has its own: a broker in trouble says nothing about the
 * store. Throttling (429) is waited for but does not open the breaker: the service is well, we are too fast.
 */
export function createSinkGuard(
  { attempts, timeoutMs }: GuardLimits,
  classify: Classify,
  clock: Clock,
): Guard {
  const breaker = createBreaker(clock);
  return async (attempt) => {
    let pause = FIRST_PAUSE_MS;
    for (let n = 1; ; n++) {
      const leave = breaker.enter();
      try {
        const result = await withDeadline(timeoutMs, attempt);
        leave(true);
        return result;
      } catch (error) {
        const failure = error instanceof DeadlinePassed ? { kind: 'unavailable' } : classify(error);
        leave(failure.kind !== 'unavailable');
        const passing = failure.kind === 'unavailable' || failure.kind === 'throttled';
        if (!passing || n === attempts) throw error;
        // Decorrelated jitter: instances that failed together do not come back together.
        pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS + Math.random() * (pause * 3 - FIRST_PAUSE_MS));
        await clock.sleep(Math.min(LONGEST_PAUSE_MS, Math.max(pause, failure.retryAfterMs ?? 0)));
      }
    }
  };
}

/** Passing trouble, in the words of the SDKs' own errors. */
class DeadlinePassed extends Error {
  readonly retryable = true;
}
class BreakerOpen extends Error {
  readonly retryable = true;
}

/** The attempt may still land after its deadline. Deterministic ids make that harmless: the next one meets a 409. */
async function withDeadline<T>(ms: number, attempt: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const passed = new DeadlinePassed(`No answer within ${ms} ms`);
      controller.abort(passed);
      reject(passed);
    }, ms);
  });
  try {
    return await Promise.race([attempt(controller.signal), deadline]);
  } finally {
    clearTimeout(timer);
  }
}

const WINDOW_SECONDS = 30;
const MIN_CALLS = 10;
const FAILURE_SHARE = 0.5;
const OPEN_MS = 5_000;

/** Opens when half of the last 30 seconds' calls failed (at least ten), then lets one probe through every 5 s. */
function createBreaker(clock: Clock): { enter(): (ok: boolean) => void } {
  let seconds = new Map<number, { calls: number; failures: number }>();
  let openedAt: number | undefined;
  let probing = false;

  function count(ok: boolean): void {
    const now = clock.now();
    const second = Math.floor(now / 1000);
    const bucket = seconds.get(second) ?? { calls: 0, failures: 0 };
    seconds.set(second, { calls: bucket.calls + 1, failures: bucket.failures + (ok ? 0 : 1) });
    let [calls, failures] = [0, 0];
    for (const [at, counted] of seconds) {
      if (at <= second - WINDOW_SECONDS) seconds.delete(at);
      else [calls, failures] = [calls + counted.calls, failures + counted.failures];
    }
    if (calls >= MIN_CALLS && failures / calls >= FAILURE_SHARE) openedAt ??= now;
  }

  return {
    enter() {
      if (openedAt === undefined) return count;
      if (probing || clock.now() - openedAt < OPEN_MS) throw new BreakerOpen('The last calls failed');
      probing = true;
      return (ok) => {
        probing = false;
        seconds = new Map();
        openedAt = ok ? undefined : clock.now();
      };
    },
  };
}
