import type { ServiceBusReceivedMessage } from '@azure/service-bus';
import { renewLock } from '../../../local/host/triggers/lock-renewal';

const LOCK_MS = 60_000;
let renewals: number[];
let isBroken: boolean;
let message: ServiceBusReceivedMessage;
const receiver = {
  async renewMessageLock(): Promise<Date> {
    renewals.push(Date.now());
    if (isBroken) throw new Error('no connection');
    return (message.lockedUntilUtc = new Date(Date.now() + LOCK_MS));
  },
};

beforeEach(() => {
  jest.useFakeTimers({ now: 0 });
  [renewals, isBroken] = [[], false];
  message = { lockedUntilUtc: new Date(LOCK_MS) } as ServiceBusReceivedMessage;
});
afterEach(() => jest.useRealTimers());

test('a lock is renewed at half of its time until told to stop', async () => {
  const stop = renewLock(receiver, message, 60 * LOCK_MS);
  await jest.advanceTimersByTimeAsync(2.2 * LOCK_MS);
  expect(renewals).toEqual([0.5, 1, 1.5, 2].map((locks) => locks * LOCK_MS));
  stop();
  await jest.advanceTimersByTimeAsync(10 * LOCK_MS);
  expect(renewals).toHaveLength(4);
  expect(jest.getTimerCount()).toBe(0);
});

test('no longer than the host allows', async () => {
  renewLock(receiver, message, 1.8 * LOCK_MS);
  await jest.advanceTimersByTimeAsync(10 * LOCK_MS);
  expect(renewals).toEqual([0.5, 1].map((locks) => locks * LOCK_MS));
  expect(jest.getTimerCount()).toBe(0);
});

test('a try that fails is repeated while the lock lasts', async () => {
  isBroken = true;
  renewLock(receiver, message, 60 * LOCK_MS);
  await jest.advanceTimersByTimeAsync(0.6 * LOCK_MS);
  isBroken = false;
  await jest.advanceTimersByTimeAsync(0.2 * LOCK_MS);
  expect(renewals).toEqual([0.5, 0.75].map((locks) => locks * LOCK_MS));
  isBroken = true;
  await jest.advanceTimersByTimeAsync(10 * LOCK_MS);
  expect(jest.getTimerCount()).toBe(0);
});
