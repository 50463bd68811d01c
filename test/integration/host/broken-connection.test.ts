import { ServiceBusClient } from '@azure/service-bus';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEmulatorConfig, startServiceBus, type ServiceBus } from '../../../local/servicebus';
import { appFolder, buildLocal, runHost, until, type TestHost } from './support';

const concurrency = 2;
const dir = mkdtempSync(join(tmpdir(), 'broken-connection-'));
const [startsFile, gate] = [join(dir, 'starts'), join(dir, 'gate')];
const built = buildLocal({ worker: 'local/host/worker/main.ts' });
const app = appFolder({
  'package.json': JSON.stringify({ main: 'index.js' }),
  'host.json': JSON.stringify({
    version: '2.0',
    extensions: { serviceBus: { maxConcurrentCalls: concurrency } },
  }),
  // Says that it has begun, and goes on when the gate is open.
  'index.js': `
    const { appendFileSync, existsSync } = require('node:fs');
    require('@azure/functions').app.serviceBusQueue('job', {
      connection: 'Bus',
      queueName: 'jobs',
      handler: async (message) => {
        appendFileSync(process.env.STARTS, message + '\\n');
        while (!existsSync(process.env.GATE)) await new Promise((wake) => setTimeout(wake, 20));
      },
    });`,
});

let bus: ServiceBus;
let sender: ServiceBusClient;
let host: TestHost;
/** What the host speaks through: it can break a connection under it. */
const through = new Set<Socket>();
/** Those of the broker's side that have brought a message. */
const bringing = new Set<Socket>();
const proxy = createServer((near) => {
  const far = connect(Number(/:(\d+)/.exec(bus.connectionString)?.[1]), '127.0.0.1');
  far.on('data', (chunk: Buffer) => {
    if (chunk.includes('job ')) bringing.add(far);
  });
  for (const [from, to] of [
    [near, far],
    [far, near],
  ] as const) {
    through.add(from);
    from
      .on('error', () => undefined)
      .on('close', () => {
        through.delete(from);
        to.destroy();
      });
    from.pipe(to);
  }
});

beforeAll(async () => {
  writeFileSync(startsFile, '');
  bus = await startServiceBus({
    port: 0,
    dataDir: dir,
    sharedAccessKey: 'test-key',
    config: parseEmulatorConfig({
      UserConfig: {
        Namespaces: [
          { Name: 'ns', Queues: [{ Name: 'jobs', Properties: { LockDuration: 'PT5M' } }], Topics: [] },
        ],
        Logging: { Type: 'File' },
      },
    }),
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const { port } = proxy.address() as AddressInfo;
  sender = new ServiceBusClient(bus.connectionString);
  host = await runHost(join(built.dir, 'worker.js'), {
    appDir: app.dir,
    env: { Bus: bus.connectionString.replace(/:\d+/, `:${port}`), STARTS: startsFile, GATE: gate },
  });
});
afterAll(async () => {
  await host.stop();
  await sender.close();
  proxy.close();
  for (const socket of through) socket.destroy();
  await bus.stop();
  app.remove();
  built.remove();
  rmSync(dir, { recursive: true, force: true });
});

const starts = (): string[] => readFileSync(startsFile, 'utf8').split('\n').filter(Boolean).sort();
const started = (count: number) => until(() => (starts().length >= count ? true : undefined));

test('what a broken connection brought is settled all the same, each once, although its lock is a long one', async () => {
  const names = Array.from({ length: 8 }, (_, index) => `job ${index}`);
  const link = sender.createSender('jobs');
  await link.sendMessages(names.map((name) => ({ body: Buffer.from(name), messageId: name })));
  await started(concurrency);
  for (let breaks = 0; breaks < 3; breaks++) {
    bringing.clear();
    for (const socket of through) socket.destroy();
    await until(() => (bringing.size > 0 ? true : undefined));
  }
  // The functions at work fill every place, so that nothing else has begun.
  expect(starts()).toHaveLength(concurrency);
  writeFileSync(gate, '');
  await until(() => (bus.counts()['jobs']?.active === 0 ? true : undefined));
  expect(starts()).toEqual(names);
  expect(bus.counts()['jobs']?.deadLetter).toBe(0);
});
