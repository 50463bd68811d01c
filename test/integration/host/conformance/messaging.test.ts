import { setTimeout as sleep } from 'node:timers/promises';
import { openEndpoint, onStandIn, type Endpoint } from './endpoint';
import { until } from '../support';

let at: Endpoint;
beforeAll(async () => {
  at = await openEndpoint();
});
afterAll(() => at?.stop());

type Message = Parameters<ReturnType<Endpoint['bus']['createSender']>['sendMessages']>[0];
const send = async (entity: string, messages: Message): Promise<void> => {
  const sender = at.bus.createSender(entity);
  await sender.sendMessages(messages);
  await sender.close();
};
const settled = async (queue: string): Promise<void> => {
  if (!at.standIn) return;
  const { counts } = at.standIn;
  await until(() => (counts(queue).active === 0 ? true : undefined));
};

describe('a Service Bus message', () => {
  it.each([
    ['a text', Buffer.from('plain'), 'plain'],
    ['JSON', Buffer.from('{"a":[1]}'), { a: [1] }],
    ['the text of a number', Buffer.from('123'), 123],
    ['text in no JSON', Buffer.from('{broken'), '{broken'],
  ])('arrives as %s', async (_, body, expected) => {
    const messageId = `id-${body.toString('hex')}`;
    await send('single', { body, messageId });
    const [entry] = await at.received(
      'onMessage',
      1,
      ({ metadata }) => metadata?.['messageId'] === messageId,
    );
    expect(entry?.input).toEqual(expected);
  });

  it('has its properties under the names of the extension, keys in lower case first', async () => {
    await send('single', {
      body: Buffer.from('with properties'),
      messageId: 'props',
      subject: 's',
      correlationId: 'c',
      to: 't',
      replyTo: 'r',
      replyToSessionId: 'rs',
      contentType: 'text/plain',
      applicationProperties: { Tenant: 'demo', 'x-Y': 1, Flag: true },
    });
    const [entry] = await at.received('onMessage', 1, ({ metadata }) => metadata?.['messageId'] === 'props');
    expect(entry?.metadata).toMatchObject({
      deliveryCount: 1,
      subject: 's',
      label: 's',
      correlationId: 'c',
      to: 't',
      replyTo: 'r',
      replyToSessionId: 'rs',
      contentType: 'text/plain',
      applicationProperties: { tenant: 'demo', 'x-Y': 1, flag: true },
      userProperties: { tenant: 'demo', 'x-Y': 1, flag: true },
      sequenceNumber: expect.any(Number),
      lockToken: expect.stringMatching(/^[0-9a-f-]{36}$/),
      enqueuedTimeUtc: expect.stringMatching(/^\d{4}-.*Z$/),
      expiresAtUtc: expect.stringMatching(/^\d{4}-/),
    });
    for (const stub of ['messageReceiver', 'messageActions', 'sessionActions', 'receiveActions', 'client']) {
      expect(entry?.metadata).toHaveProperty(stub);
    }
    expect(entry?.metadata).not.toHaveProperty('sessionId');
  });

  it('loses properties to scalars of a JSON body, in any case and as texts of .NET', async () => {
    const body = Buffer.from('{"MESSAGEID":"mine","Subject":null,"flag":false,"correlationId":{"a":1}}');
    await send('single', { body, messageId: 'broker', subject: 'kept', correlationId: 'kept' });
    const [entry] = await at.received('onMessage', 1, ({ metadata }) => metadata?.['messageId'] === 'mine');
    expect(entry?.metadata).toMatchObject({ subject: 'kept', correlationId: 'kept', flag: 'False' });
  });

  it('is a Buffer where the function asks for bytes, and its body hides nothing then', async () => {
    await send('bytes', { body: Buffer.from('{"messageId":"mine"}'), messageId: 'broker' });
    const [entry] = await at.received('onBytes', 1);
    expect(entry?.input).toEqual({ hex: Buffer.from('{"messageId":"mine"}').toString('hex') });
    expect(entry?.metadata).toMatchObject({ messageId: 'broker' });
  });

  it('of a topic reaches the function of its subscription', async () => {
    await send('events', { body: { kind: 'made' }, subject: 'over topic' });
    const [entry] = await at.received('onEvent', 1, ({ metadata }) => metadata?.['subject'] === 'over topic');
    expect(entry?.input).toEqual({ kind: 'made' });
  });
});

describe('a batch', () => {
  it('waits for its minimum, keeps its order, and names its properties in arrays', async () => {
    await send('batches', { body: Buffer.from('1'), messageId: 'b1', subject: 'first' });
    // The SDK itself gathers for a second after a first message; what comes later only the minimum waits for.
    await sleep(1_500);
    await send('batches', [
      { body: Buffer.from('"two"'), messageId: 'b2' },
      { body: Buffer.from(''), messageId: 'b3', subject: '' },
      { body: Buffer.from('{"n":4}'), messageId: 'b4', subject: 'last' },
    ]);
    const [entry] = await at.received('onBatch', 1);
    // Empty texts are dropped on the way, so that arrays may be shorter than the batch.
    expect(entry?.input).toEqual([1, 'two', { n: 4 }]);
    expect(entry?.metadata).toMatchObject({
      messageIdArray: ['b1', 'b2', 'b3', 'b4'],
      subjectArray: ['first', 'last'],
      deliveryCountArray: [1, 1, 1, 1],
    });
    expect(entry?.metadata?.['sequenceNumberArray']).toContainEqual({
      low: expect.any(Number),
      high: expect.any(Number),
      unsigned: false,
    });
    await settled('batches');
  });

  it('shares one fate: all of it comes again when the function fails', async () => {
    const before = (await at.seen('onBatch')).length;
    await send(
      'batches',
      ['good', 'bad', 'fine'].map((body) => ({ body: Buffer.from(body) })),
    );
    const batches = await until(async () => {
      const all = (await at.seen('onBatch')).slice(before);
      const counts = all.flatMap(({ metadata }) => metadata?.['deliveryCountArray'] as number[]);
      return counts.filter((count) => count === 2).length === 3 ? all : undefined;
    });
    expect(batches[0]?.input).toEqual(['good', 'bad', 'fine']);
    await settled('batches');
  });
});

describe('sessions', () => {
  it('come one message after the other, each in its order, with their id', async () => {
    await send(
      'sessions',
      ['a', 'b', 'c'].flatMap((sessionId) =>
        [1, 2, 3].map((n) => ({ body: { sessionId, n, slow: 4 - n }, sessionId })),
      ),
    );
    const all = await at.received('onSession', 9);
    for (const sessionId of ['a', 'b', 'c']) {
      const own = all.filter(({ metadata }) => metadata?.['sessionId'] === sessionId);
      expect(own.map(({ input }) => (input as { n: number }).n)).toEqual([1, 2, 3]);
    }
    await settled('sessions');
  });
});

describe('Service Bus outputs', () => {
  const write = async (to: string, value: unknown): Promise<number> =>
    (await at.call(`/api/write/${to}/x?kind=k`, { method: 'POST', body: JSON.stringify({ value }) })).status;

  it('send texts as they are, objects as JSON, arrays as several messages', async () => {
    expect(await write('bus', 'text')).toBe(201);
    expect(await write('bus', ['x', { y: 2 }])).toBe(201);
    const receiver = at.bus.createReceiver('out', {
      receiveMode: 'receiveAndDelete',
      skipParsingBodyAsJson: true,
    });
    const bodies: string[] = [];
    while (bodies.length < 3) {
      const messages = await receiver.receiveMessages(3);
      bodies.push(...messages.map(({ body }) => (body as Buffer).toString()));
    }
    await receiver.close();
    expect(bodies).toEqual(['text', 'x', '{"y":2}']);
  });

  it('send to a topic', async () => {
    expect(await write('topic', { kind: 'written' })).toBe(201);
    await at.received('onEvent', 1, ({ input }) => (input as { kind: string }).kind === 'written');
  });
});

describe('a change feed', () => {
  const create = (document: object): Promise<unknown> =>
    at.cosmos.database('shop').container('watched').items.create(document);
  const ids = (input: unknown): string[] => (input as { id: string }[]).map(({ id }) => id);

  it('hands over documents whole, in batches of the given size', async () => {
    await create({ id: 'one', pk: 'p', deep: { A: 1 } });
    const [entry] = await at.received('onChange', 1, ({ input }) => ids(input).includes('one'));
    expect(entry?.input).toEqual([expect.objectContaining({ id: 'one', pk: 'p', deep: { A: 1 } })]);
    expect(entry?.metadata).toEqual({});
    expect(entry?.retryContext).toBeUndefined();
  });

  it('loses a batch that fails without a retry policy, and goes on', async () => {
    await create({ id: 'bad', pk: 'p', bad: true });
    await create({ id: 'after', pk: 'p' });
    await at.received('onChange', 1, ({ input }) => ids(input).includes('after'));
    const tries = (await at.seen('onChange')).filter(({ input }) => ids(input).includes('bad'));
    expect(tries).toHaveLength(1);
  });

  it('retries by a fixed policy, says which try it is, and loses the batch when it is exhausted', async () => {
    await at.received('onRetriedChange', 1, ({ input }) => ids(input).includes('after'));
    const tries = (await at.seen('onRetriedChange')).filter(({ input }) => ids(input).includes('bad'));
    expect(tries.map(({ retryContext }) => retryContext?.retryCount)).toEqual([undefined, 1, 2]);
    expect(tries[2]?.retryContext).toEqual({
      retryCount: 2,
      maxRetryCount: 2,
      exception: expect.objectContaining({ message: 'failed on purpose' }),
    });
  });

  it('retries for ever with -1', async () => {
    await at.received('onBackedOffChange', 1, ({ input }) => ids(input).includes('after'));
    const tries = (await at.seen('onBackedOffChange')).filter(({ input }) => ids(input).includes('bad'));
    expect(tries.map(({ retryContext }) => retryContext?.retryCount)).toEqual([undefined, 1, 2, 3, 4]);
    expect(tries[4]?.retryContext?.maxRetryCount).toBe(-1);
  });

  it('gives what an output binding writes; an array is several documents', async () => {
    const documents = [
      { id: 'w1', pk: 'p', v: 1 },
      { id: 'w2', pk: 'p' },
    ];
    const post = (value: unknown): Promise<Response> =>
      at.call('/api/write/cosmos/x?kind=k', { method: 'POST', body: JSON.stringify({ value }) });
    expect((await post(documents)).status).toBe(201);
    expect((await post({ id: 'w1', pk: 'p', v: 2 })).status).toBe(201);
    const { resources } = await at.cosmos
      .database('shop')
      .container('written')
      .items.query<unknown>('SELECT c.id, c.v FROM c ORDER BY c.id')
      .fetchAll();
    expect(resources).toEqual([{ id: 'w1', v: 2 }, { id: 'w2' }]);
    expect((await post({ pk: 'p' })).status).toBe(500);
  });
});

describe('a timer and a warm-up', () => {
  it('run when the host starts, where they ask for it', async () => {
    const [first] = await at.received('onStart', 1);
    expect(first?.input).toEqual({
      schedule: { adjustForDST: true },
      scheduleStatus: null,
      isPastDue: false,
    });
    expect(first?.metadata).toBeUndefined();
    expect((await at.seen('warm')).map(({ input }) => input)).toEqual([{}]);
  });

  onStandIn('fire by a schedule from the settings', async () => {
    await at.standIn?.restart({ TICK: '00:00:01' });
    expect((await at.received('tick', 2)).length).toBeGreaterThanOrEqual(2);
  });
});
