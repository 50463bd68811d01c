import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { message as amqp } from 'rhea';
import { parseMessage } from '../../../local/servicebus/codec';
import { Queue, type EntityContext, type QueueSettings } from '../../../local/servicebus/entity/queue';
import { Store } from '../../../local/servicebus/store';
import { temporaryDirectory } from '../../integration/servicebus/endpoint';

const directory = temporaryDirectory();
afterAll(directory.remove);

const MINUTE = 60_000;
const settings: QueueSettings = {
  lockDuration: MINUTE,
  maxDeliveryCount: 3,
  defaultTimeToLive: null,
  deadLetteringOnMessageExpiration: true,
  duplicateWindow: null,
  requiresSession: false,
  maxSize: Infinity,
  forwardTo: null,
  forwardDeadLettersTo: null,
  status: 'Active',
};

function onClock(changes: Partial<QueueSettings>, act: (on: ReturnType<typeof build>) => void): void {
  const file = join(directory.path, 'queue.db');
  rmSync(file, { force: true });
  const on = build(file, { ...settings, ...changes });
  act(on);
  on.store.commit();
  on.store.close();
}

function build(file: string, with_: QueueSettings) {
  const store = new Store(file);
  const clock = { now: 1_000_000 };
  const context: EntityContext = {
    now: () => clock.now,
    onAvailable: () => undefined,
    onSessionLost: () => undefined,
    forward: () => undefined,
  };
  const dead = new Queue('q/$DeadLetterQueue', settings, store.entity('q/$DeadLetterQueue'), context);
  const transferDeadLetters = new Queue('q/$Transfer', settings, store.entity('q/$Transfer'), context);
  const queue = new Queue('q', with_, store.entity('q'), context, { deadLetters: dead, transferDeadLetters });
  const send = (body: string, fields: object = {}): number | undefined =>
    queue.enqueue(parseMessage(amqp.encode({ body, ...fields })));
  const take = (from = queue): { token: string; body: unknown; count: unknown } | undefined => {
    const delivery = from.take(false);
    const decoded = delivery && amqp.decode(delivery.bytes);
    return (
      decoded && { token: delivery.token ?? '', body: decoded['body'], count: decoded['delivery_count'] }
    );
  };
  const after = (ms: number): void => {
    clock.now += ms;
    queue.tick();
  };
  return { store, clock, queue, dead, send, take, after };
}

const token = (taken: { token: string } | undefined): string => taken?.token ?? 'none';

describe('a queue on a clock', () => {
  test('a lock ends on its last millisecond, not before', () =>
    onClock({}, ({ queue, send, take, after }) => {
      send('a');
      const first = take();
      expect(queue.nextDeadline).toBe(1_060_000);
      after(MINUTE - 1);
      expect(take()).toBeUndefined();
      after(1);
      expect(queue.settle(token(first), { kind: 'complete' })).toBe('com.microsoft:message-lock-lost');
      expect(take()).toMatchObject({ body: 'a', count: 1 });
    }));

  test('a lock that has run out is lost even before anybody has noticed', () =>
    onClock({}, ({ queue, clock, send, take }) => {
      send('a');
      const first = take();
      clock.now += MINUTE;
      expect(queue.renew([token(first)])).toBeUndefined();
      expect(queue.settle(token(first), { kind: 'complete' })).toBe('com.microsoft:message-lock-lost');
    }));

  test('renewed locks end in the order of their new ends', () =>
    onClock({}, ({ queue, send, take, after }) => {
      send('a');
      send('b');
      const [a] = [take(), take()];
      after(MINUTE / 2);
      expect(queue.renew([token(a)])).toEqual([1_000_000 + 1.5 * MINUTE]);
      after(MINUTE / 2);
      expect(take()).toMatchObject({ body: 'b', count: 1 });
      expect(take()).toBeUndefined();
      expect(queue.settle(token(a), { kind: 'complete' })).toBeUndefined();
    }));

  test('release gives back without counting, abandon counts, and the order stays', () =>
    onClock({}, ({ queue, send, take }) => {
      for (const body of ['a', 'b', 'c']) send(body);
      const [a, b] = [take(), take()];
      queue.settle(token(b), { kind: 'abandon', properties: {} });
      queue.settle(token(a), { kind: 'release' });
      expect([take(), take(), take()].map((taken) => [taken?.body, taken?.count])).toEqual([
        ['a', 0],
        ['b', 1],
        ['c', 0],
      ]);
    }));

  test('expiry of locks counts towards the last delivery', () =>
    onClock({}, ({ send, take, after, dead }) => {
      send('a');
      for (let delivery = 0; delivery < 3; delivery++) {
        expect(take()).toMatchObject({ count: delivery });
        after(MINUTE);
      }
      expect(take()).toBeUndefined();
      expect(take(dead)).toMatchObject({ body: 'a', count: 3 });
    }));

  test('a locked message does not expire; it does when the lock ends', () =>
    onClock({}, ({ send, take, after, queue, dead }) => {
      send('a', { ttl: 1000 });
      take();
      after(2000);
      expect(dead.counts().active).toBe(0);
      after(MINUTE);
      expect(queue.counts().active).toBe(0);
      expect(take(dead)).toMatchObject({ body: 'a' });
    }));

  test.each([
    ['the message lives shorter', 1000, 5000],
    ['the queue lets live shorter', 5000, 1000],
  ])('time to live: %s', (_, ttl, defaultTimeToLive) =>
    onClock({ defaultTimeToLive }, ({ send, after, dead }) => {
      send('a', { ttl });
      after(999);
      expect(dead.counts().active).toBe(0);
      after(1);
      expect(dead.counts().active).toBe(1);
    }),
  );

  test('the life of a scheduled message begins when it is enqueued', () =>
    onClock({ defaultTimeToLive: 1000 }, ({ clock, send, take, after, queue }) => {
      send('a', { message_annotations: { 'x-opt-scheduled-enqueue-time': new Date(clock.now + 10_000) } });
      after(9999);
      expect(take()).toBeUndefined();
      expect(queue.counts()).toEqual({ active: 0, scheduled: 1 });
      after(1);
      expect(take()).toMatchObject({ body: 'a' });
    }));

  test('duplicates count from the first, and only within the window', () =>
    onClock({ duplicateWindow: MINUTE }, ({ send, after }) => {
      expect(send('a', { message_id: 'x' })).toBe(1);
      after(MINUTE - 1);
      expect(send('b', { message_id: 'x' })).toBeUndefined();
      after(1);
      expect(send('c', { message_id: 'x' })).toBe(2);
    }));

  test('one of several that cannot be renewed, cancelled or found leaves all untouched', () =>
    onClock({}, ({ queue, clock, send, take }) => {
      const at = { message_annotations: { 'x-opt-scheduled-enqueue-time': new Date(clock.now + MINUTE) } };
      const scheduled = send('s', at) ?? 0;
      send('a');
      const taken = take();
      expect(queue.cancelScheduled([scheduled, 999])).toBe(false);
      expect(queue.cancelScheduled([scheduled])).toBe(true);
      expect(queue.renew([token(taken), 'unknown'])).toBeUndefined();
      queue.settle(token(taken), { kind: 'defer', properties: {} });
      expect(queue.takeDeferred([2, 999], false)).toBeUndefined();
      expect(queue.takeDeferred([2], false)).toHaveLength(1);
      expect(queue.takeDeferred([2], false)).toBeUndefined();
    }));

  test('an empty file is not needed: what was committed is there again, uncommitted is not', () => {
    const file = join(directory.path, 'again.db');
    const first = build(file, settings);
    first.send('a');
    first.queue.settle(token(first.take()), { kind: 'abandon', properties: {} });
    first.store.commit();
    first.send('b');
    first.store.close();
    const second = build(file, settings);
    expect(second.take()).toMatchObject({ body: 'a', count: 1 });
    expect(second.take()).toBeUndefined();
    expect(second.send('c')).toBe(2);
    second.store.close();
  });
});
