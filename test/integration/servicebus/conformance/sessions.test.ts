import { ServiceBusClient, type ServiceBusMessage, type ServiceBusSessionReceiver } from '@azure/service-bus';
import Long from 'long';
import { LOCK_SECONDS, next, until } from '../endpoint';
import { SESSION_QUEUES } from './entities';
import { rest, startNamespace, type Namespace } from './namespace';

/** The SDK would renew the session's lock; here it ends when the queue says so. */
const noRenewal = { maxAutoLockRenewalDurationInMs: 0 };

let namespace: Namespace;
let client: ServiceBusClient;
beforeAll(async () => {
  namespace = await startNamespace('sessions');
  ({ client } = namespace);
});
afterAll(() => namespace.stop());

let used = 0;
/** A queue that no other check uses. */
const freshQueue = (): string => `session-${used++ % SESSION_QUEUES}`;

async function send(queue: string, ...messages: ServiceBusMessage[]): Promise<void> {
  const sender = client.createSender(queue);
  for (const message of messages) await sender.sendMessages(message);
  await sender.close();
}

const inSession = (sessionId: string, ...bodies: unknown[]): ServiceBusMessage[] =>
  bodies.map((body) => ({ body, sessionId }));

async function completeAll(receiver: ServiceBusSessionReceiver): Promise<unknown[]> {
  const bodies = await rest(receiver);
  await receiver.close();
  return bodies;
}

const lockEnd = (receiver: ServiceBusSessionReceiver): Promise<void> =>
  until(() => Date.now() > Number(receiver.sessionLockedUntilUtc) + 300);

/** Requests for which the SDK has no public method, or one that asks only as long as it believes to hold the session. */
interface WithManagement {
  _connectionContext: {
    getManagementClient(path: string): {
      listMessageSessions(skip: number, top: number, since?: Date): Promise<string[]>;
      setSessionState(sessionId: string, state: unknown): Promise<void>;
      getSessionState(sessionId: string): Promise<unknown>;
      renewSessionLock(sessionId: string): Promise<Date>;
    };
  };
}

const managementOf = (queue: string) =>
  (client as unknown as WithManagement)._connectionContext.getManagementClient(queue);

describe('accepting', () => {
  test('a named session: its messages, in order, and no others', async () => {
    const queue = freshQueue();
    await send(queue, ...inSession('a', 1, 2), ...inSession('b', 3), ...inSession('a', 4));
    const a = await client.acceptSession(queue, 'a');
    expect(a.sessionId).toBe('a');
    expect(await completeAll(a)).toEqual([1, 2, 4]);
    expect(await completeAll(await client.acceptSession(queue, 'b'))).toEqual([3]);
  });

  test('a session that has no message yet', async () => {
    const queue = freshQueue();
    const receiver = await client.acceptSession(queue, 'early');
    const waiting = next(receiver);
    await send(queue, ...inSession('early', 'came'));
    const message = await waiting;
    expect(message).toMatchObject({ body: 'came', sessionId: 'early' });
    await receiver.completeMessage(message);
    await receiver.close();
  });

  test('the next session is one that nobody has', async () => {
    const queue = freshQueue();
    await send(queue, ...inSession('a', 1), ...inSession('b', 2));
    const receivers = [await client.acceptNextSession(queue), await client.acceptNextSession(queue)];
    expect(receivers.map(({ sessionId }) => sessionId).sort()).toEqual(['a', 'b']);
    expect((await Promise.all(receivers.map(completeAll))).flat().sort()).toEqual([1, 2]);
  });

  test('the next session is waited for', async () => {
    const queue = freshQueue();
    const waiting = client.acceptNextSession(queue);
    await send(queue, ...inSession('late', 'x'));
    const receiver = await waiting;
    expect(receiver.sessionId).toBe('late');
    expect(await completeAll(receiver)).toEqual(['x']);
  });

  test('and the client is told when none became free in its time', async () => {
    const hasty = new ServiceBusClient(namespace.connectionString, {
      retryOptions: { timeoutInMs: 1500, maxRetries: 0 },
    });
    await expect(hasty.acceptNextSession(freshQueue())).rejects.toMatchObject({ code: 'ServiceTimeout' });
    await hasty.close();
  });

  test('a session that another receiver has cannot be accepted', async () => {
    const queue = freshQueue();
    const first = await client.acceptSession(queue, 's', { maxAutoLockRenewalDurationInMs: 60_000 });
    const other = new ServiceBusClient(namespace.connectionString, { retryOptions: { maxRetries: 0 } });
    await expect(other.acceptSession(queue, 's')).rejects.toMatchObject({ code: 'SessionCannotBeLocked' });
    await first.close();
    await (await other.acceptSession(queue, 's')).close();
    await other.close();
  });

  test('the lock lasts as long as the queue says', async () => {
    const before = Date.now();
    const receiver = await client.acceptSession(freshQueue(), 's', noRenewal);
    const lasts = Number(receiver.sessionLockedUntilUtc) - before;
    expect(lasts).toBeGreaterThan(LOCK_SECONDS * 1000 - 500);
    expect(lasts).toBeLessThan(LOCK_SECONDS * 1000 + 60_000);
    await receiver.close();
  });
});

describe('the lock of a session', () => {
  test('closing gives its messages back and counts no delivery', async () => {
    const queue = freshQueue();
    await send(queue, ...inSession('s', 1, 2));
    const first = await client.acceptSession(queue, 's');
    await next(first);
    await first.close();
    const second = await client.acceptSession(queue, 's');
    expect(await next(second)).toMatchObject({ body: 1, deliveryCount: 0 });
    await second.close();
  });

  test('when it runs out, settling fails and the delivery counts', async () => {
    const queue = freshQueue();
    await send(queue, ...inSession('s', 1));
    const first = await client.acceptSession(queue, 's', noRenewal);
    const message = await next(first);
    await lockEnd(first);
    await expect(first.completeMessage(message)).rejects.toMatchObject({ code: 'SessionLockLost' });
    await first.close();
    const second = await client.acceptSession(queue, 's');
    expect(await next(second)).toMatchObject({ body: 1, deliveryCount: 1 });
    expect(await completeAll(second)).toEqual([]);
  });

  test('when it runs out, whoever waits for a session gets it', async () => {
    const queue = freshQueue();
    await send(queue, ...inSession('s', 1));
    const first = await client.acceptSession(queue, 's', noRenewal);
    await next(first);
    const second = await client.acceptNextSession(queue);
    expect(second.sessionId).toBe('s');
    expect(await completeAll(second)).toEqual([1]);
    await first.close();
  });

  test('renewing keeps it', async () => {
    const queue = freshQueue();
    await send(queue, ...inSession('s', 1));
    const receiver = await client.acceptSession(queue, 's', noRenewal);
    const message = await next(receiver);
    const firstEnd = Number(receiver.sessionLockedUntilUtc);
    await until(() => Date.now() > firstEnd - 500);
    const end = await receiver.renewSessionLock();
    expect(Number(end)).toBeGreaterThan(firstEnd);
    await until(() => Date.now() > firstEnd + 100);
    await receiver.completeMessage(message);
    await receiver.close();
  });

  test('renewing what has run out fails', async () => {
    const receiver = await client.acceptSession(freshQueue(), 's', noRenewal);
    await lockEnd(receiver);
    await expect(receiver.renewSessionLock()).rejects.toMatchObject({ code: 'SessionLockLost' });
    await receiver.close();
  });
});

describe('the state of a session', () => {
  test('is nothing at first, is kept when the receiver closes, and can be cleared', async () => {
    const queue = freshQueue();
    const first = await client.acceptSession(queue, 's');
    expect(await first.getSessionState()).toBeFalsy();
    await first.setSessionState({ step: 2 });
    await first.close();
    const second = await client.acceptSession(queue, 's');
    expect(await second.getSessionState()).toEqual({ step: 2 });
    await second.setSessionState(null);
    expect(await second.getSessionState()).toBeFalsy();
    await second.close();
  });

  test('belongs to its session alone', async () => {
    const queue = freshQueue();
    const [a, b] = [await client.acceptSession(queue, 'a'), await client.acceptSession(queue, 'b')];
    await a.setSessionState('of a');
    expect(await b.getSessionState()).toBeFalsy();
    expect(await a.getSessionState()).toBe('of a');
    await a.setSessionState(null);
    await Promise.all([a.close(), b.close()]);
  });

  test('is not given to whoever has lost the session', async () => {
    const queue = freshQueue();
    const receiver = await client.acceptSession(queue, 's', noRenewal);
    await lockEnd(receiver);
    const lost = { code: 'SessionLockLost' };
    await expect(receiver.setSessionState('late')).rejects.toMatchObject(lost);
    await expect(managementOf(queue).setSessionState('s', 'late')).rejects.toMatchObject(lost);
    await expect(managementOf(queue).getSessionState('s')).rejects.toMatchObject(lost);
    await expect(managementOf(queue).renewSessionLock('s')).rejects.toMatchObject(lost);
    await receiver.close();
  });
});

describe('messages in a session', () => {
  test('an abandoned one comes back before those behind it', async () => {
    const queue = freshQueue();
    await send(queue, ...inSession('s', 1, 2));
    const receiver = await client.acceptSession(queue, 's');
    await receiver.abandonMessage(await next(receiver), { tried: true });
    const again = await next(receiver);
    expect(again).toMatchObject({ body: 1, deliveryCount: 1, applicationProperties: { tried: true } });
    await receiver.completeMessage(again);
    expect(await completeAll(receiver)).toEqual([2]);
  });

  test('a dead letter is received without a session', async () => {
    const queue = freshQueue();
    await send(queue, ...inSession('s', 'bad'));
    const receiver = await client.acceptSession(queue, 's');
    await receiver.deadLetterMessage(await next(receiver), {
      deadLetterReason: 'R',
      deadLetterErrorDescription: 'D',
    });
    await receiver.close();
    const deadLetters = client.createReceiver(queue, { subQueueType: 'deadLetter' });
    const dead = await next(deadLetters);
    expect(dead).toMatchObject({ body: 'bad', sessionId: 's', deadLetterReason: 'R' });
    await deadLetters.completeMessage(dead);
    await deadLetters.close();
  });

  test('a deferred one is had by its number, by whoever has the session', async () => {
    const queue = freshQueue();
    await send(queue, ...inSession('s', 'later'));
    const first = await client.acceptSession(queue, 's');
    const { sequenceNumber = Long.ZERO, ...message } = await next(first);
    await first.deferMessage({ sequenceNumber, ...message });
    await first.close();
    const other = await client.acceptSession(queue, 'other');
    await expect(other.receiveDeferredMessages(sequenceNumber)).rejects.toMatchObject({
      code: 'MessageNotFound',
    });
    await other.close();
    const second = await client.acceptSession(queue, 's');
    const [deferred] = await second.receiveDeferredMessages(sequenceNumber);
    if (!deferred) throw new Error('not found');
    expect(deferred).toMatchObject({ body: 'later', state: 'deferred' });
    await second.completeMessage(deferred);
    await second.close();
  });

  test('peeking shows those of the session', async () => {
    const queue = freshQueue();
    await send(queue, ...inSession('a', 1), ...inSession('b', 2), ...inSession('a', 3));
    const receiver = await client.acceptSession(queue, 'a');
    const peeked = await receiver.peekMessages(10, { fromSequenceNumber: Long.ONE });
    expect(peeked.map(({ body }) => body as unknown)).toEqual([1, 3]);
    await completeAll(receiver);
  });

  test('a scheduled one waits for its time', async () => {
    const queue = freshQueue();
    const sender = client.createSender(queue);
    await sender.scheduleMessages({ body: 'due', sessionId: 's' }, new Date(Date.now() + 500));
    const receiver = await client.acceptNextSession(queue);
    expect(await completeAll(receiver)).toEqual(['due']);
    await sender.close();
  });

  test('receive-and-delete', async () => {
    const queue = freshQueue();
    await send(queue, ...inSession('s', 1, 2));
    const receiver = await client.acceptSession(queue, 's', { receiveMode: 'receiveAndDelete' });
    expect(await completeAll(receiver)).toEqual([1, 2]);
  });

  test('a subscriber gets them one after another', async () => {
    const queue = freshQueue();
    const receiver = await client.acceptSession(queue, 's');
    const seen: unknown[] = [];
    receiver.subscribe({
      processMessage: async ({ body }) => void seen.push(body),
      processError: async () => undefined,
    });
    await send(queue, ...inSession('s', 1, 2, 3));
    await until(() => seen.length === 3);
    expect(seen).toEqual([1, 2, 3]);
    await receiver.close();
  });
});

test('sessions are listed while they have messages or a state', async () => {
  const queue = freshQueue();
  await send(queue, ...inSession('b', 1), ...inSession('a', 2));
  const receiver = await client.acceptSession(queue, 'c');
  await receiver.setSessionState('kept');
  const management = managementOf(queue);
  expect((await management.listMessageSessions(0, 10)).sort()).toEqual(['a', 'b', 'c']);
  expect(await management.listMessageSessions(0, 2)).toHaveLength(2);
  expect(await management.listMessageSessions(0, 10, new Date(Date.now() + 60_000))).toEqual([]);
  await receiver.close();
});

describe('refusals', () => {
  test('a message without a session id', async () => {
    await expect(send(freshQueue(), { body: 1 })).rejects.toThrow('SessionId was not set');
  });

  test('a receiver without a session', async () => {
    const receiver = client.createReceiver(freshQueue());
    await expect(next(receiver)).rejects.toThrow('requires sessions');
    await receiver.close();
  });

  test('a session of an entity that has none', async () => {
    await expect(client.acceptNextSession('no-sessions')).rejects.toThrow('does not require sessions');
  });
});

test('a subscription with sessions dead-letters what has no session id', async () => {
  await send('session-topic', { body: 'lost' }, { body: 'found', sessionId: 's' });
  const receiver = await client.acceptSession('session-topic', 'by-session', 's');
  expect(await completeAll(receiver)).toEqual(['found']);
  const deadLetters = client.createReceiver('session-topic', 'by-session', { subQueueType: 'deadLetter' });
  const dead = await next(deadLetters);
  expect(dead).toMatchObject({ body: 'lost', deadLetterReason: 'Session ID is null.' });
  await deadLetters.completeMessage(dead);
  await deadLetters.close();
});
