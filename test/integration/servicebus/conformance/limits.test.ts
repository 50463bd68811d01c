import { connect } from 'node:net';
import { once } from 'node:events';
import type { ServiceBusClient } from '@azure/service-bus';
import Long from 'long';
import { create_container, types, type EventContext } from 'rhea';
import { next } from '../endpoint';
import { localTest, startNamespace, type Namespace } from './namespace';

let namespace: Namespace;
let client: ServiceBusClient;
beforeAll(async () => {
  namespace = await startNamespace('limits');
  ({ client } = namespace);
});
afterAll(() => namespace.stop());

const big = Buffer.alloc(200_000);

// The service's smallest quota is a gigabyte.
describe('the quota of an entity', () => {
  const fill = async (path: string, count: number): Promise<void> => {
    const sender = client.createSender(path);
    for (let i = 0; i < count; i++) await sender.sendMessages({ body: big });
    await sender.close();
  };

  localTest('a full queue refuses; room is made by receiving', async () => {
    await fill('small', 5);
    await expect(fill('small', 1)).rejects.toMatchObject({ code: 'QuotaExceeded' });
    const sender = client.createSender('small');
    const scheduling = sender.scheduleMessages({ body: big }, new Date(Date.now() + 60_000));
    await expect(scheduling).rejects.toMatchObject({ code: 'QuotaExceeded' });
    const receiver = client.createReceiver('small');
    await receiver.completeMessage(await next(receiver));
    await fill('small', 1);
    await Promise.all([sender.close(), receiver.close()]);
  });

  localTest('dead letters count', async () => {
    const receiver = client.createReceiver('small');
    const [message] = await receiver.receiveMessages(1);
    if (message) await receiver.deadLetterMessage(message);
    await expect(fill('small', 1)).rejects.toMatchObject({ code: 'QuotaExceeded' });
    await receiver.close();
  });

  localTest('a batch is taken whole or not at all', async () => {
    const receiver = client.createReceiver('small', { receiveMode: 'receiveAndDelete' });
    await receiver.receiveMessages(2, { maxWaitTimeInMs: 5000 });
    const before = (await receiver.peekMessages(100)).length;
    const sender = client.createSender('small');
    const half = Buffer.alloc(120_000);
    await sender.sendMessages([{ body: half }, { body: half }]);
    await expect(sender.sendMessages([{ body: half }, { body: half }])).rejects.toMatchObject({
      code: 'QuotaExceeded',
    });
    const after = await receiver.peekMessages(100, { fromSequenceNumber: Long.ONE });
    expect(after).toHaveLength(before + 2);
    await Promise.all([sender.close(), receiver.close()]);
  });

  localTest('that of a topic counts what each subscription holds', async () => {
    await fill('small-topic', 2);
    await fill('small-topic', 1);
    await expect(fill('small-topic', 1)).rejects.toMatchObject({ code: 'QuotaExceeded' });
  });
});

describe('the status of an entity', () => {
  const sending = async (queue: string): Promise<void> => {
    const sender = client.createSender(queue);
    try {
      await sender.sendMessages({ body: 1 });
    } finally {
      await sender.close();
    }
  };
  const receiving = async (queue: string): Promise<unknown> => {
    const receiver = client.createReceiver(queue);
    try {
      return await receiver.receiveMessages(1, { maxWaitTimeInMs: 200 });
    } finally {
      await receiver.close();
    }
  };
  const disabled = { code: 'MessagingEntityDisabled' };

  test('Disabled: neither sending nor receiving', async () => {
    await expect(sending('disabled')).rejects.toMatchObject(disabled);
    await expect(receiving('disabled')).rejects.toMatchObject(disabled);
  });

  test('SendDisabled: receiving only', async () => {
    await expect(sending('no-sending')).rejects.toMatchObject(disabled);
    expect(await receiving('no-sending')).toEqual([]);
  });

  test('ReceiveDisabled: sending only', async () => {
    await sending('no-receiving');
    await expect(receiving('no-receiving')).rejects.toMatchObject(disabled);
  });
});

describe('what a message may be', () => {
  test('a batch does not take more than the entity', async () => {
    const sender = client.createSender('plain');
    const batch = await sender.createMessageBatch();
    expect(batch.tryAddMessage({ body: big })).toBe(true);
    expect(batch.tryAddMessage({ body: big })).toBe(false);
    await sender.close();
  });

  test('one message beyond the size is refused', async () => {
    const sender = client.createSender('plain');
    await expect(sender.sendMessages({ body: Buffer.alloc(300_000) })).rejects.toMatchObject({
      code: 'MessageSizeExceeded',
    });
    await sender.close();
  });
});

describe('what the stand-in does not have, it refuses by name', () => {
  const endpoint = (): { host: string; port: number } => {
    const [, host = '', port = ''] = /sb:\/\/([^:;]+):(\d+)/.exec(namespace.connectionString) ?? [];
    return { host, port: Number(port) };
  };

  localTest('transactions', async () => {
    const container = create_container();
    container.on('error', () => undefined);
    const connection = container.connect({ ...endpoint(), reconnect: false });
    const link = connection.open_sender({ name: 'coordinator' });
    const { local } = link as unknown as { local: { attach: { target: unknown } } };
    local.attach.target = types.wrap_described([], 0x30);
    const refusal = new Promise<unknown>((resolve) =>
      container.on('sender_error', ({ sender }: EventContext) => resolve(sender?.error)),
    );
    expect(await refusal).toMatchObject({
      condition: 'amqp:not-implemented',
      description: expect.stringContaining('does not support transactions') as string,
    });
    connection.close();
  });

  localTest('administration', async () => {
    const { host, port } = endpoint();
    const response = await fetch(`http://${host}:${port}/plain?api-version=2021-05`);
    expect(response.status).toBe(501);
    expect(await response.text()).toContain('no administration API');
  });

  localTest('a peer that speaks neither AMQP nor HTTP is cut off', async () => {
    const socket = connect(endpoint());
    socket.on('error', () => undefined).resume();
    socket.write(Buffer.from([0x16, 0x03, 0x01, 0, 1, 0]));
    await once(socket, 'close');
  });
});
