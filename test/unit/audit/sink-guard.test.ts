import { createSinkGuard, type Guard } from '../../../src/lib/audit/sink-guard';
import type { Failure } from '../../../src/lib/audit/ports';
import { inVirtualTime } from './fakes';

inVirtualTime();

/** The error is its own classification. */
const setUp = (): Guard => createSinkGuard({ attempts: 3, timeoutMs: 20 }, (error) => error as Failure);
const pass = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);
const failWith = (failure: Failure) => (): Promise<never> => Promise.reject(failure as unknown as Error);
const unavailable = { kind: 'unavailable' };

it('ends an attempt that does not answer, and tells it so', async () => {
  const guard = setUp();
  const signals: AbortSignal[] = [];
  const hanging = (signal: AbortSignal): Promise<never> => {
    signals.push(signal);
    return new Promise(() => undefined);
  };
  await expect(guard(hanging)).rejects.toThrow('No answer within 20 ms');
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, true]);
});

it('tries passing trouble again, waiting as long as a throttling service asks but no longer than a second', async () => {
  const guard = setUp();
  const answers = [
    failWith({ kind: 'throttled', retryAfterMs: 700 }),
    failWith({ kind: 'throttled', retryAfterMs: 9_000 }),
  ];
  const before = Date.now();
  expect(await guard(() => answers.shift()?.() ?? Promise.resolve('done'))).toBe('done');
  expect(Date.now() - before).toBe(1_700);
});

it('does not try what cannot succeed again', async () => {
  const guard = setUp();
  let calls = 0;
  const refused = (): Promise<never> => {
    calls++;
    return failWith({ kind: 'other' })();
  };
  await expect(guard(refused)).rejects.toEqual({ kind: 'other' });
  expect(calls).toBe(1);
});

describe('the breaker', () => {
  const callMany = async (guard: Guard, times: number, attempt: () => Promise<unknown>): Promise<number> => {
    let calls = 0;
    const counted = (): Promise<unknown> => {
      calls++;
      return attempt();
    };
    for (let i = 0; i < times; i++) await guard(counted).catch(() => undefined);
    return calls;
  };

  it('opens at half of at least ten calls, lets one probe through after 5 s, and closes when that one succeeds', async () => {
    const guard = setUp();
    expect(await callMany(guard, 20, failWith(unavailable))).toBe(10);
    // The call that opened it has slept since then, for a second at most.
    await pass(3_999);
    expect(await callMany(guard, 5, failWith(unavailable))).toBe(0);
    await pass(1_001);
    expect(await callMany(guard, 5, failWith(unavailable))).toBe(1);
    await pass(5_000);
    expect(await callMany(guard, 5, () => Promise.resolve())).toBe(5);
  });

  it('lets only one of many waiting callers probe, and the others follow or fail with it', async () => {
    const guard = setUp();
    await callMany(guard, 20, failWith(unavailable));
    expect(guard.state()).toBe('open');
    for (const [isBack, expected] of [
      [false, 1],
      [true, 8],
    ] as const) {
      await pass(5_000);
      let calls = 0;
      const attempt = (): Promise<void> => {
        calls++;
        return isBack ? Promise.resolve() : failWith(unavailable)();
      };
      const settled = await Promise.allSettled(Array.from({ length: 8 }, () => guard(attempt)));
      expect(calls).toBe(expected);
      expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(isBack ? 8 : 0);
    }
    expect(guard.state()).toBe('closed');
  });

  it('stays closed for throttling and refusals', async () => {
    const guard = setUp();
    expect(await callMany(guard, 20, failWith({ kind: 'other' }))).toBe(20);
    expect(await callMany(guard, 20, failWith({ kind: 'throttled' }))).toBe(60);
  });

  it('stays closed for failures that are rare among many calls', async () => {
    const guard = setUp();
    await callMany(guard, 40, () => Promise.resolve());
    expect(await callMany(guard, 10, failWith(unavailable))).toBe(30);
    expect(guard.state()).toBe('closed');
  });
});
