import { ServiceBusClient } from '@azure/service-bus';
import { CosmosClient } from '@azure/cosmos';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readStack, startStack, type StackHandle, type StackInfo, type StackOptions } from '../../../local';
import { appFolder, buildLocal, root, until } from './support';

const built = buildLocal({
  servicebus: 'local/servicebus/main.ts',
  cosmos: 'local/cosmos/main.ts',
  host: 'local/host/main.ts',
  worker: 'local/host/worker/main.ts',
  launcher: 'local/index.ts',
  services: 'local/services/main.ts',
});
const scripts = {
  servicebus: join(built.dir, 'servicebus.js'),
  cosmos: join(built.dir, 'cosmos.js'),
  host: join(built.dir, 'host.js'),
  services: join(built.dir, 'services.js'),
  azurite: join(root, 'node_modules/azurite/dist/src/azurite.js'),
};
const topology = {
  UserConfig: {
    Namespaces: [
      {
        Name: 'ns',
        Queues: [
          { Name: 'orders', Properties: {} },
          { Name: 'bytes', Properties: {} },
        ],
        Topics: [],
      },
    ],
    Logging: { Type: 'File' },
  },
  Cosmos: {
    databases: [{ id: 'shop', containers: [{ id: 'orders', partitionKey: '/pk', defaultTtl: -1 }] }],
  },
  Blobs: ['inbox'],
};
const app = appFolder(
  {
    'topology.json': JSON.stringify(topology),
    'local.settings.json': JSON.stringify({
      IsEncrypted: false,
      Values: { QUEUE: 'orders', TICK_SCHEDULE: '0 0 0 1 1 *', DEFAULT_TENANT: 'from-file' },
    }),
  },
  'foreign-app',
);
const folders: string[] = [];
const folder = (): string => {
  const dir = mkdtempSync(join(tmpdir(), 'stack-'));
  folders.push(dir);
  return dir;
};
const plainApp = appFolder({
  'package.json': '{ "main": "app.js" }',
  'host.json': '{ "version": "2.0" }',
  'app.js': `const { app } = require('@azure/functions');
app.get('settings', { authLevel: 'function', handler: () => ({ jsonBody: Object.fromEntries(['ServiceBusConnection', 'CosmosDBConnection', 'AzureWebJobsStorage', 'MEDRELAY_KEY_FILE', 'DEFAULT_TENANT', 'AZURE_FUNCTIONS_ENVIRONMENT'].map((name) => [name, process.env[name]])) }) });
app.serviceBusQueue('onOrder', { connection: 'ServiceBusConnection', queueName: 'orders', handler: async () => {} });`,
  'topology.json': JSON.stringify(topology),
  'local.settings.json': JSON.stringify({ IsEncrypted: false, Values: { DEFAULT_TENANT: 'from-file' } }),
});

const lines: string[] = [];
const start = (dataDir: string, more: Partial<StackOptions> = {}): Promise<StackHandle> =>
  startStack({
    dataDir,
    appDir: plainApp.dir,
    ports: 'auto',
    scripts,
    log: (line) => lines.push(line),
    ...more,
  });
const pids = (info: StackInfo): number[] =>
  [info.host, info.serviceBus, info.cosmos, info.azurite, info.services].map(({ pid }) => pid);
const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

afterAll(() => {
  for (const dir of folders) rmSync(dir, { recursive: true, force: true });
  app.remove();
  plainApp.remove();
  built.remove();
});

describe('a stack', () => {
  const dataDir = folder();
  let stack: StackHandle;
  beforeAll(async () => {
    stack = await start(dataDir);
  });
  afterAll(() => stack.stop());

  it('says in stack.json where everything is, to its owner alone', async () => {
    expect(await readStack(dataDir)).toEqual(stack.info);
    expect(statSync(join(dataDir, 'stack.json')).mode & 0o777).toBe(0o600);
    expect(statSync(join(dataDir, 'keys')).mode & 0o777).toBe(0o700);
    expect(existsSync(stack.info.keyFile)).toBe(false);
    expect(stack.info.host.functions.map(({ name }) => name)).toEqual(['settings', 'onOrder']);
  });

  it('gives the app its connections, its key file and its settings', async () => {
    const url = `${stack.info.host.url}/api/settings`;
    expect((await fetch(url)).status).toBe(401);
    const response = await fetch(url, { headers: { 'x-functions-key': stack.info.functionKeys.function } });
    expect(await response.json()).toEqual({
      ServiceBusConnection: stack.info.serviceBus.connectionString,
      CosmosDBConnection: stack.info.cosmos.connectionString,
      AzureWebJobsStorage: stack.info.azurite.connectionString,
      MEDRELAY_KEY_FILE: join(dataDir, 'keys/kek.json'),
      DEFAULT_TENANT: 'from-file',
      AZURE_FUNCTIONS_ENVIRONMENT: 'Development',
    });
  });

  it('has what the topology names', async () => {
    const client = new CosmosClient(stack.info.cosmos.connectionString);
    const { resource } = await client.database('shop').container('orders').read();
    expect(resource?.partitionKey?.paths).toEqual(['/pk']);
    client.dispose();
  });

  it('refuses a second stack on the same data', async () => {
    await expect(start(dataDir)).rejects.toThrow(
      `A stack is already running on ${dataDir} (process ${process.pid})`,
    );
    expect(await readStack(dataDir)).toEqual(stack.info);
  });

  it('restarts a killed part on its port, and work goes on', async () => {
    const before = { ...stack.info.serviceBus };
    process.kill(before.pid, 'SIGKILL');
    process.kill(stack.info.cosmos.pid, 'SIGKILL');
    process.kill(stack.info.host.pid, 'SIGKILL');
    for (const name of ['Service Bus', 'Cosmos DB', 'Functions host']) {
      await until(() => lines.find((line) => line.includes(`${name} is ready again.`)));
    }
    const now = await readStack(dataDir);
    expect(now).toEqual(stack.info);
    expect(now && pids(now).every(alive)).toBe(true);
    expect(now?.serviceBus).toMatchObject({ port: before.port, connectionString: before.connectionString });
    expect(now?.serviceBus.pid).not.toBe(before.pid);
    const client = new ServiceBusClient(stack.info.serviceBus.connectionString);
    await client.createSender('orders').sendMessages({ body: 'after the crash' });
    await client.close();
    await until(() => lines.find((line) => line.includes("Executed 'Functions.onOrder' (Succeeded")));
    expect(lines.join('\n')).toContain('Service Bus ended unexpectedly (signal SIGKILL); it is restarted.');
  });

  it('leaves nothing behind when stopped, and keeps its keys for the next start', async () => {
    const { info } = stack;
    await stack.stop();
    expect(pids(info).filter(alive)).toEqual([]);
    expect(await readStack(dataDir)).toBeUndefined();
    stack = await start(dataDir);
    expect(stack.info.functionKeys).toEqual(info.functionKeys);
  });
});

describe('a launcher that is killed', () => {
  it('takes its parts with it, and the data can be used again', async () => {
    const dataDir = folder();
    const script = join(dataDir, 'launch.js');
    const options = JSON.stringify({ dataDir, appDir: plainApp.dir, ports: 'auto', scripts });
    writeFileSync(
      script,
      `require(${JSON.stringify(join(built.dir, 'launcher.js'))}).startStack({ ...${options}, log() {} }).then(() => console.log('up'));`,
    );
    const launcher = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(launcher.stdout, 'data');
    const info = JSON.parse(readFileSync(join(dataDir, 'stack.json'), 'utf8')) as StackInfo;
    expect(info.pid).toBe(launcher.pid);
    launcher.kill('SIGKILL');
    await once(launcher, 'exit');
    expect(await readStack(dataDir)).toBeUndefined();
    await until(() => (pids(info).some(alive) ? undefined : true));
    const next = await start(dataDir);
    await next.stop();
  });
});

describe('a start that cannot succeed', () => {
  const reason = (started: Promise<StackHandle>): Promise<string> =>
    started.then(
      () => 'it started',
      (error: Error) => error.message,
    );
  const nothingLeft = (dataDir: string): void => {
    expect(existsSync(join(dataDir, 'stack.json'))).toBe(false);
    expect(existsSync(join(dataDir, 'lock'))).toBe(false);
  };

  it('names a taken port', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const dataDir = folder();
    expect(await reason(start(dataDir, { ports: port }))).toBe(
      `Port ${port} (Functions host) is taken by another program. Stop that program, or start with --ports auto.`,
    );
    nothingLeft(dataDir);
    server.close();
  });

  it('hands on what a damaged part says', async () => {
    const dataDir = folder();
    mkdirSync(join(dataDir, 'cosmos'));
    writeFileSync(join(dataDir, 'cosmos/cosmos.db'), 'this is no database'.repeat(100));
    expect(await reason(start(dataDir))).toMatch(/^Cosmos DB could not start: .*cannot be opened/);
    nothingLeft(dataDir);
  });

  it('hands on why the app does not start', async () => {
    const dataDir = folder();
    expect(await reason(start(dataDir, { appDir: app.dir }))).toMatch(
      /^Functions host could not start: Function \w+ needs the connection setting (Bus|Cosmos), which is not set/,
    );
    nothingLeft(dataDir);
  });

  it('names a damaged key file', async () => {
    const dataDir = folder();
    mkdirSync(join(dataDir, 'keys'));
    writeFileSync(join(dataDir, 'keys/function-keys.json'), '{');
    expect(await reason(start(dataDir))).toMatch(/function-keys\.json is damaged/);
    nothingLeft(dataDir);
  });

  it('names a data folder that is a file', async () => {
    const file = join(folder(), 'file');
    writeFileSync(file, '');
    expect(await reason(start(file))).toMatch(/^The data folder .* cannot be made/);
  });
});
