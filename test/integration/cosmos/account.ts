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

/** A running account with an empty data folder, and a clock that tests may move. */
export async function startAccount({ partitions = 1, identities }: AccountOptions = {}) {
  const dataDir = await mkdtemp(join(tmpdir(), 'cosmos-'));
  let ahead = 0;
  const now = () => Date.now() + ahead;
  const options = { dataDir, partitions, ...(identities && { identities }), now };
  let server = await startCosmos({ port: 0, ...options });
  const client = () => new CosmosClient({ endpoint: server.endpoint, key: emulatorKey });
  let current = client();
  return {
    dataDir,
    get client() {
      return current;
    },
    get endpoint() {
      return server.endpoint;
    },
    passSeconds(seconds: number) {
      ahead += seconds * 1000;
    },
    /** What only a stand-in offers: faults and splits. */
    async local(path: string, body: unknown): Promise<unknown> {
      const response = await fetch(`${server.endpoint}_local/${path}`, {
        method: 'POST',
        headers: { 'x-local-key': emulatorKey },
        body: JSON.stringify(body),
      });
      return response.json();
    },
    container: (definition: Partial<ContainerRequest> = {}) => newContainer(current, 'test', definition),
    async restart() {
      current.dispose();
      await server.stop();
      server = await startCosmos({ port: server.port, ...options });
      current = client();
    },
    async stop() {
      current.dispose();
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
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

/** The connection string of a real account, whose database `conformance-<uuid>` is made and removed. */
const real = process.env['MEDRELAY_CONFORMANCE_COSMOS'];

/** Checks that only a stand-in can offer: another clock, splits, faults, several partitions of an empty container. */
export const onStandIn = real === undefined ? test : test.skip;

export interface ConformanceAccount {
  client: CosmosClient;
  container(definition?: Partial<ContainerRequest>): Promise<Container>;
  stop(): Promise<void>;
}

/** What the conformance checks run against: the stand-in, or the account that the environment names. */
export async function conformanceAccount(options: AccountOptions = {}): Promise<ConformanceAccount> {
  if (real === undefined) return startAccount(options);
  const client = new CosmosClient(real);
  const databaseId = `conformance-${randomUUID()}`;
  return {
    client,
    container: (definition = {}) => newContainer(client, databaseId, definition),
    async stop() {
      await client.database(databaseId).delete();
      client.dispose();
    },
  };
}

export type Account = Awaited<ReturnType<typeof startAccount>>;

/** The HTTP status that a call fails with, and 'ok' when it does not. */
export async function statusOf(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
    return 'ok';
  } catch (error) {
    return (error as { code?: unknown }).code ?? String(error);
  }
}
