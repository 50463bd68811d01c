import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CosmosClient, type Container, type ContainerRequest } from '@azure/cosmos';
import { emulatorKey, startCosmos, type Identities } from '../../../local/cosmos';

interface AccountOptions {
  partitions?: number;
  identities?: Identities;
}

/**
 * The connection string of a real account with provisioned throughput. Databases are made there under a name that nobody
 * else has, and removed.
 */
const real = process.env['MEDRELAY_CONFORMANCE_COSMOS'];

export const isStandIn = real === undefined;
/**
 * Checks that only a stand-in can offer: another clock, restarts, splits and faults on demand, identities, several
 * partitions of an empty container, and what it does not support.
 */
export const onStandIn = isStandIn ? test : test.skip;

export interface Account {
  readonly client: CosmosClient;
  readonly endpoint: string;
  readonly key: string;
  /** The database of `container()`, and the beginning of every other name that a check makes. */
  readonly database: string;
  container(definition?: Partial<ContainerRequest>): Promise<Container>;
  stop(): Promise<void>;
  readonly passSeconds: (seconds: number) => void;
  /** Faults, splits and sweeps. */
  readonly local: (path: string, body: unknown) => Promise<unknown>;
  readonly restart: () => Promise<void>;
}

/** What every check runs against: the stand-in with an empty folder, or the account that the environment names. */
export function startAccount(options: AccountOptions = {}): Promise<Account> {
  return real === undefined ? startStandIn(options) : openReal(real);
}

async function startStandIn({ partitions = 1, identities }: AccountOptions): Promise<Account> {
  const dataDir = await mkdtemp(join(tmpdir(), 'cosmos-'));
  let ahead = 0;
  const now = () => Date.now() + ahead;
  const options = { dataDir, partitions, ...(identities && { identities }), now };
  let server = await startCosmos({ port: 0, ...options });
  const client = () => new CosmosClient({ endpoint: server.endpoint, key: emulatorKey });
  let current = client();
  const database = 'test';
  return {
    get client() {
      return current;
    },
    get endpoint() {
      return server.endpoint;
    },
    key: emulatorKey,
    database,
    container: (definition = {}) => newContainer(current, database, definition),
    async stop() {
      current.dispose();
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
    passSeconds(seconds) {
      ahead += seconds * 1000;
    },
    async local(path, body) {
      const response = await fetch(`${server.endpoint}_local/${path}`, {
        method: 'POST',
        headers: { 'x-local-key': emulatorKey },
        body: JSON.stringify(body),
      });
      return response.json();
    },
    async restart() {
      current.dispose();
      await server.stop();
      server = await startCosmos({ port: server.port, ...options });
      current = client();
    },
  };
}

async function openReal(connectionString: string): Promise<Account> {
  const part = (name: string): string =>
    new RegExp(`(?:^|;)${name}=([^;]+)`, 'i').exec(connectionString)?.[1] ?? '';
  const client = new CosmosClient(connectionString);
  const database = `conformance-${randomUUID()}`;
  const onlyStandIn = (): never => {
    throw new Error('Only the stand-in does this: the test belongs to onStandIn.');
  };
  return {
    client,
    endpoint: part('AccountEndpoint'),
    key: part('AccountKey'),
    database,
    container: (definition = {}) => newContainer(client, database, definition),
    async stop() {
      const { resources } = await client.databases.readAll().fetchAll();
      for (const { id } of resources) if (id.startsWith(database)) await client.database(id).delete();
      client.dispose();
    },
    passSeconds: onlyStandIn,
    local: onlyStandIn,
    restart: onlyStandIn,
  };
}

async function newContainer(
  client: CosmosClient,
  databaseId: string,
  definition: Partial<ContainerRequest>,
): Promise<Container> {
  const { database } = await client.databases.createIfNotExists({ id: databaseId });
  const request = { id: randomUUID(), partitionKey: '/pk', ...definition };
  const { container } = await database.containers.create(request as ContainerRequest);
  return container;
}

/** The HTTP status that a call fails with, and 'ok' when it does not. */
export async function statusOf(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
    return 'ok';
  } catch (error) {
    return (error as { code?: unknown }).code ?? String(error);
  }
}
