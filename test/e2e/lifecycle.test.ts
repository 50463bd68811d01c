import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, truncateSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  cleanUp,
  folder,
  isAlive,
  json,
  medrelay,
  pidsOf,
  processesOf,
  root,
  scripts,
  stackOf,
  start,
  until,
} from './medrelay';

afterAll(cleanUp);

const startCommand = (dataDir: string, ...args: string[]) =>
  start(scripts.medrelay, ['start', '--data', dataDir, ...args]);

/** One clear sentence: what is not indented or a blank line, from the command itself. */
async function failsWith(sentence: RegExp, dataDir: string, ...args: string[]): Promise<void> {
  const { code, output } = await startCommand(dataDir, ...args).ended;
  expect(output.trimEnd().split('\n')).toEqual([expect.stringMatching(sentence)]);
  expect(code).toBe(1);
  expect(processesOf(dataDir)).toEqual([]);
}

describe('one data folder', () => {
  const dataDir = join(folder(), 'data');

  test('a killed launcher takes its parts along, and the data can be used again', async () => {
    const first = startCommand(dataDir, '--ports', 'auto');
    await first.printed('is ready');
    const stack = stackOf(dataDir);
    expect(await json('status', '--json', '--data', dataDir)).toMatchObject({
      running: true,
      pid: stack.pid,
      dataDir,
      health: { status: 'ok', away: [] },
      endpoints: { functions: stack.host.url, cosmos: stack.cosmos.endpoint },
      functions: expect.arrayContaining([expect.objectContaining({ name: 'hl7Processor' })]),
    });
    const sent = await json(
      'send',
      'samples/good/01-adt-a01-admission.hl7',
      '--wait',
      '--json',
      '--data',
      dataDir,
    );
    expect(sent).toMatchObject({ done: 1 });

    process.kill(stack.pid, 'SIGKILL');
    expect((await first.ended).code).toBe(1);
    await until(() => (pidsOf(stack).some(isAlive) ? undefined : true));
    expect(processesOf(dataDir)).toEqual([]);
    expect(await medrelay(['status', '--data', dataDir])).toEqual({
      code: 1,
      stdout: `No stack is running on ${dataDir}. Start one with: npm start\n`,
      stderr: '',
    });
    expect(await json('status', '--json', '--data', dataDir)).toEqual({ running: false });
  });

  test('a second start on it says who has it; SIGINT to the first alone drains it', async () => {
    const stack = start(scripts.start, ['--data', dataDir, '--ports', 'auto']);
    await stack.printed('is ready');
    const pids = pidsOf(stackOf(dataDir));

    const second = await startCommand(dataDir, '--ports', 'auto').ended;
    expect(second).toMatchObject({
      code: 1,
      output: expect.stringMatching(/^medrelay: A stack is already running on .*\n$/),
    });
    const again = await json(
      'send',
      'samples/good/01-adt-a01-admission.hl7',
      '--wait',
      '--json',
      '--data',
      dataDir,
    );
    expect(again).toMatchObject({ duplicate: 1 });

    stack.child.kill('SIGINT');
    expect(await stack.ended).toEqual({ code: 0, output: expect.stringMatching(/^Stopped\.\n$/m) });
    expect([pids.filter(isAlive), processesOf(dataDir), existsSync(join(dataDir, 'stack.json'))]).toEqual([
      [],
      [],
      false,
    ]);
    expect(await medrelay(['stop', '--data', dataDir])).toMatchObject({
      code: 0,
      stdout: `No stack is running on ${dataDir}.\n`,
    });
  });

  test.each([
    [
      'cosmos/cosmos.db',
      /^medrelay: Cosmos DB could not start: .* cannot be opened \(.*\)\. Move the folder away/,
    ],
    [
      'servicebus/servicebus.db',
      /^medrelay: Service Bus could not start: .*servicebus\.db: it cannot be used/,
    ],
    [
      'keyvault/keyvault.db',
      /^medrelay: Local services could not start: .*keyvault\.db cannot be opened \(.*\)\. Restore it/,
    ],
    ['identity/tenant.json', /^medrelay: .*tenant\.json cannot be read \(.*\)\. Delete it/],
    [
      'keys/function-keys.json',
      /^medrelay: .*function-keys\.json is damaged: .* delete it to get new ones\.$/,
    ],
  ])('half of %s is one sentence', async (file, sentence) => {
    const copy = join(folder(), 'data');
    cpSync(dataDir, copy, { recursive: true });
    const damaged = join(copy, file);
    truncateSync(damaged, Math.floor(statSync(damaged).size / 2));
    await failsWith(sentence, copy, '--ports', 'auto');
  });

  test('half of the storage account names the folder', async () => {
    const copy = join(folder(), 'data');
    cpSync(dataDir, copy, { recursive: true });
    const damaged = join(copy, 'azurite/__azurite_db_blob__.json');
    truncateSync(damaged, Math.floor(statSync(damaged).size / 2));
    const { code, output } = await startCommand(copy, '--ports', 'auto').ended;
    expect(output).toMatch(
      /^medrelay: Azurite could not start: [^\n]*\n.*azurite is damaged, restore it or move the folder/m,
    );
    expect([code, processesOf(copy)]).toEqual([1, []]);
  });
});

test('Ctrl-C while the parts start ends them in order', async () => {
  const dataDir = join(folder(), 'data');
  const stack = start(scripts.start, ['--data', dataDir, '--ports', 'auto']);
  await until(() => (existsSync(join(dataDir, 'lock')) ? true : undefined));
  stack.interrupt();
  expect(await stack.ended).toEqual({ code: 0, output: expect.stringMatching(/^Stopped\.\n$/m) });
  expect([processesOf(dataDir), existsSync(join(dataDir, 'lock'))]).toEqual([[], false]);
});

test('a taken port is one sentence', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  try {
    await failsWith(
      new RegExp(
        `^medrelay: Port ${port} \\(Functions host\\) is taken by another program\\. Stop that program, or`,
      ),
      join(folder(), 'data'),
      '--ports',
      String(Math.min(port, 65_500)),
    );
  } finally {
    other.close();
  }
});

test('an old Node is one sentence', async () => {
  const pretend =
    "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.20.4' } });";
  for (const script of [scripts.start, scripts.medrelay, join(root, 'scripts/test.js')]) {
    const old = start(script, ['status'], {
      nodeArgs: ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`],
    });
    expect(await old.ended).toEqual({
      code: 1,
      output: 'medrelay: Node 18.20.4 is too old. Install Node 20 or newer, then run the command again.\n',
    });
  }
});

describe('any other app', () => {
  function foreignApp(settings: Record<string, string>): string {
    const app = join(folder(), 'app');
    cpSync(join(root, 'test/fixtures/foreign-app'), app, { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(app, 'node_modules'));
    const Values = { QUEUE: 'orders', TICK_SCHEDULE: '0 0 0 1 1 *', ...settings };
    writeFileSync(join(app, 'local.settings.json'), JSON.stringify({ IsEncrypted: false, Values }));
    const queue = (Name: string) => ({ Name, Properties: {} });
    const topology = {
      UserConfig: {
        Namespaces: [
          {
            Name: 'shop',
            Queues: ['orders', 'bytes', 'batches'].map(queue),
            Topics: [{ Name: 'events', Properties: {}, Subscriptions: [{ Name: 'all', Properties: {} }] }],
          },
        ],
        Logging: { Type: 'File' },
      },
      Cosmos: { databases: [{ id: 'shop', containers: [{ id: 'orders', partitionKey: '/pk' }] }] },
    };
    mkdirSync(app, { recursive: true });
    writeFileSync(join(app, 'topology.json'), JSON.stringify(topology));
    return app;
  }

  test('set up for the emulators it runs as it is', async () => {
    const app = foreignApp({
      Bus: 'Endpoint=sb://localhost;SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=SAS_KEY_VALUE;UseDevelopmentEmulator=true;',
      Cosmos: 'AccountEndpoint=https://localhost:8081/;AccountKey=any==;',
    });
    const dataDir = join(folder(), 'data');
    const stack = startCommand(dataDir, '--app', app, '--ports', 'auto');
    const output = await stack.printed('is ready');
    const { host } = stackOf(dataDir);
    expect(output).toContain(`\n  echoName: [GET] http://localhost:${host.port}/v1/echo/{name?}\n`);
    expect(output).toContain('\n  onChange: cosmosDBTrigger\n');
    expect(output).toContain(`${app} is ready. Ctrl-C stops it.`);
    expect(output).not.toContain('send samples');
    expect(await (await fetch(`${host.url}/v1/echo/ada`)).text()).toBe('name ada');
    expect(await json('status', '--json', '--data', dataDir)).toMatchObject({
      health: { status: 'ok' },
      appDir: app,
    });
    stack.interrupt();
    expect((await stack.ended).code).toBe(0);
    expect(processesOf(dataDir)).toEqual([]);
  });

  test('without a connection that a function needs it does not start, and says which', async () => {
    const { code, output } = await startCommand(
      join(folder(), 'data'),
      '--app',
      foreignApp({}),
      '--ports',
      'auto',
    ).ended;
    expect(output).toMatch(
      /^medrelay: Functions host could not start: Function \w+ needs the connection setting (Bus|Cosmos), which is not set; add it/m,
    );
    expect(code).toBe(1);
  });

  test('a folder that holds no app does not start', async () => {
    await failsWith(
      /^medrelay: Functions host could not start: .*/,
      join(folder(), 'data'),
      '--app',
      folder(),
      '--ports',
      'auto',
    );
  });
});
