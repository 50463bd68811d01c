import { ServiceBusClient, type RetryOptions, type ServiceBusReceiver } from '@azure/service-bus';
import { KEY, next } from '../endpoint';
import { localTest, startNamespace, type Namespace } from './namespace';

// Faults on demand are the stand-in's alone: a namespace of Azure has no switch for them.

const entity = 'faulty';
const once: RetryOptions = { maxRetries: 0, timeoutInMs: 5000 };
const patient: RetryOptions = {
  maxRetries: 50,
  retryDelayInMs: 20,
  maxRetryDelayInMs: 100,
  timeoutInMs: 5000,
};

let namespace: Namespace;
beforeAll(async () => {
  namespace = await startNamespace('faults');
});
afterEach(() => faults({}));
afterAll(() => namespace.stop());

async function post(body: unknown, key = KEY): Promise<Response> {
  const [, endpoint = ''] = /sb:\/\/([^;]+)/.exec(namespace.connectionString) ?? [];
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return fetch(`http://${endpoint}/_local/faults`, {
    method: 'POST',
    headers: { 'x-local-key': key },
    body: text,
  });
}

async function faults(settings: object): Promise<void> {
  if (localTest !== test) return;
  expect((await post(settings)).status).toBe(200);
}

async function withClient(
  retryOptions: RetryOptions,
  act: (client: ServiceBusClient) => Promise<void>,
): Promise<void> {
  const client = new ServiceBusClient(namespace.connectionString, { retryOptions });
  try {
    await act(client);
  } finally {
    await client.close();
  }
}

const send = (client: ServiceBusClient, queue: string, body: unknown): Promise<void> =>
  client.createSender(queue).sendMessages({ body });

async function emptied(receiver: ServiceBusReceiver): Promise<unknown[]> {
  const bodies: unknown[] = [];
  for (;;) {
    const [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 100 });
    if (!message) return bodies;
    bodies.push(message.body);
    await receiver.completeMessage(message);
  }
}

localTest('a busy server refuses a send, and nothing is stored', () =>
  withClient(once, async (client) => {
    await faults({ rate: 1, kinds: ['server-busy'], entity });
    await expect(send(client, entity, 1)).rejects.toMatchObject({ code: 'ServiceBusy', retryable: true });
    await faults({});
    expect(await emptied(client.createReceiver(entity))).toEqual([]);
  }),
);

localTest('other entities are spared where one is named', () =>
  withClient(once, async (client) => {
    await faults({ rate: 1, kinds: ['server-busy'], entity });
    await send(client, 'sound', 'fine');
    expect(await emptied(client.createReceiver('sound'))).toEqual(['fine']);
  }),
);

localTest('a client that retries gets everything through, once', () =>
  withClient(patient, async (client) => {
    await faults({ rate: 0.5, kinds: ['server-busy'], entity });
    for (let i = 0; i < 10; i++) await send(client, entity, i);
    await faults({});
    expect(await emptied(client.createReceiver(entity))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  }),
);

localTest('a busy server refuses management', () =>
  withClient(once, async (client) => {
    await faults({ rate: 1, kinds: ['server-busy'], entity });
    const peeking = client.createReceiver(entity).peekMessages(1);
    await expect(peeking).rejects.toMatchObject({ code: 'ServiceBusy' });
  }),
);

localTest('a busy server refuses a settlement, and the lock stays', () =>
  withClient(once, async (client) => {
    await send(client, entity, 'held');
    const receiver = client.createReceiver(entity);
    const message = await next(receiver);
    await faults({ rate: 1, kinds: ['server-busy'], entity });
    await expect(receiver.completeMessage(message)).rejects.toMatchObject({ code: 'ServiceBusy' });
    await faults({});
    expect(await emptied(receiver)).toEqual([]);
  }),
);

localTest('a lost lock fails the settlement and gives the message to the next receiver', () =>
  withClient(once, async (client) => {
    const receiver = client.createReceiver(entity);
    // What the last check still holds comes back with its lock, not before.
    await send(client, entity, 'lost');
    const message = await next(receiver);
    await faults({ rate: 1, kinds: ['lock-lost'], entity });
    await expect(receiver.completeMessage(message)).rejects.toMatchObject({ code: 'MessageLockLost' });
    await faults({});
    const again = await next(receiver);
    expect(again).toMatchObject({ body: 'lost', deliveryCount: 1 });
    await receiver.completeMessage(again);
  }),
);

localTest('a lost lock in a session is the loss of the session', () =>
  withClient(once, async (client) => {
    const sender = client.createSender('faulty-sessions');
    await sender.sendMessages({ body: 1, sessionId: 's' });
    const receiver = await client.acceptSession('faulty-sessions', 's');
    const message = await next(receiver);
    await faults({ rate: 1, kinds: ['lock-lost'], entity: 'faulty-sessions' });
    await expect(receiver.completeMessage(message)).rejects.toMatchObject({ code: 'SessionLockLost' });
    await faults({});
    const second = await client.acceptSession('faulty-sessions', 's');
    const again = await next(second);
    expect(again).toMatchObject({ body: 1, deliveryCount: 1 });
    await second.completeMessage(again);
  }),
);

localTest('a dropped connection drops the send; the client comes back', () =>
  withClient(patient, async (client) => {
    await send(client, 'sound', 'before');
    await faults({ rate: 1, kinds: ['connection-drop'], entity: 'sound' });
    const sending = send(client, 'sound', 'after');
    await faults({});
    await sending;
    expect(await emptied(client.createReceiver('sound'))).toEqual(['before', 'after']);
  }),
);

localTest('latency delays every answer', () =>
  withClient(once, async (client) => {
    await send(client, 'sound', 0);
    await faults({ latencyMs: 300 });
    const before = Date.now();
    await send(client, 'sound', 1);
    expect(Date.now() - before).toBeGreaterThanOrEqual(299);
  }),
);

localTest.each<[string, unknown, string, number]>([
  ['another key', {}, 'wrong', 401],
  ['an unknown setting', { rat: 1 }, KEY, 400],
  ['a wrong value', { rate: 2 }, KEY, 400],
  ['an unknown kind', { kinds: ['fire'] }, KEY, 400],
  ['no JSON', '{', KEY, 400],
  ['no object', '[]', KEY, 400],
])('%s is refused', async (_, body, key, status) => {
  const response = await post(body, key);
  expect(response.status).toBe(status);
  expect(await response.json()).toHaveProperty('message');
});
