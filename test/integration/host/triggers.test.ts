import { CosmosClient, type Database } from '@azure/cosmos';
import { ServiceBusClient } from '@azure/service-bus';
import { BlobServiceClient } from '@azure/storage-blob';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCosmos, type Cosmos } from '../../../local/cosmos';
import { parseEmulatorConfig, startServiceBus, type ServiceBus } from '../../../local/servicebus';
import { startAzurite } from './azurite';
import { appFolder, buildLocal, runHost, until, type TestHost } from './support';

interface Seen {
  name: string;
  input: unknown;
  metadata?: Record<string, unknown>;
  retryContext?: { retryCount: number; maxRetryCount: number; exception?: { message: string } };
}

const built = buildLocal({ worker: 'local/host/worker/main.ts' });
const worker = join(built.dir, 'worker.js');
const data = mkdtempSync(join(tmpdir(), 'host-data-'));
const app = appFolder({}, 'foreign-app');
const far = '0 0 0 1 1 *';

let azurite: Awaited<ReturnType<typeof startAzurite>>;
let bus: ServiceBus;
let cosmos: Cosmos;
let sender: ServiceBusClient;
let shop: Database;
let env: Record<string, string>;
let host: TestHost;

const queue = (Name: string, MaxDeliveryCount: number) => ({
  Name,
  Properties: { LockDuration: 'PT1M', MaxDeliveryCount },
});
const busOptions = {
  dataDir: join(data, 'bus'),
  sharedAccessKey: 'test-key',
  config: parseEmulatorConfig({
    UserConfig: {
      Namespaces: [
        {
          Name: 'ns',
          Queues: [queue('orders', 3), queue('bytes', 3), queue('batches', 3)],
          Topics: [{ Name: 'events', Properties: {}, Subscriptions: [{ Name: 'all', Properties: {} }] }],
        },
      ],
      Logging: { Type: 'File' },
    },
  }),
};
const seenBy = async (on: TestHost, name: string): Promise<Seen[]> =>
  ((await (await on.call('/v1/seen')).json()) as Seen[]).filter((entry) => entry.name === name);
const received = (on: TestHost, name: string, count: number): Promise<Seen[]> =>
  until(async () => {
    const all = await seenBy(on, name);
    return all.length >= count ? all : undefined;
  });
const send = async (
  queueName: string,
  message: Parameters<ReturnType<ServiceBusClient['createSender']>['sendMessages']>[0],
): Promise<void> => {
  const link = sender.createSender(queueName);
  await link.sendMessages(message);
  await link.close();
};

beforeAll(async () => {
  [azurite, bus, cosmos] = await Promise.all([
    startAzurite(),
    startServiceBus({ port: 0, ...busOptions }),
    startCosmos({ port: 0, dataDir: join(data, 'cosmos') }),
  ]);
  sender = new ServiceBusClient(bus.connectionString);
  const client = new CosmosClient(cosmos.connectionString);
  shop = (await client.databases.create({ id: 'shop' })).database;
  await shop.containers.create({ id: 'orders', partitionKey: { paths: ['/pk'] } });
  env = {
    Bus: bus.connectionString,
    Cosmos: cosmos.connectionString,
    AzureWebJobsStorage: azurite.connection,
    QUEUE: 'orders',
    TICK_SCHEDULE: far,
  };
  host = await runHost(worker, { appDir: app.dir, env });
});
afterAll(async () => {
  await host.stop();
  await sender.close();
  await Promise.all([azurite.stop(), bus.stop(), cosmos.stop()]);
  app.remove();
  built.remove();
  rmSync(data, { recursive: true, force: true });
});

describe('a Service Bus queue', () => {
  it('hands over the body and the broker properties, then completes the message', async () => {
    await send('orders', {
      body: { fail: 0, messageId: 'from the body' },
      messageId: 'm-1',
      contentType: 'application/json',
      applicationProperties: { Tenant: 'demo', n: 3 },
    });
    const [first] = await received(host, 'onMessage', 1);
    expect(first?.input).toEqual({ fail: 0, messageId: 'from the body' });
    expect(first?.metadata).toMatchObject({
      deliveryCount: 1,
      // A scalar of the body hides the broker property of that name, as in Azure.
      messageId: 'from the body',
      contentType: 'application/json',
      applicationProperties: { tenant: 'demo', n: 3 },
      userProperties: { tenant: 'demo', n: 3 },
      sequenceNumber: expect.any(Number),
      lockToken: expect.stringMatching(/^[0-9a-f-]{36}$/),
      enqueuedTimeUtc: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    });
    await until(() => (bus.counts()['orders']?.active === 0 ? true : undefined));
    expect(bus.counts()['orders']?.deadLetter).toBe(0);
  });

  it('abandons a failed message: it comes again, and ends in the dead-letter queue', async () => {
    const before = (await seenBy(host, 'onMessage')).length;
    await send('orders', { body: { fail: 1 } });
    const twice = (await received(host, 'onMessage', before + 2)).slice(before);
    expect(twice.map((entry) => entry.metadata?.['deliveryCount'])).toEqual([1, 2]);

    await send('orders', { body: { fail: 99 } });
    await until(() => (bus.counts()['orders']?.deadLetter === 1 ? true : undefined));
    expect((await seenBy(host, 'onMessage')).length).toBe(before + 5);
    expect(host.lines.join('\n')).toMatch(/Executed 'Functions.onMessage' \(Failed/);
  });

  it('hands over bytes where the function asks for them', async () => {
    await send('bytes', { body: Buffer.from([0, 255, 0x7b, 0x7d]) });
    expect((await received(host, 'onBytes', 1))[0]?.input).toEqual({ isBuffer: true, hex: '00ff7b7d' });
  });

  it('hands over a batch where the function asks for many', async () => {
    await send('batches', [
      { body: { n: 1 }, subject: 'a' },
      { body: 'two', subject: 'b' },
    ]);
    const batches = await until(async () => {
      const all = await seenBy(host, 'onBatch');
      return all.flatMap(({ input }) => input).length === 2 ? all : undefined;
    });
    expect(batches.flatMap(({ input }) => input)).toEqual([{ n: 1 }, 'two']);
    expect(batches.flatMap(({ metadata }) => metadata?.['subjectArray'])).toEqual(['a', 'b']);
    await until(() => (bus.counts()['batches']?.active === 0 ? true : undefined));
  });

  it('has topics with subscriptions beside it', async () => {
    await send('events', { body: { kind: 'created' } });
    expect((await received(host, 'onEvent', 1))[0]?.input).toEqual({ kind: 'created' });
  });

  it('keeps messages back while the host drains', async () => {
    const master = { method: 'POST', headers: { 'x-functions-key': 'master-key' } };
    const before = (await seenBy(host, 'onBytes')).length;
    await host.call('/admin/host/drain', master);
    await until(async () => {
      const status = await host.call('/admin/host/drain/status', { headers: master.headers });
      return ((await status.json()) as { state: string }).state === 'Completed' ? true : undefined;
    });
    await host.drain();
    await send('bytes', { body: Buffer.from('later') });
    expect(bus.counts()['bytes']?.active).toBe(1);
    await host.call('/admin/host/resume', master);
    expect((await received(host, 'onBytes', before + 1)).length).toBe(before + 1);
  });
});

describe('a Cosmos DB container', () => {
  it('hands over what was there before and what comes, and retries by the policy', async () => {
    await shop.container('orders').items.create({ id: 'a', pk: 'p' });
    const [first] = await received(host, 'onChange', 1);
    expect(first?.input).toEqual([expect.objectContaining({ id: 'a', pk: 'p' })]);

    await shop.container('orders').items.create({ id: 'b', pk: 'p', failOnce: true });
    const again = await received(host, 'onChange', 3);
    expect(again[1]?.retryContext).toBeUndefined();
    expect(again[2]?.retryContext).toEqual({
      retryCount: 1,
      maxRetryCount: 2,
      exception: expect.objectContaining({ message: 'once' }),
    });
  });

  it('goes on after a restart where it stopped', async () => {
    await host.stop();
    await shop.container('orders').items.create({ id: 'c', pk: 'p' });
    host = await runHost(worker, { appDir: app.dir, env });
    const [first] = await received(host, 'onChange', 1);
    expect((first?.input as { id: string }[]).map(({ id }) => id)).toEqual(['c']);
  });
});

describe('a service that was away', () => {
  it('is taken up again when it is back: Service Bus', async () => {
    const before = (await seenBy(host, 'onBytes')).length;
    const { port } = bus;
    await bus.stop();
    await until(() => host.lines.find((line) => line.startsWith('Service Bus trigger of onBytes: ')));
    bus = await startServiceBus({ port, ...busOptions });
    await sender.close();
    sender = new ServiceBusClient(bus.connectionString);
    await send('bytes', { body: Buffer.from('after') });
    expect((await received(host, 'onBytes', before + 1)).length).toBe(before + 1);
  });

  it('is taken up again when it is back: Cosmos DB', async () => {
    const { port } = cosmos;
    await cosmos.stop();
    await until(() => host.lines.find((line) => line.startsWith('Cosmos DB trigger of onChange: ')));
    cosmos = await startCosmos({ port, dataDir: join(data, 'cosmos') });
    const before = (await seenBy(host, 'onChange')).length;
    await shop.container('orders').items.create({ id: 'later', pk: 'p' });
    const all = await received(host, 'onChange', before + 1);
    expect(all.at(-1)?.input).toEqual([expect.objectContaining({ id: 'later' })]);
  });
});

describe('a timer', () => {
  it('runs by hand through the admin API', async () => {
    const run = await host.call('/admin/functions/tick', {
      method: 'POST',
      headers: { 'x-functions-key': 'master-key' },
      body: '{"input":""}',
    });
    expect(run.status).toBe(202);
    const [first] = await received(host, 'tick', 1);
    expect(first?.input).toMatchObject({ isPastDue: false, schedule: { adjustForDST: true } });
  });

  it('keeps its status in the storage, and a missed run is made up once', async () => {
    const container = BlobServiceClient.fromConnectionString(azurite.connection).getContainerClient(
      'azure-webjobs-hosts',
    );
    const names: string[] = [];
    for await (const blob of container.listBlobsFlat()) names.push(blob.name);
    expect(names).toEqual([expect.stringMatching(/^timers\/[0-9a-f]{32}\/tick\/status$/)]);
    const blob = container.getBlockBlobClient(names[0] ?? '');
    const status = JSON.parse((await blob.downloadToBuffer()).toString()) as Record<string, string>;
    expect(Object.keys(status)).toEqual(['Last', 'Next', 'LastUpdated']);

    await host.stop();
    const lastYear = new Date().getFullYear() - 1;
    const missed = {
      Last: new Date(lastYear - 1, 0, 1).toISOString(),
      Next: new Date(lastYear, 0, 1).toISOString(),
      LastUpdated: new Date(lastYear - 1, 0, 1).toISOString(),
    };
    const body = JSON.stringify(missed);
    await blob.upload(body, body.length);
    host = await runHost(worker, { appDir: app.dir, env });
    const [first] = await received(host, 'tick', 1);
    expect(first?.input).toMatchObject({
      isPastDue: true,
      scheduleStatus: { last: missed.Last, next: missed.Next },
    });
    const next = await until(async () => {
      const now = JSON.parse((await blob.downloadToBuffer()).toString()) as { Next: string };
      return now.Next === missed.Next ? undefined : now.Next;
    });
    expect(Date.parse(next)).toBeGreaterThan(Date.now());
  });

  it('fires by its schedule', async () => {
    await host.stop();
    host = await runHost(worker, { appDir: app.dir, env: { ...env, TICK_SCHEDULE: '* * * * * *' } });
    const twice = await received(host, 'tick', 2);
    expect(twice[0]?.input).toMatchObject({ isPastDue: false, scheduleStatus: null });
  });
});
