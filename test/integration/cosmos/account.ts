import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CosmosClient, type Container, type ContainerRequest } from '@azure/cosmos';
import { emulatorKey, startCosmos } from '../../../local/cosmos';

/** A running account with an empty data folder, and a clock that tests may move. */
export async function startAccount() {
  const dataDir = await mkdtemp(join(tmpdir(), 'cosmos-'));
  let ahead = 0;
  const now = () => Date.now() + ahead;
  let server = await startCosmos({ port: 0, dataDir, now });
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
    async container(definition: Partial<ContainerRequest> = {}): Promise<Container> {
      const { database } = await current.databases.createIfNotExists({ id: 'test' });
      const request = { id: randomUUID(), partitionKey: '/pk', ...definition };
      const { container } = await database.containers.create(request as ContainerRequest);
      return container;
    },
    async restart() {
      current.dispose();
      await server.stop();
      server = await startCosmos({ port: server.port, dataDir, now });
      current = client();
    },
    async stop() {
      current.dispose();
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
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
