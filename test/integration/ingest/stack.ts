import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { CosmosClient, type ContainerRequest } from '@azure/cosmos';
import { ServiceBusClient } from '@azure/service-bus';
import { BlobServiceClient } from '@azure/storage-blob';
import { startCosmos } from '../../../local/cosmos';
import { parseEmulatorConfig, startServiceBus } from '../../../local/servicebus';
import { loadConfig } from '../../../src/lib/config';
import { readDelivery, type BodyResult } from '../../../src/lib/ingest';
import { createServices, type Services } from '../../../src/lib/services';
import topology from '../../../topology.json';
import { startAzurite } from '../host/azurite';

export interface Stack {
  /** What the app reads from its environment. */
  readonly settings: Record<string, string>;
  readonly services: Services;
  readonly broker: ServiceBusClient;
  readonly cosmos: CosmosClient;
  readonly blobs: BlobServiceClient;
  readonly results: BodyResult[];
  /** What the loop met: a throwing use case or a broken connection. */
  readonly errors: unknown[];
  stop(): Promise<void>;
}

/** The store, the broker and blobs over the wire and, unless a real host runs, a loop in its place. */
export async function startStack(consumer: 'loop' | 'host'): Promise<Stack> {
  const folder = mkdtempSync(join(tmpdir(), 'medrelay-ingest-'));
  const [cosmosEndpoint, brokerEndpoint, azurite] = await Promise.all([
    startCosmos({ port: 0, dataDir: join(folder, 'cosmos') }),
    startServiceBus({
      port: 0,
      dataDir: join(folder, 'broker'),
      config: parseEmulatorConfig(topology),
      sharedAccessKey: 'key',
    }),
    startAzurite(),
  ]);
  const cosmos = new CosmosClient(cosmosEndpoint.connectionString);
  for (const { id, containers } of topology.Cosmos.databases) {
    const { database } = await cosmos.databases.createIfNotExists({ id });
    for (const container of containers) {
      await database.containers.createIfNotExists(container as ContainerRequest);
    }
  }
  const blobs = BlobServiceClient.fromConnectionString(azurite.connection);
  for (const name of topology.Blobs) await blobs.createContainer(name);

  const settings = {
    ServiceBusConnection: brokerEndpoint.connectionString,
    CosmosDBConnection: cosmosEndpoint.connectionString,
    AzureWebJobsStorage: azurite.connection,
    DEFAULT_TENANT: 'demo',
    AZURE_FUNCTIONS_ENVIRONMENT: 'Development',
    MEDRELAY_KEY_FILE: join(folder, 'kek.json'),
    MEDRELAY_CONFIG_DIR: resolve('config'),
    RETRY_DELAYS_SECONDS: '1',
  };
  const services = createServices('medrelay-test', loadConfig(settings));
  const broker = new ServiceBusClient(brokerEndpoint.connectionString);
  const results: BodyResult[] = [];
  const errors: unknown[] = [];
  const subscription =
    consumer === 'loop' ? consume(services, broker, results, errors) : { close: () => Promise.resolve() };
  return {
    settings,
    services,
    broker,
    cosmos,
    blobs,
    results,
    errors,
    async stop() {
      await subscription.close();
      await broker.close();
      await services.close();
      cosmos.dispose();
      await Promise.all([cosmosEndpoint.stop(), brokerEndpoint.stop(), azurite.stop()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function consume(services: Services, broker: ServiceBusClient, results: BodyResult[], errors: unknown[]) {
  const receiver = broker.createReceiver('hl7-messages', { skipParsingBodyAsJson: true });
  return receiver.subscribe(
    {
      async processMessage({ body, messageId, sequenceNumber, enqueuedTimeUtc, applicationProperties }) {
        const metadata = {
          messageId,
          sequenceNumber: sequenceNumber?.toString(),
          enqueuedTimeUtc,
          applicationProperties,
        };
        results.push(await services.ingest.processBody(body as Buffer, readDelivery(metadata, new Date())));
      },
      async processError({ error }) {
        errors.push(error);
      },
    },
    { maxConcurrentCalls: 8 },
  );
}
