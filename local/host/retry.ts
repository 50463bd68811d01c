import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from './errors';
import type { HostedFunction, Invoker, TriggerEvent } from './invoker';
import type { RetryOptions } from './protocol';
import { InvocationError } from './worker-process';

/** Milliseconds before the given retry (1 is the first); `random` in [0, 1) spreads the exponential ones by ±20 %. */
export function retryDelay(policy: RetryOptions, retry: number, random: number): number {
  if (/fixed/i.test(policy.retryStrategy)) return (policy.delayInterval?.seconds ?? 0) * 1000;
  const minimum = (policy.minimumInterval?.seconds ?? 0) * 1000;
  const maximum = (policy.maximumInterval?.seconds ?? 0) * 1000;
  return Math.min(maximum, minimum * 2 ** (retry - 1) * (0.8 + 0.4 * random));
}

/**
 * Runs a function under its retry policy, which Azure has for timers and the change feed only; the count lives in
 * memory, so a restarted host begins again. Resolves to `stopped` when the host stops between two tries.
 */
export async function runWithRetry(
  invoker: Invoker,
  fn: HostedFunction & { retry?: RetryOptions },
  event: TriggerEvent,
  signal: AbortSignal,
): Promise<'succeeded' | 'failed' | 'stopped'> {
  const policy = fn.retry;
  let retryContext: Parameters<Invoker['run']>[2];
  for (let retry = 1; ; retry += 1) {
    try {
      await invoker.run(fn, event, retryContext);
      return 'succeeded';
    } catch (error) {
      if (!policy || (policy.maxRetryCount !== -1 && retry > policy.maxRetryCount)) return 'failed';
      const exception = error instanceof InvocationError ? error.exception : { message: messageOf(error) };
      retryContext = { retryCount: retry, maxRetryCount: policy.maxRetryCount, exception };
      try {
        await sleep(retryDelay(policy, retry, Math.random()), undefined, { signal });
      } catch {
        return 'stopped';
      }
    }
  }
}
