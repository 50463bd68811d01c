import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { CosmosClient } from '@azure/cosmos';
import { build } from 'esbuild';
import { emulatorKey } from '../../../local/cosmos';
import { onStandIn as test } from './account';

// A process that is killed, and its folder: the stand-in's alone.

const root = join(__dirname, '../../..');
const program = join(root, 'node_modules/.cache', `cosmos-${randomUUID()}.js`);
const running = new Set<ChildProcessWithoutNullStreams>();
let dataDir: string;

beforeAll(() =>
  build({
    entryPoints: [join(root, 'local/cosmos/main.ts')],
    outfile: program,
    bundle: true,
    platform: 'node',
    target: 'node22',
    format: 'cjs',
    logLevel: 'error',
  }),
);
afterAll(() => rm(program, { force: true }));
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'cosmos-'));
});
afterEach(async () => {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
  await rm(dataDir, { recursive: true, force: true });
});

function launch(...flags: string[]) {
  const child = spawn(process.execPath, [program, '--data', dataDir, ...flags]);
  running.add(child);
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const ended = new Promise<{ code: number | null; errors: string }>((resolve) =>
    child.once('close', (code) => {
      running.delete(child);
      resolve({ code, errors });
    }),
  );
  return { child, ended };
}

async function start(...flags: string[]) {
  const { child, ended } = launch('--port', '0', ...flags);
  for await (const line of createInterface(child.stdout)) {
    const ready = JSON.parse(line) as {
      ready: boolean;
      port: number;
      endpoint: string;
      connectionString: string;
    };
    return { child, ended, ready, client: new CosmosClient(ready.connectionString) };
  }
  throw new Error(`The server did not start: ${(await ended).errors}`);
}

test('after SIGKILL everything acknowledged is there and no batch is half there', async () => {
  const first = await start();
  const { database } = await first.client.databases.create({ id: 'd' });
  const { container } = await database.containers.create({ id: 'c', partitionKey: '/pk' });
  const acknowledged = new Map<string, string>();
  const batches: string[] = [];
  let stopped = false;

  const writer = async (name: string) => {
    for (let i = 0; !stopped; i++) {
      const { resource } = await container.items.upsert({ id: `${name}-${i % 40}`, pk: name, i });
      if (resource) acknowledged.set(resource.id, resource._etag);
    }
  };
  const batcher = async (name: string) => {
    for (let i = 0; !stopped; i++) {
      const create = (n: number) =>
        ({ operationType: 'Create', resourceBody: { id: `${i}.${n}`, pk: name, of: `${i}` } }) as const;
      const { code } = await container.items.batch([0, 1, 2, 3, 4].map(create), name);
      if (code === 200) batches.push(`${name}:${i}`);
    }
  };
  const work = Promise.allSettled([
    ...['w1', 'w2', 'w3', 'w4'].map(writer),
    ...['b1', 'b2', 'b3', 'b4'].map(batcher),
  ]);
  // Killed by how far the work is, not by the clock.
  while (acknowledged.size < 160 || batches.length < 40)
    await new Promise((resolve) => setTimeout(resolve, 5));
  first.child.kill('SIGKILL');
  await first.ended;
  stopped = true;
  first.client.dispose();
  await work;

  const second = await start();
  const items = second.client.database('d').container('c').items;
  const { resources } = await items
    .query<{ id: string; pk: string; of?: string; _etag: string }>('SELECT * FROM c')
    .fetchAll();
  const etags = new Map(resources.map(({ id, _etag }) => [id, _etag]));
  // What was acknowledged is there in that version or a later one that was under way.
  const lost = [...acknowledged].filter(([id, etag]) => (etags.get(id) ?? '') < etag);
  expect(lost).toEqual([]);
  const sizes = new Map<string, number>();
  for (const { pk, of } of resources) {
    if (of !== undefined) sizes.set(`${pk}:${of}`, (sizes.get(`${pk}:${of}`) ?? 0) + 1);
  }
  expect([...new Set(sizes.values())]).toEqual([5]);
  expect(batches.filter((batch) => !sizes.has(batch))).toEqual([]);

  // LSNs go on from where they were.
  const highest = [...etags.values()].sort().at(-1) ?? '';
  const { resource } = await items.upsert({ id: 'after', pk: 'x' });
  expect((resource?._etag ?? '') > highest).toBe(true);
  second.client.dispose();
  second.child.kill('SIGTERM');
  expect(await second.ended).toEqual({ code: 0, errors: '' });
}, 30_000);

test('the ready line says how to connect', async () => {
  const { ready, client, child, ended } = await start();
  expect(ready).toEqual({
    ready: true,
    port: expect.any(Number),
    endpoint: `http://127.0.0.1:${ready.port}/`,
    connectionString: `AccountEndpoint=http://127.0.0.1:${ready.port}/;AccountKey=${emulatorKey};`,
  });
  client.dispose();
  child.kill('SIGINT');
  expect((await ended).code).toBe(0);
});

test('--exit-with-parent ends when stdin closes', async () => {
  const { client, child, ended } = await start('--exit-with-parent');
  client.dispose();
  child.stdin.end();
  expect((await ended).code).toBe(0);
});

test('a port in use is one sentence and exit code 1', async () => {
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
  const { port } = holder.address() as AddressInfo;
  const { code, errors } = await launch('--port', String(port)).ended;
  holder.close();
  expect([code, errors.trim()]).toEqual([
    1,
    expect.stringMatching(/^Port \d+ on 127\.0\.0\.1 is in use\..+$/),
  ]);
});

test('a folder is held by one account: a second is refused in one sentence', async () => {
  await start();
  const { code, errors } = await launch('--port', '0').ended;
  expect([code, errors.trim()]).toEqual([
    1,
    expect.stringMatching(/cannot be opened \(database is locked\)\. Stop the account that has it open\.$/),
  ]);
});

test('a damaged database is one sentence and exit code 1', async () => {
  await writeFile(join(dataDir, 'cosmos.db'), 'this is not a database '.repeat(500));
  const { code, errors } = await launch('--port', '0').ended;
  expect([code, errors.trim()]).toEqual([
    1,
    expect.stringMatching(/^The Cosmos DB data in .+ cannot be opened .+$/),
  ]);
});
