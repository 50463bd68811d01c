import { CosmosClient } from '@azure/cosmos';
import { ServiceBusClient } from '@azure/service-bus';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCosmos } from '../../../../local/cosmos';
import { parseEmulatorConfig, startServiceBus } from '../../../../local/servicebus';
import { startAzurite } from '../azurite';
import { appFolder, buildLocal, runHost, until, type TestHost } from '../support';
import { DATABASE, containers, serviceBus, settings } from './entities';

/**
 * Where the conformance app (test/fixtures/conformance-app) runs: on the stand-ins, or, when MEDRELAY_CONFORMANCE_HOST
 * is the base URL of its deployment, in Azure. Then MEDRELAY_CONFORMANCE_HOST_KEY is its master key, and
 * MEDRELAY_CONFORMANCE_HOST_{BUS,COSMOS,STORAGE} are the connection strings that the deployment's settings Bus, Cosmos
 * and Storage hold. Its entities are those of entities.ts.
 */
export interface Endpoint {
  /** Only on the stand-in: restarts, and what its broker counts. */
  readonly standIn?: {
    readonly host: TestHost;
    restart(env?: Record<string, string>): Promise<void>;
    counts(queue: string): { active: number; deadLetter: number };
  };
  readonly bus: ServiceBusClient;
  readonly cosmos: CosmosClient;
  readonly blobs: BlobServiceClient;
  readonly queues: QueueServiceClient;
  readonly masterKey: string;
  call(path: string, init?: RequestInit): Promise<Response>;
  seen(name: string): Promise<Seen[]>;
  /** What a function has received, as soon as it is so much. */
  received(name: string, count: number, which?: (entry: Seen) => boolean): Promise<Seen[]>;
  stop(): Promise<void>;
}

export interface Seen {
  name: string;
  input: unknown;
  metadata?: Record<string, unknown>;
  retryContext?: { retryCount: number; maxRetryCount: number; exception?: { message: string } };
}

const real = (name: string): string => process.env[`MEDRELAY_CONFORMANCE_HOST${name}`] ?? '';
const isStandIn = real('') === '';
/** The deployment, where there is one. */
export const deployed = isStandIn
  ? undefined
  : {
      masterKey: real('_KEY'),
      call: (path: string, init?: RequestInit) => fetch(new URL(path, real('')), init),
    };
/** For what only a stand-in lets a test do: restart it, set its clock, look into its broker. */
export const onStandIn = isStandIn ? it : it.skip;

export async function openEndpoint(): Promise<Endpoint> {
  return deployed ? openReal(deployed) : openStandIn();
}

type Connections = Record<'bus' | 'cosmos' | 'storage', string>;

function endpoint(
  call: Endpoint['call'],
  masterKey: string,
  { bus, cosmos, storage }: Connections,
): Omit<Endpoint, 'stop'> {
  const seen = async (name: string): Promise<Seen[]> =>
    (await (await call(`/api/seen/${name}`)).json()) as Seen[];
  return {
    bus: new ServiceBusClient(bus),
    cosmos: new CosmosClient(cosmos),
    blobs: BlobServiceClient.fromConnectionString(storage),
    queues: QueueServiceClient.fromConnectionString(storage),
    masterKey,
    call,
    seen,
    received: (name, count, which = () => true) =>
      until(async () => {
        const all = (await seen(name)).filter(which);
        return all.length >= count ? all : undefined;
      }),
  };
}

async function openReal({ call, masterKey }: Pick<Endpoint, 'call' | 'masterKey'>): Promise<Endpoint> {
  const opened = endpoint(call, masterKey, {
    bus: real('_BUS'),
    cosmos: real('_COSMOS'),
    storage: real('_STORAGE'),
  });
  return {
    ...opened,
    async stop() {
      await opened.bus.close();
      opened.cosmos.dispose();
    },
  };
}

async function openStandIn(): Promise<Endpoint> {
  const built = buildLocal({ worker: 'local/host/worker/main.ts' });
  const data = mkdtempSync(join(tmpdir(), 'host-conformance-'));
  const app = appFolder({}, 'conformance-app');
  const [azurite, bus, cosmos] = await Promise.all([
    startAzurite(),
    startServiceBus({
      port: 0,
      dataDir: join(data, 'bus'),
      sharedAccessKey: 'test-key',
      config: parseEmulatorConfig({ UserConfig: serviceBus }),
    }),
    startCosmos({ port: 0, dataDir: join(data, 'cosmos') }),
  ]);
  const client = new CosmosClient(cosmos.connectionString);
  const { database } = await client.databases.create({ id: DATABASE });
  for (const id of containers) await database.containers.create({ id, partitionKey: { paths: ['/pk'] } });
  client.dispose();
  const env = {
    ...settings,
    Bus: bus.connectionString,
    Cosmos: cosmos.connectionString,
    Storage: azurite.connection,
    AzureWebJobsStorage: azurite.connection,
  };
  const start = (more: Record<string, string> = {}): Promise<TestHost> =>
    runHost(join(built.dir, 'worker.js'), { appDir: app.dir, env: { ...env, ...more } });
  const stopParts = async (): Promise<void> => {
    await Promise.all([azurite.stop(), bus.stop(), cosmos.stop()]);
    app.remove();
    built.remove();
    rmSync(data, { recursive: true, force: true });
  };
  let host = await start().catch(async (error: unknown) => {
    await stopParts();
    throw error;
  });
  const opened = endpoint((path, init) => host.call(path, init), 'master-key', {
    bus: bus.connectionString,
    cosmos: cosmos.connectionString,
    storage: azurite.connection,
  });
  return {
    ...opened,
    standIn: {
      get host() {
        return host;
      },
      async restart(more) {
        await host.stop();
        host = await start(more);
      },
      counts(name) {
        const { active = 0, deadLetter = 0 } = bus.counts()[name] ?? {};
        return { active, deadLetter };
      },
    },
    async stop() {
      await host.stop();
      await opened.bus.close();
      opened.cosmos.dispose();
      await stopParts();
    },
  };
}
