import { CosmosClient } from '@azure/cosmos';
import { ServiceBusClient } from '@azure/service-bus';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cleanUp, folder, medrelay, processesOf, root, scripts, start } from './medrelay';
import { expected } from './samples';

afterAll(cleanUp);

const cbc = join(root, 'samples/good/06-oru-r01-cbc.hl7');

interface Line {
  key: string;
  status: string;
  code?: string;
  bundle?: { resourceType: string; entry: unknown[] };
  ledger?: { carried: number };
  ack: string;
}

describe('--help', () => {
  const commands = [
    [],
    ['start'],
    ['stop'],
    ['status'],
    ['convert'],
    ['send'],
    ...['list', 'show', 'replay', 'edit'].map((name) => ['messages', name]),
    ['messages'],
    ['fhir'],
    ['fhir', 'get'],
    ['audit'],
    ...['list', 'verify', 'proof'].map((name) => ['audit', name]),
    ['local'],
    ['local', 'servicebus'],
    ['local', 'cosmos'],
  ];
  test.each(commands.map((words) => [words.join(' '), words]))('medrelay %s', async (name, words) => {
    const { code, stdout, stderr } = await medrelay([...words, '--help']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(new RegExp(`^Usage: medrelay ${name}`));
    // Every line that names an option or a command says what it is.
    const entries = stdout.split('\n').filter((line) => /^ {2}\S/.test(line));
    expect(entries.length).toBeGreaterThan(0);
    expect(entries.filter((line) => !/^ {2}\S.* {2,}\S/.test(line) && line.length < 40)).toEqual([]);
  });
});

test.each([
  ['an unknown command', ['frobnicate'], /unknown command/],
  ['an unknown option', ['status', '--frobnicate'], /unknown option/],
  ['a missing argument', ['convert'], /missing required argument 'file'/],
  ['no such status', ['messages', 'list', '--status', 'lost'], /Allowed choices are received, /],
  ['no number', ['messages', 'list', '--limit', 'many'], /whole number above 0/],
  ['no instant', ['audit', 'list', '--from', 'yesterday'], /It must be an instant such as/],
  ['no resource type', ['fhir', 'get', 'patient'], /It must be like Patient or Patient\/ID/],
  ['no port', ['local', 'cosmos', '--port', '-1'], /It must be a port number/],
  ['a port of the system', ['start', '--ports', '80'], /It must be auto, or a number from 1024/],
  ['no configuration', ['local', 'servicebus'], /required option '--config <file>'/],
])('%s is exit code 2', async (_, args, message) => {
  const { code, stdout, stderr } = await medrelay(args);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(message);
});

describe('without a stack', () => {
  test.each([
    ['send', cbc],
    ['messages', 'list'],
    ['fhir', 'get', 'Patient'],
    ['audit', 'list'],
  ])('medrelay %s says what to do', async (...args) => {
    const dataDir = join(folder(), 'data');
    const { code, stdout, stderr } = await medrelay([...args, '--data', dataDir]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(`No stack is running on ${dataDir}`);
    expect(stderr).toContain('Start a stack with "npm start"');
  });
});

describe('convert', () => {
  test('prints a Bundle that is the same from any folder and from standard input', async () => {
    const here = await medrelay(['convert', 'samples/good/06-oru-r01-cbc.hl7']);
    expect(here.code).toBe(0);
    const bundle = JSON.parse(here.stdout) as {
      type: string;
      entry: { resource: { resourceType: string } }[];
    };
    expect(bundle.type).toBe('transaction');
    const types = bundle.entry.map(({ resource }) => resource.resourceType);
    expect(types.filter((type) => type === 'Observation')).toHaveLength(10);

    const elsewhere = await medrelay(['convert', cbc], { cwd: folder() });
    expect(elsewhere.stdout).toBe(here.stdout);
    const piped = await medrelay(['convert', '-'], { input: readFileSync(cbc, 'utf8') });
    expect(piped.stdout).toBe(here.stdout);
  });

  test('--ndjson has a line for every message found, in order', async () => {
    const { code, stdout, stderr } = await medrelay(['convert', '--ndjson', '--ledger', 'samples']);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
    expect(lines.map(({ status, code: why }) => [status, why])).toEqual(
      expected.map(([, status, why]) => [status === 'done' ? 'converted' : 'rejected', why]),
    );
    for (const [i, { key, status, bundle, ledger, ack }] of lines.entries()) {
      // In the delimiters of the message.
      expect(ack).toMatch(status === 'converted' ? /\rMSA.AA\b/ : /\rMSA.A[ER]\b/);
      expect([bundle?.resourceType, typeof ledger?.carried]).toEqual(
        status === 'converted' ? ['Bundle', 'number'] : [undefined, 'undefined'],
      );
      expect(key).toEqual(expected[i]?.[0]);
    }
    expect(stderr).toContain('samples/bad/17-not-hl7.txt[1]: NOT_HL7: ');
    expect(stderr).toContain('samples/15-batch-with-one-bad.hl7[2]: NO_PATIENT_ID at PID');
    expect(code).toBe(1);
  });

  test('--profile takes a sender profile and refuses what is none', async () => {
    const good = join(root, 'config/profiles/labsys-general.json');
    expect((await medrelay(['convert', '--profile', good, cbc])).code).toBe(0);
    const bad = join(folder(), 'bad.json');
    writeFileSync(bad, JSON.stringify({ id: 'bad', match: {}, timeZone: 'Mars/Olympus' }));
    for (const [file, message] of [
      [bad, /is not a sender profile:\n {2}\S+: /],
      [cbc, /cannot be read as JSON/],
      ['missing.json', /missing\.json cannot be read/],
    ] as const) {
      const { code, stdout, stderr } = await medrelay(['convert', '--profile', file, cbc]);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(message);
    }
  });

  test('names a file that is not there', async () => {
    expect(await medrelay(['convert', 'missing.hl7'])).toEqual({
      code: 1,
      stdout: '',
      stderr: 'medrelay: missing.hl7 does not exist.\n',
    });
  });
});

describe('one part alone', () => {
  test('local cosmos is what @azure/cosmos talks to; its data stays', async () => {
    const dataDir = join(folder(), 'cosmos');
    const open = async (): Promise<[ReturnType<typeof start>, CosmosClient]> => {
      const part = start(scripts.medrelay, ['local', 'cosmos', '--port', '0', '--data', dataDir]);
      const output = await part.printed(/AccountKey=.*\n/);
      expect(output).toMatch(/^AccountEndpoint=http:\/\/127\.0\.0\.1:\d+\/;AccountKey=[^;]+;\n$/);
      return [part, new CosmosClient(output.trim())];
    };
    const [first, client] = await open();
    const { database } = await client.databases.create({ id: 'db' });
    const { container } = await database.containers.create({ id: 'c', partitionKey: '/pk' });
    await container.items.create({ id: '1', pk: 'a', n: 6.8 });
    client.dispose();
    first.interrupt();
    expect((await first.ended).code).toBe(0);

    const [second, again] = await open();
    const { resource } = await again.database('db').container('c').item('1', 'a').read<{ n: number }>();
    expect(resource?.n).toBe(6.8);
    again.dispose();
    second.child.kill('SIGTERM');
    expect((await second.ended).code).toBe(0);
    expect(processesOf(dataDir)).toEqual([]);
  });

  test("local servicebus is what @azure/service-bus talks to, in the format of Microsoft's emulator", async () => {
    const work = folder();
    const config = join(work, 'config.json');
    writeFileSync(
      config,
      JSON.stringify({
        UserConfig: {
          Namespaces: [{ Name: 'ns', Queues: [{ Name: 'orders', Properties: {} }], Topics: [] }],
          Logging: { Type: 'File' },
        },
      }),
    );
    const args = ['local', 'servicebus', '--config', 'config.json', '--data', join(work, 'bus')];
    const bus = start(scripts.medrelay, [...args, '--port', '0'], { cwd: work });
    const connection = (await bus.printed(/UseDevelopmentEmulator=true;\n/)).trim();
    const client = new ServiceBusClient(connection);
    try {
      await client.createSender('orders').sendMessages({ body: { potassium: 6.8 } });
      const [message] = await client.createReceiver('orders').receiveMessages(1);
      expect(message?.body).toEqual({ potassium: 6.8 });
    } finally {
      await client.close();
    }
    const port = /:(\d+);/.exec(connection)?.[1] ?? '';
    const other = ['local', 'cosmos', '--port', port, '--data', join(work, 'cosmos')];
    expect(await medrelay(other)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^medrelay: Port \d+ on 127\.0\.0\.1 is in use\. Stop what holds it or choose/,
      ),
    });
    bus.interrupt();
    expect((await bus.ended).code).toBe(0);
  });

  test('a configuration that is none is named', async () => {
    const work = folder();
    for (const [content, message] of [
      ['{', /config\.json: .*JSON/],
      ['{}', /config\.json: .*UserConfig/],
    ] as const) {
      const config = join(work, 'config.json');
      writeFileSync(config, content);
      const { code, stderr } = await medrelay(['local', 'servicebus', '--config', config, '--port', '0'], {
        cwd: work,
      });
      expect(stderr).toMatch(message);
      expect(stderr.trimEnd().split('\n')).toHaveLength(1);
      expect(code).toBe(1);
    }
  });
});
