import {
  BrokenCircuitError,
  circuitBreaker,
  CircuitState,
  DelegateBackoff,
  handleWhen,
  retry,
  SamplingBreaker,
  TaskCancelledError,
  timeout,
  TimeoutStrategy,
  wrap,
} from 'cockatiel';
import type { Classify } from './ports';

/** `open`: the sink is not asked at the moment; `probing`: one call finds out whether it is back. */
export type BreakerState = 'closed' | 'probing' | 'open';

export interface Guard {
  <T>(attempt: (signal: AbortSignal) => Promise<T>): Promise<T>;
  state(): BreakerState;
}

export interface GuardLimits {
  readonly attempts: number;
  readonly timeoutMs: number;
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1000;
const OPEN_MS = 5_000;
/**
 * Half of the calls failed within the last 30 seconds that had any, and there were ten at least: an instance that
 * records an event every few seconds must notice an outage too, or each of its events waits for all attempts.
 */
const SAMPLING = { threshold: 0.5, duration: 30_000, minimumRps: 10 / 30 };

/**
 * Deadline, breaker and retry around one sink. Each sink has its own: a broker in trouble says nothing about the
 * store. Only what speaks of an outage counts for the breaker (408, 449, 5xx, connections, deadlines). Throttling
 * (429) is waited for: the service is well, we are too fast. A refusal (400, 401, 403, 413) is nobody's outage.
 */
export function createSinkGuard({ attempts, timeoutMs }: GuardLimits, classify: Classify): Guard {
  const isOutage = (error: Error): boolean =>
    error instanceof TaskCancelledError || classify(error).kind === 'unavailable';
  const isPassing = (error: Error): boolean => isOutage(error) || classify(error).kind === 'throttled';
  const breaker = circuitBreaker(handleWhen(isOutage), {
    halfOpenAfter: OPEN_MS,
    breaker: new SamplingBreaker(SAMPLING),
  });
  const policy = wrap(
    retry(handleWhen(isPassing), { maxAttempts: attempts - 1, backoff: backoff(classify) }),
    breaker,
    // Aborts the attempt and goes on without waiting for it to obey: an SDK asleep between its own retries does not
    // listen. The attempt may still land; deterministic ids make that harmless, for the next one meets a 409.
    timeout(timeoutMs, TimeoutStrategy.Aggressive),
  );
  const guard = async <T>(attempt: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    try {
      return await policy.execute(({ signal }) => attempt(signal));
    } catch (error) {
      if (error instanceof BrokenCircuitError) throw new SinkAway('The last calls failed', error);
      if (error instanceof TaskCancelledError) throw new SinkAway(`No answer within ${timeoutMs} ms`, error);
      throw error;
    }
  };
  return Object.assign(guard, { state: () => stateOf(breaker.state) });
}

/** Passing trouble, in the words of the SDKs' own errors. */
class SinkAway extends Error {
  readonly retryable = true;
  constructor(message: string, cause: Error) {
    super(message, { cause });
  }
}

/** Decorrelated jitter: instances that failed together do not come back together. */
function backoff(classify: Classify): DelegateBackoff<{ readonly result: object }, number> {
  return new DelegateBackoff(({ result }, before = FIRST_PAUSE_MS) => {
    const pause = FIRST_PAUSE_MS + Math.random() * (before * 3 - FIRST_PAUSE_MS);
    const asked = 'error' in result ? (classify(result.error).retryAfterMs ?? 0) : 0;
    return {
      delay: Math.min(LONGEST_PAUSE_MS, Math.max(pause, asked)),
      state: Math.min(LONGEST_PAUSE_MS, pause),
    };
  });
}

function stateOf(state: CircuitState): BreakerState {
  if (state === CircuitState.Closed) return 'closed';
  return state === CircuitState.HalfOpen ? 'probing' : 'open';
}

/** The three places an event can be durable in, in the order they are tried. */
export interface SinkGuards {
  readonly store: Guard;
  readonly queue: Guard;
  readonly journal: Guard;
}

export function createSinkGuards(classify: Classify): SinkGuards {
  return {
    store: createSinkGuard({ attempts: 3, timeoutMs: 2_000 }, classify),
    queue: createSinkGuard({ attempts: 2, timeoutMs: 5_000 }, classify),
    journal: createSinkGuard({ attempts: 2, timeoutMs: 10_000 }, classify),
  };
}
