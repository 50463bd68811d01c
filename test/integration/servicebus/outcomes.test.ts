import { ServiceBusClient, type ServiceBusReceivedMessage } from '@azure/service-bus';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Session } from 'rhea';
import { parseEmulatorConfig, startServiceBus, type ServiceBus } from '../../../local/servicebus';
import { keepOutcomesApart } from '../../../local/servicebus/wire';

const dir = mkdtempSync(join(tmpdir(), 'outcomes-'));
let bus: ServiceBus;
let client: ServiceBusClient;

beforeAll(async () => {
  const queue = (Name: string) => ({ Name, Properties: { LockDuration: 'PT5M' } });
  bus = await startServiceBus({
    port: 0,
    dataDir: dir,
    sharedAccessKey: 'test-key',
    config: parseEmulatorConfig({
      UserConfig: {
        Namespaces: [
          { Name: 'ns', Queues: [queue('sends'), queue('settlements'), queue('answers')], Topics: [] },
        ],
        Logging: { Type: 'File' },
      },
    }),
  });
  client = new ServiceBusClient(bus.connectionString, { retryOptions: { maxRetries: 0 } });
});
afterAll(async () => {
  await client.close();
  await bus.stop();
  rmSync(dir, { recursive: true, force: true });
});

const faults = (settings: object) =>
  fetch(`http://127.0.0.1:${/:(\d+)/.exec(bus.connectionString)?.[1]}/_local/faults`, {
    method: 'POST',
    headers: { 'x-local-key': 'test-key' },
    body: JSON.stringify(settings),
  });
const rounds = 40;
const atOnce = 8;

test('of sends that are answered together, those that were refused are told so', async () => {
  const sender = client.createSender('sends');
  await faults({ rate: 0.5, kinds: ['server-busy'], entity: 'sends' });
  let accepted = 0;
  for (let round = 0; round < rounds; round++) {
    const sends = Array.from({ length: atOnce }, () => sender.sendMessages({ body: 'x' }));
    accepted += (await Promise.allSettled(sends)).filter(({ status }) => status === 'fulfilled').length;
  }
  await faults({});
  expect(accepted).toBeGreaterThan(0);
  expect(bus.counts()['sends']?.active).toBe(accepted);
});

const received = async (queue: string, count = atOnce) => {
  const sender = client.createSender(queue);
  await sender.sendMessages(Array.from({ length: atOnce }, () => ({ body: 'x' })));
  const receiver = client.createReceiver(queue, { maxAutoLockRenewalDurationInMs: 0 });
  const messages: ServiceBusReceivedMessage[] = [];
  while (messages.length < count) messages.push(...(await receiver.receiveMessages(count)));
  return { receiver, messages };
};

test('of settlements that are answered together, those that found no lock are told so', async () => {
  let left = 0;
  for (let round = 0; round < 10; round++) {
    // What is left of the last round comes again as well.
    const { receiver, messages } = await received('answers', left + atOnce);
    await faults({ rate: 0.5, kinds: ['lock-lost'], entity: 'answers' });
    const settled = await Promise.allSettled(messages.map((message) => receiver.completeMessage(message)));
    await faults({});
    left = settled.filter(({ status }) => status === 'rejected').length;
    expect(bus.counts()['answers']?.active).toBe(left);
    await receiver.close();
  }
});

test('of settlements that are sent together, an abandoned message stays', async () => {
  const { receiver, messages } = await received('settlements');
  for (const message of messages) {
    const { delivery } = message as unknown as { delivery: { link: { session: Session } } };
    keepOutcomesApart(delivery.link.session);
  }
  await Promise.all(
    messages.map((message, index) =>
      index % 2 === 0 ? receiver.completeMessage(message) : receiver.abandonMessage(message),
    ),
  );
  expect(bus.counts()['settlements']?.active).toBe(atOnce / 2);
});
