import { randomUUID } from 'node:crypto';
import {
  ServiceBusClient,
  type ServiceBusMessage,
  type ServiceBusReceivedMessage,
  type ServiceBusReceiver,
  type ServiceBusSender,
} from '@azure/service-bus';
import Long from 'long';
import { isEmpty, LOCK_SECONDS, next, until } from '../endpoint';
import { emulatorTest, startNamespace, type Namespace } from './namespace';

let namespace: Namespace;
let client: ServiceBusClient;

beforeAll(async () => {
  namespace = await startNamespace('messages');
  ({ client } = namespace);
});
afterAll(() => namespace.stop());

interface Ends {
  queue: string;
  sender: ServiceBusSender;
  receiver: ServiceBusReceiver;
  deadLetters: ServiceBusReceiver;
}

const used = new Map<string, number>();

/** Runs a check on an unused queue of this kind and sees that nothing is left on it. */
async function onQueue(
  kind: string,
  act: (ends: Ends) => Promise<void>,
  // The SDK renews the lock of whatever it received; here a lock ends when the queue says so.
  renewal = { maxAutoLockRenewalDurationInMs: 0 },
): Promise<void> {
  const index = used.get(kind) ?? 0;
  used.set(kind, index + 1);
  const queue = `${kind}-${index}`;
  const sender = client.createSender(queue);
  const receiver = client.createReceiver(queue, renewal);
  const deadLetters = client.createReceiver(queue, { subQueueType: 'deadLetter', ...renewal });
  try {
    await act({ queue, sender, receiver, deadLetters });
    expect(await namespace.counts(queue)).toEqual({ active: 0, scheduled: 0, deadLetter: 0 });
  } finally {
    await Promise.all([sender.close(), receiver.close(), deadLetters.close()]);
  }
}

describe('what is sent is what arrives', () => {
  const message: ServiceBusMessage = {
    body: 'text',
    messageId: 'm-1',
    correlationId: 'c-1',
    subject: 'S',
    to: 'somebody',
    replyTo: 'me',
    contentType: 'text/plain',
    replyToSessionId: 'rs',
    sessionId: 's-1',
    partitionKey: 's-1',
    timeToLive: 3_600_000,
    applicationProperties: {
      text: 'ä€',
      yes: true,
      whole: 5,
      part: 2.5,
      when: 1_700_000_000_000,
      none: null,
    },
  };
  const bodies: [string, unknown][] = [
    ['a string', 'HL7\r'],
    ['an object', { a: [1, { b: null }] }],
    ['a number', 42.5],
    ['null', null],
    ['an empty string', ''],
    ['bytes', Buffer.from([0, 255, 128, 13])],
    ['200 KB in several frames', Buffer.alloc(200_000, 'x')],
  ];

  test.each(bodies)('body: %s', (_, body) =>
    onQueue('plain', async ({ sender, receiver }) => {
      await sender.sendMessages({ body });
      const received = await next(receiver);
      expect(received.body).toEqual(body);
      expect(received.messageId).toMatch(/^[0-9a-f]{32}$/);
      await receiver.completeMessage(received);
    }),
  );

  test('all the properties', () =>
    onQueue('plain', async ({ sender, receiver }) => {
      await sender.sendMessages(message);
      const received = await next(receiver);
      expect(received).toMatchObject({ ...message, deliveryCount: 0, state: 'active' });
      expect(received.expiresAtUtc).toEqual(new Date(Number(received.enqueuedTimeUtc) + 3_600_000));
      expect(Number(received.lockedUntilUtc) - Number(received.enqueuedTimeUtc)).toBeGreaterThanOrEqual(
        60_000,
      );
      await receiver.completeMessage(received);
    }));

  test.each([
    ['value', 'sum'],
    ['value', { nested: [true] }],
    ['sequence', [1, 'two']],
    ['data', Buffer.from('raw')],
  ] as const)('AMQP body of type %s', (bodyType, body) =>
    onQueue('plain', async ({ sender, receiver }) => {
      await sender.sendMessages({ bodyType, body, properties: { messageId: Buffer.alloc(16, 7) } });
      const received = await next(receiver);
      expect(received._rawAmqpMessage.bodyType).toBe(bodyType);
      expect(received.body).toEqual(body);
      expect(received.messageId).toEqual(Buffer.alloc(16, 7));
      await receiver.completeMessage(received);
    }),
  );

  test('an array and a batch keep their order, and sequence numbers grow by one', () =>
    onQueue('plain', async ({ sender, receiver }) => {
      await sender.sendMessages(['a', 'b', 'c'].map((body) => ({ body, subject: body })));
      const batch = await sender.createMessageBatch();
      expect(batch.maxSizeInBytes).toBe(262_144);
      for (const body of ['d', 'e']) expect(batch.tryAddMessage({ body })).toBe(true);
      await sender.sendMessages(batch);
      const received = await receiveAll(receiver, 5);
      expect(received.map(({ body }) => body)).toEqual(['a', 'b', 'c', 'd', 'e']);
      const numbers = received.map(({ sequenceNumber }) => Number(sequenceNumber));
      expect(numbers).toEqual(numbers.map((_, i) => (numbers[0] ?? 0) + i));
      await Promise.all(received.map((one) => receiver.completeMessage(one)));
    }));
});

async function receiveAll(receiver: ServiceBusReceiver, count: number): Promise<ServiceBusReceivedMessage[]> {
  const received: ServiceBusReceivedMessage[] = [];
  while (received.length < count) {
    received.push(...(await receiver.receiveMessages(count - received.length, { maxWaitTimeInMs: 5000 })));
  }
  return received;
}

describe('settlement', () => {
  test('complete removes the message; the lock is gone with it', () =>
    onQueue('plain', async ({ sender, receiver }) => {
      await sender.sendMessages({ body: 1 });
      const received = await next(receiver);
      await receiver.completeMessage(received);
      expect(await isEmpty(receiver)).toBe(true);
    }));

  test('abandon gives it back in its place, counts, and changes properties', () =>
    onQueue('plain', async ({ sender, receiver }) => {
      await sender.sendMessages([
        { body: 'first', applicationProperties: { kept: 1, changed: 'old' } },
        { body: 'second' },
      ]);
      await receiver.abandonMessage(await next(receiver), { changed: 'new', added: true });
      const [first, second] = await receiveAll(receiver, 2);
      expect(first).toMatchObject({
        body: 'first',
        deliveryCount: 1,
        applicationProperties: { kept: 1, changed: 'new', added: true },
      });
      expect(second).toMatchObject({ body: 'second', deliveryCount: 0 });
      for (const one of [first, second]) if (one) await receiver.completeMessage(one);
    }));

  test('dead-letter carries reason, description and properties; the source stays readable', () =>
    onQueue('plain', async ({ queue, sender, receiver, deadLetters }) => {
      await sender.sendMessages({
        body: { bad: true },
        messageId: 'dl-1',
        applicationProperties: { tenant: 't' },
      });
      const options = { deadLetterReason: 'BadInput', deadLetterErrorDescription: 'no MSH', code: 17 };
      await receiver.deadLetterMessage(await next(receiver), options);
      expect(await namespace.counts(queue)).toEqual({ active: 0, scheduled: 0, deadLetter: 1 });
      const dead = await next(deadLetters);
      expect(dead).toMatchObject({
        body: { bad: true },
        messageId: 'dl-1',
        deadLetterReason: 'BadInput',
        deadLetterErrorDescription: 'no MSH',
        deadLetterSource: queue,
        applicationProperties: { tenant: 't', code: 17 },
      });
      await deadLetters.completeMessage(dead);
    }));

  test('a dead letter cannot be dead-lettered again', () =>
    onQueue('short-lock', async ({ sender, receiver, deadLetters }) => {
      await sender.sendMessages({ body: 1 });
      await receiver.deadLetterMessage(await next(receiver));
      const dead = await next(deadLetters);
      await expect(deadLetters.deadLetterMessage(dead)).rejects.toThrow('cannot be dead-lettered again');
      await deadLetters.completeMessage(await next(deadLetters));
    }));

  test.each(['$DeadLetterQueue', '$deadletterqueue', '$DEADLETTERQUEUE'])('sub-queue by path %s', (name) =>
    onQueue('plain', async ({ queue, sender, receiver }) => {
      await sender.sendMessages({ body: name });
      await receiver.deadLetterMessage(await next(receiver));
      const byPath = client.createReceiver(`${queue}/${name}`);
      await byPath.completeMessage(await next(byPath));
      await byPath.close();
    }),
  );

  test('defer hides it until it is asked for by number', () =>
    onQueue('plain', async ({ sender, receiver }) => {
      await sender.sendMessages({ body: 'later' });
      const received = await next(receiver);
      await receiver.deferMessage(received, { why: 'wait' });
      expect(await isEmpty(receiver)).toBe(true);
      const number = received.sequenceNumber ?? Long.ZERO;
      const [deferred] = await receiver.receiveDeferredMessages(number);
      if (!deferred) throw new Error('not found');
      expect(deferred).toMatchObject({
        body: 'later',
        state: 'deferred',
        applicationProperties: { why: 'wait' },
      });
      await receiver.completeMessage(deferred);
      await expect(receiver.receiveDeferredMessages(number)).rejects.toMatchObject({
        code: 'MessageNotFound',
      });
    }));

  test('receive and delete needs no settlement', () =>
    onQueue('plain', async ({ queue, sender }) => {
      const receiver = client.createReceiver(queue, { receiveMode: 'receiveAndDelete' });
      await sender.sendMessages([{ body: 1 }, { body: 2 }]);
      expect((await receiveAll(receiver, 2)).map(({ body }) => body)).toEqual([1, 2]);
      await receiver.close();
    }));

  test('a message can be settled after its link was closed', () =>
    onQueue('plain', async ({ sender, receiver }) => {
      await sender.sendMessages([{ body: 1 }, { body: 2 }]);
      const received = await receiveAll(receiver, 2);
      expect(await isEmpty(receiver)).toBe(true);
      await Promise.all(received.map((one) => receiver.completeMessage(one)));
    }));
});

describe('locks', () => {
  test('an expired lock is lost and the message comes back', () =>
    onQueue('short-lock', async ({ sender, receiver }) => {
      await sender.sendMessages({ body: 1 });
      const first = await next(receiver);
      const second = await next(receiver);
      expect(second).toMatchObject({ messageId: first.messageId, deliveryCount: 1 });
      await expect(receiver.completeMessage(first)).rejects.toMatchObject({ code: 'MessageLockLost' });
      await receiver.completeMessage(second);
    }));

  test('renewing keeps it, and a renewal that is too late is refused', () =>
    onQueue('short-lock', async ({ sender, receiver }) => {
      await sender.sendMessages({ body: 1 });
      const first = await next(receiver);
      const before = Number(first.lockedUntilUtc);
      await until(async () => Number(await receiver.renewMessageLock(first)) > before + 1500);
      expect(Number(first.lockedUntilUtc)).toBeGreaterThan(before + 1500);
      const second = await next(receiver);
      expect(second.deliveryCount).toBe(1);
      await expect(receiver.renewMessageLock(first)).rejects.toMatchObject({ code: 'MessageLockLost' });
      await receiver.completeMessage(second);
    }));

  test('after the last delivery it is dead-lettered', () =>
    onQueue('three-tries', async ({ sender, receiver, deadLetters }) => {
      await sender.sendMessages({ body: 1 });
      for (const deliveryCount of [0, 1, 2]) {
        const received = await next(receiver);
        expect(received.deliveryCount).toBe(deliveryCount);
        await receiver.abandonMessage(received);
      }
      expect(await isEmpty(receiver)).toBe(true);
      const dead = await next(deadLetters);
      expect(dead).toMatchObject({ deadLetterReason: 'MaxDeliveryCountExceeded', deliveryCount: 3 });
      await deadLetters.completeMessage(dead);
    }));
});

describe('time', () => {
  const soon = (): Date => new Date(Date.now() + 400);

  test('a scheduled message waits, and takes a new number when it is enqueued', () =>
    onQueue('plain', async ({ queue, sender, receiver }) => {
      const due = soon();
      const [number] = await sender.scheduleMessages([{ body: 'due' }], due);
      expect(await namespace.counts(queue)).toEqual({ active: 0, scheduled: 1, deadLetter: 0 });
      const received = await next(receiver);
      expect(Date.now()).toBeGreaterThanOrEqual(Number(due));
      expect(Number(received.enqueuedTimeUtc)).toBeGreaterThanOrEqual(Number(due));
      expect(received.scheduledEnqueueTimeUtc).toEqual(due);
      expect(Number(received.sequenceNumber)).toBeGreaterThan(Number(number));
      await receiver.completeMessage(received);
    }));

  test('a send can carry its scheduled time', () =>
    onQueue('plain', async ({ sender, receiver }) => {
      const due = soon();
      await sender.sendMessages({ body: 'due', scheduledEnqueueTimeUtc: due });
      await receiver.completeMessage(await next(receiver));
      expect(Date.now()).toBeGreaterThanOrEqual(Number(due));
    }));

  test('a scheduled message can be cancelled, once', () =>
    onQueue('plain', async ({ sender }) => {
      const numbers = await sender.scheduleMessages(
        [{ body: 1 }, { body: 2 }],
        new Date(Date.now() + 3_600_000),
      );
      await sender.cancelScheduledMessages(numbers);
      await expect(sender.cancelScheduledMessages(numbers)).rejects.toMatchObject({
        code: 'MessageNotFound',
      });
    }));

  test('an expired message is dead-lettered where the queue says so', () =>
    onQueue('expiring', async ({ sender, receiver, deadLetters }) => {
      await sender.sendMessages({ body: 'old', timeToLive: 100 });
      const dead = await next(deadLetters);
      expect(dead).toMatchObject({ body: 'old', deadLetterReason: 'TTLExpiredException', deliveryCount: 0 });
      await deadLetters.completeMessage(dead);
      expect(await isEmpty(receiver)).toBe(true);
    }));

  // The service takes its time, and counts it meanwhile.
  emulatorTest('and otherwise it is gone', () =>
    onQueue('vanishing', async ({ queue, sender }) => {
      await sender.sendMessages({ body: 'old', timeToLive: 3_600_000 });
      await until(async () => (await namespace.counts(queue)).active === 0);
    }),
  );
});

describe('duplicate detection', () => {
  test('within the window a message-id counts once, also inside a batch', () =>
    onQueue('unique', async ({ sender, receiver }) => {
      const messageId = randomUUID();
      await sender.sendMessages({ body: 1, messageId });
      await sender.sendMessages({ body: 2, messageId });
      await sender.sendMessages([{ body: 3, messageId: 'x' }, { body: 4, messageId: 'x' }, { body: 5 }]);
      const received = await receiveAll(receiver, 3);
      expect(received.map(({ body }) => body)).toEqual([1, 3, 5]);
      for (const one of received) await receiver.completeMessage(one);
    }));

  test('after the window it is new', () =>
    onQueue('unique-briefly', async ({ queue, sender, receiver }) => {
      await until(async () => {
        await sender.sendMessages({ body: 1, messageId: 'same' });
        return (await namespace.counts(queue)).active === 2;
      });
      for (const one of await receiveAll(receiver, 2)) await receiver.completeMessage(one);
    }));
});

describe('peek', () => {
  test('shows every state without locking', () =>
    onQueue('plain', async ({ sender, receiver }) => {
      await sender.sendMessages(['a', 'b', 'c'].map((body) => ({ body })));
      const [number] = await sender.scheduleMessages([{ body: 'd' }], new Date(Date.now() + 3_600_000));
      await receiver.deferMessage(await next(receiver));
      const locked = await next(receiver);
      const peeked = await receiver.peekMessages(10, { fromSequenceNumber: Long.ONE });
      expect(peeked.map(({ body, state }) => [body, state])).toEqual([
        ['a', 'deferred'],
        ['b', 'active'],
        ['c', 'active'],
        ['d', 'scheduled'],
      ]);
      const from = peeked[2]?.sequenceNumber ?? Long.ZERO;
      expect((await receiver.peekMessages(1, { fromSequenceNumber: from })).map(({ body }) => body)).toEqual([
        'c',
      ]);
      await sender.cancelScheduledMessages(number ?? Long.ZERO);
      await receiver.completeMessage(locked);
      await receiver.completeMessage(await next(receiver));
      const [deferred] = await receiver.receiveDeferredMessages(peeked[0]?.sequenceNumber ?? Long.ZERO);
      if (deferred) await receiver.completeMessage(deferred);
      expect(await receiver.peekMessages(1, { fromSequenceNumber: Long.ONE })).toEqual([]);
    }));
});

describe('topics', () => {
  const subscriptions = ['everything', 'red', 'labelled'];
  const drain = async (subscription: string): Promise<unknown[]> => {
    const receiver = client.createReceiver('events', subscription, { receiveMode: 'receiveAndDelete' });
    const bodies = (await receiver.receiveMessages(10, { maxWaitTimeInMs: 100 })).map(
      ({ body }) => body as unknown,
    );
    await receiver.close();
    return bodies;
  };
  const publish = async (message: ServiceBusMessage): Promise<void> => {
    const sender = client.createSender('events');
    await sender.sendMessages(message);
    await sender.close();
  };
  const cases: [string, Omit<ServiceBusMessage, 'body'>, string[]][] = [
    ['no property', {}, ['everything']],
    ['a property that matches', { applicationProperties: { colour: 'red' } }, ['everything', 'red']],
    ['another case of letters', { applicationProperties: { colour: 'Red' } }, ['everything']],
    ['both fields of a rule', { subject: 'A', correlationId: '7' }, ['everything', 'labelled']],
    ['one field of two', { subject: 'A' }, ['everything']],
    ['the second rule', { subject: 'B', applicationProperties: { colour: 'red' } }, subscriptions],
  ];
  test.each(cases)('%s', async (name, message, expected) => {
    await publish({ ...message, body: name });
    for (const subscription of subscriptions) {
      expect(await drain(subscription)).toEqual(expected.includes(subscription) ? [name] : []);
    }
  });

  test('a subscription has its own dead-letter queue', async () => {
    await publish({ body: 'x', subject: 'B' });
    const receiver = client.createReceiver('events', 'labelled');
    await receiver.abandonMessage(await next(receiver));
    const deadLetters = client.createReceiver('events', 'labelled', { subQueueType: 'deadLetter' });
    const dead = await next(deadLetters);
    expect(dead.deadLetterReason).toBe('MaxDeliveryCountExceeded');
    await deadLetters.completeMessage(dead);
    await Promise.all([receiver.close(), deadLetters.close()]);
    expect(await drain('everything')).toEqual(['x']);
  });

  test('a scheduled event is copied when it is due, or cancelled', async () => {
    const sender = client.createSender('events');
    const [cancelled] = await sender.scheduleMessages([{ body: 'no' }], new Date(Date.now() + 3_600_000));
    await sender.cancelScheduledMessages(cancelled ?? Long.ZERO);
    await sender.scheduleMessages([{ body: 'yes' }], new Date(Date.now() + 100));
    const receiver = client.createReceiver('events', 'everything');
    const received = await next(receiver);
    expect(received.body).toBe('yes');
    await receiver.completeMessage(received);
    await Promise.all([sender.close(), receiver.close()]);
  });

  test('a topic itself cannot be received from', async () => {
    const receiver = client.createReceiver('events');
    await expect(next(receiver)).rejects.toThrow('is a topic');
    await receiver.close();
  });
});

describe('subscribe', () => {
  test('completes what the handler handled, abandons what it threw at', () =>
    onQueue('three-tries', async ({ queue, sender, receiver, deadLetters }) => {
      const handled: unknown[] = [];
      const subscription = receiver.subscribe(
        {
          processMessage: async ({ body }) => {
            handled.push(body);
            if (body === 'bad') throw new Error('no');
          },
          processError: async () => undefined,
        },
        { maxConcurrentCalls: 16 },
      );
      await sender.sendMessages([...Array(200).keys(), 'bad'].map((body) => ({ body })));
      const dead = await next(deadLetters);
      await until(async () => (await namespace.counts(queue)).active === 0);
      await subscription.close();
      expect(dead).toMatchObject({ body: 'bad', deadLetterReason: 'MaxDeliveryCountExceeded' });
      expect(handled.filter((body) => body === 'bad')).toHaveLength(3);
      expect(new Set(handled).size).toBe(201);
      expect(handled).toHaveLength(203);
      await deadLetters.completeMessage(dead);
    }));

  test('a slow handler outlives the lock because the client renews it', () =>
    onQueue(
      'short-lock',
      async ({ queue, sender, receiver }) => {
        let deliveries = 0;
        let finish = (): void => undefined;
        const handler = new Promise<void>((resolve) => (finish = resolve));
        const subscription = receiver.subscribe({
          processMessage: () => {
            deliveries++;
            return handler;
          },
          processError: async () => undefined,
        });
        await sender.sendMessages({ body: 1 });
        const started = Date.now();
        await until(() => Date.now() > started + 2500 * LOCK_SECONDS);
        finish();
        await until(async () => (await namespace.counts(queue)).active === 0);
        expect(deliveries).toBe(1);
        await subscription.close();
      },
      { maxAutoLockRenewalDurationInMs: 60_000 },
    ));

  test('competing receivers share a queue and see each message once', () =>
    onQueue('plain', async ({ queue, sender }) => {
      const seen: unknown[][] = [[], []];
      const clients = seen.map(() => new ServiceBusClient(namespace.connectionString));
      clients.forEach((one, i) => {
        one.createReceiver(queue).subscribe({
          processMessage: async ({ body }) => void seen[i]?.push(body),
          processError: async () => undefined,
        });
      });
      await sender.sendMessages([...Array(500).keys()].map((body) => ({ body })));
      await until(async () => (await namespace.counts(queue)).active === 0);
      expect(seen.flat().sort((a, b) => Number(a) - Number(b))).toEqual([...Array(500).keys()]);
      expect(seen.every((bodies) => bodies.length > 0)).toBe(true);
      await Promise.all(clients.map((one) => one.close()));
    }));

  test('2,000 messages may be held at once', () =>
    onQueue('plain', async ({ sender, receiver }) => {
      for (let i = 0; i < 4; i++) await sender.sendMessages([...Array(500).keys()].map((body) => ({ body })));
      const held = await receiveAll(receiver, 2000);
      expect(await isEmpty(receiver)).toBe(true);
      await Promise.all(held.map((one) => receiver.completeMessage(one)));
    }));
});

describe('refusals', () => {
  const failing: [string, () => Promise<unknown>, object][] = [
    ['unknown queue, sending', () => send('nowhere', { body: 1 }), { code: 'MessagingEntityNotFound' }],
    ['unknown queue, receiving', () => receive('nowhere'), { code: 'MessagingEntityNotFound' }],
    [
      'unknown subscription',
      () => client.createReceiver('events', 'none').receiveMessages(1),
      { code: 'MessagingEntityNotFound' },
    ],
    [
      'sending to a dead-letter queue',
      () => send('plain-0/$DeadLetterQueue', { body: 1 }),
      { retryable: false },
    ],
    [
      'the next session',
      () => client.acceptNextSession('plain-0'),
      { message: expect.stringContaining('does not require sessions') as string },
    ],
    ['a session by name', () => client.acceptSession('plain-0', 's'), { code: 'SessionCannotBeLocked' }],
  ];
  const send = (queue: string, message: ServiceBusMessage): Promise<void> =>
    client.createSender(queue).sendMessages(message);
  const receive = (queue: string): Promise<unknown> => client.createReceiver(queue).receiveMessages(1);

  test.each(failing)('%s', async (_, act, expected) => {
    await expect(act()).rejects.toMatchObject(expected);
  });

  // The service has no limit as small as this.
  emulatorTest.each<[string, () => Promise<unknown>, object]>([
    [
      'a message that is too large',
      () => send('tiny-0', { body: 'x'.repeat(3000) }),
      { code: 'MessageSizeExceeded' },
    ],
    [
      'a scheduled message that is too large',
      () =>
        client
          .createSender('tiny-0')
          .scheduleMessages({ body: 'x'.repeat(3000) }, new Date(Date.now() + 1e6)),
      { message: expect.stringContaining('2048 bytes') as string },
    ],
  ])('%s', async (_, act, expected) => {
    await expect(act()).rejects.toMatchObject(expected);
  });

  const retryOptions = { maxRetries: 0 };
  test.each([
    ['another key', (text: string) => text.replace(/(SharedAccessKey)=[^;]+/, '$1=b3RoZXI=')],
    ['another key name', (text: string) => text.replace(/(SharedAccessKeyName)=[^;]+/, '$1=Somebody')],
  ])('%s', async (_, change) => {
    const stranger = new ServiceBusClient(change(namespace.connectionString), { retryOptions });
    await expect(stranger.createSender('plain-0').sendMessages({ body: 1 })).rejects.toMatchObject({
      code: 'UnauthorizedAccess',
    });
    await stranger.close();
    expect((await namespace.counts('plain-0')).active).toBe(0);
  });
});
