import { createSinkGuard, type Guard } from '../../../src/lib/audit/sink-guard';
import type { Failure } from '../../../src/lib/audit/ports';

/** The error is its own classification. */
function setUp(): { guard: Guard; slept: number[]; pass: (ms: number) => void } {
  const slept: number[] = [];
  let now = 1_000_000;
  const clock = {
    now: () => now,
    sleep: (ms: number) => {
      slept.push(ms);
      now += ms;
      return Promise.resolve();
    },
  };
  const guard = createSinkGuard({ attempts: 3, timeoutMs: 20 }, (error) => error as Failure, clock);
  return { guard, slept, pass: (ms) => (now += ms) };
}
const failWith = (failure: Failure) => (): Promise<never> => Promise.reject(failure as unknown as Error);
const unavailable = { kind: 'unavailable' };

it('ends an attempt that does not answer, and tells it so', async () => {
  const { guard } = setUp();
  const signals: AbortSignal[] = [];
  const hanging = (signal: AbortSignal): Promise<never> => {
    signals.push(signal);
    return new Promise(() => undefined);
  };
  await expect(guard(hanging)).rejects.toThrow('No answer within 20 ms');
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, true]);
});

it('tries passing trouble again, waiting as long as a throttling service asks but no longer than a second', async () => {
  const { guard, slept } = setUp();
  const answers = [
    failWith({ kind: 'throttled', retryAfterMs: 700 }),
    failWith({ kind: 'throttled', retryAfterMs: 9_000 }),
  ];
  expect(await guard(() => answers.shift()?.() ?? Promise.resolve('done'))).toBe('done');
  expect(slept).toEqual([700, 1000]);
});

it('does not try what cannot succeed again', async () => {
  const { guard, slept } = setUp();
  let calls = 0;
  const refused = (): Promise<never> => {
    calls++;
    return failWith({ kind: 'other' })();
  };
  await expect(guard(refused)).rejects.toEqual({ kind: 'other' });
  expect([calls, slept]).toEqual([1, []]);
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
    const { guard, pass } = setUp();
    expect(await callMany(guard, 20, failWith(unavailable))).toBe(10);
    // The call that opened it has slept since then, for a second at most.
    pass(3_999);
    expect(await callMany(guard, 5, failWith(unavailable))).toBe(0);
    pass(1_001);
    expect(await callMany(guard, 5, failWith(unavailable))).toBe(1);
    pass(5_000);
    expect(await callMany(guard, 5, () => Promise.resolve())).toBe(5);
  });

  it('lets only one of many waiting callers probe', async () => {
    const { guard, pass } = setUp();
    await callMany(guard, 20, failWith(unavailable));
    pass(5_000);
    let calls = 0;
    const settled = await Promise.allSettled(
      Array.from({ length: 8 }, () => guard(() => Promise.resolve(void calls++))),
    );
    expect(calls).toBe(1);
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('stays closed for throttling and refusals', async () => {
    const { guard } = setUp();
    expect(await callMany(guard, 20, failWith({ kind: 'other' }))).toBe(20);
    expect(await callMany(guard, 20, failWith({ kind: 'throttled' }))).toBe(60);
  });

  it('stays closed for failures that are old, or rare among many calls', async () => {
    const { guard, pass } = setUp();
    for (let i = 0; i < 5; i++) {
      expect(await callMany(guard, 2, failWith(unavailable))).toBe(6);
      pass(31_000);
    }
    await callMany(guard, 40, () => Promise.resolve());
    expect(await callMany(guard, 10, failWith(unavailable))).toBe(30);
  });
});
