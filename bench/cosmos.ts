import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { CosmosClient, type Container } from '@azure/cosmos';
import { atLeast, atMost } from './bar';
import { perSecond, type Findings } from './section';
import { alternate, median } from './statistics';

/** At least this share of what the SDK reaches with a server that answers from constants. */
const requestBar = 0.7;
/** At most so many times as long with a hundred times the documents. */
const growthBar = 3;

/** The key of Microsoft's emulator, which the endpoint takes where none is given. */
export const key = 'C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw==';
const inFlight = 32;
const requests = 1500;
/** Short and many: what else the machine does hits both alike. */
const rounds = 12;
const warmUp = 3;
const text = 'x'.repeat(1000);

const perPartition = 100;
const few = 1_000;
const many = 100_000;
const queries = 100;

interface Rates {
  readonly create: number[];
  readonly read: number[];
}

interface CosmosResult {
  /** Requests per second, round by round. */
  readonly endpoint: Rates;
  readonly constant: Rates;
  /** Milliseconds of the query of one partition, by the number of documents in the container. */
  readonly query: Readonly<Record<string, number>>;
}

/**
 * The durable Cosmos DB endpoint against a server that answers from constants, each in its own process, both driven by
 * the SDK; and a query of one partition as its container grows.
 */
async function measureCosmos(): Promise<CosmosResult> {
  const folder = mkdtempSync(join(tmpdir(), 'medrelay-bench-cosmos-'));
  const children: ChildProcess[] = [];
  const clients: CosmosClient[] = [];
  const connect = async (script: string, ...args: string[]): Promise<CosmosClient> => {
    const client = new CosmosClient({ endpoint: await startServer(children, script, args), key });
    clients.push(client);
    return client;
  };
  try {
    const local = join(__dirname, '..', 'local', 'cosmos.js');
    const ours = await connect(local, '--port', '0', '--data', folder);
    const theirs = await connect(process.argv[1] ?? '', 'constant-account');
    const { database } = await ours.databases.create({ id: 'd' });
    const { container } = await database.containers.create({ id: 'c', partitionKey: '/pk' });
    const sides = [container, theirs.database('d').container('c')] as const;
    const rates: [Rates, Rates] = [
      { create: [], read: [] },
      { create: [], read: [] },
    ];
    const round = (side: 0 | 1) => async (n: number) => {
      const { create, read } = await drive(sides[side], `${n}`);
      // The first rounds warm both up.
      if (n < warmUp) return;
      rates[side].create.push(create);
      rates[side].read.push(read);
    };
    await alternate(rounds + warmUp, round(0), round(1));
    const query = await queryTimes(database.containers);
    return { endpoint: rates[0], constant: rates[1], query };
  } finally {
    for (const client of clients) client.dispose();
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

export async function startServer(children: ChildProcess[], script: string, args: string[]): Promise<string> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  for await (const line of createInterface(child.stdout))
    return (JSON.parse(line) as { endpoint: string }).endpoint;
  throw new Error(`${script} did not start.`);
}

async function drive(container: Container, round: string): Promise<{ create: number; read: number }> {
  const create = await rate((n) =>
    container.items.create({ id: `${round}-${n}`, pk: `p${n % perPartition}`, text }),
  );
  const read = await rate((n) => container.item(`${round}-${n}`, `p${n % perPartition}`).read());
  return { create, read };
}

/** Requests per second with a fixed number of them in flight. */
async function rate(request: (n: number) => Promise<unknown>): Promise<number> {
  let next = 0;
  const worker = async () => {
    while (next < requests) await request(next++);
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: inFlight }, worker));
  return requests / ((performance.now() - started) / 1000);
}

async function queryTimes(containers: {
  create(definition: { id: string; partitionKey: string }): Promise<{ container: Container }>;
}): Promise<Record<string, number>> {
  const filled = await Promise.all(
    [few, many].map(async (documents) => {
      const { container } = await containers.create({ id: `of${documents}`, partitionKey: '/pk' });
      for (let at = 0; at < documents; at += perPartition) await fill(container, at);
      return { documents, container, times: [] as number[] };
    }),
  );
  const [one, other] = filled.map(({ container, documents, times }) => async (n: number) => {
    // Another partition each time: what is asked is not what is still in a cache.
    const pk = `p${(n * 7919) % (documents / perPartition)}`;
    const started = performance.now();
    const { resources } = await container.items
      .query('SELECT c.id, c.n FROM c WHERE c.n >= 10 AND c.n < 60 ORDER BY c.n', { partitionKey: pk })
      .fetchAll();
    if (resources.length !== 50) throw new Error(`The query found ${resources.length} of 50 documents.`);
    if (n > 10) times.push(performance.now() - started);
  });
  if (one && other) await alternate(queries + 11, one, other);
  return Object.fromEntries(filled.map(({ documents, times }) => [documents, median(times)]));
}

async function fill(container: Container, from: number): Promise<void> {
  const pk = `p${from / perPartition}`;
  await container.items.batch(
    Array.from({ length: perPartition }, (_, n) => ({
      operationType: 'Create' as const,
      resourceBody: { id: `${from + n}`, pk, n, text: text.slice(0, 500) },
    })),
    pk,
  );
}

export async function benchCosmos(): Promise<Findings> {
  const result = await measureCosmos();
  const { endpoint, constant, query } = result;
  const ratio = (of: keyof Rates) => median(endpoint[of]) / median(constant[of]);
  return {
    rows: [
      { measure: 'Cosmos DB, creates', found: perSecond(endpoint.create) },
      { measure: 'constant answers, creates', found: perSecond(constant.create) },
      { measure: 'Cosmos DB, point reads', found: perSecond(endpoint.read) },
      { measure: 'constant answers, point reads', found: perSecond(constant.read) },
      ...Object.entries(query).map(([documents, ms]) => ({
        measure: `partition query at ${documents} documents`,
        found: `${ms.toFixed(2)} ms`,
      })),
    ],
    bars: [
      atLeast('Cosmos DB, durable creates / constant answers', requestBar, ratio('create')),
      atLeast('Cosmos DB, point reads / constant answers', requestBar, ratio('read')),
      atMost(
        'Cosmos DB, partition query at 100,000 / at 1,000 documents',
        growthBar,
        (query[many] ?? NaN) / (query[few] ?? NaN),
      ),
    ],
    report: result,
  };
}
