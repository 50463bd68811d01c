import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { CosmosClient, type ContainerRequest } from '@azure/cosmos';
import { ServiceBusClient } from '@azure/service-bus';
import { BlobServiceClient } from '@azure/storage-blob';
import { emulatorKey, startCosmos } from '../../../local/cosmos';
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
  /** What Cosmos DB suffers from now on; `{}` ends it. */
  setFaults(faults: object): Promise<void>;
  /** In the dead-letter queue of `hl7-messages`. */
  deadLetters(): number;
  /** Ends the broker and starts it again on the same port with what it has stored. */
  restartBroker(): Promise<void>;
  stop(): Promise<void>;
}

/** The store, the broker and blobs over the wire and, unless a real host runs, a loop in its place. */
export async function startStack(consumer: 'loop' | 'host'): Promise<Stack> {
  const folder = mkdtempSync(join(tmpdir(), 'medrelay-ingest-'));
  const startBroker = (port: number) =>
    startServiceBus({
      port,
      dataDir: join(folder, 'broker'),
      config: parseEmulatorConfig(topology),
      sharedAccessKey: 'key',
    });
  const [cosmosEndpoint, firstBroker, azurite] = await Promise.all([
    startCosmos({ port: 0, dataDir: join(folder, 'cosmos') }),
    startBroker(0),
    startAzurite(),
  ]);
  let brokerEndpoint = firstBroker;
  const cosmos = new CosmosClient(cosmosEndpoint.connectionString);
  for (const { id, containers } of topology.Cosmos.databases) {
    const { database } = await cosmos.databases.createIfNotExists({ id });
    for (const container of containers) {
      await database.containers.createIfNotExists(container as ContainerRequest);
    }
  }
  const blobs = BlobServiceClient.fromConnectionString(azurite.connection);
  for (const each of topology.Blobs) await blobs.createContainer(typeof each === 'string' ? each : each.name);

  const settings = {
    ServiceBusConnection: brokerEndpoint.connectionString,
    CosmosDBConnection: cosmosEndpoint.connectionString,
    AzureWebJobsStorage: azurite.connection,
    DEFAULT_TENANT: 'demo',
    AZURE_FUNCTIONS_ENVIRONMENT: 'Development',
    MEDRELAY_KEY_FILE: join(folder, 'kek.json'),
    MEDRELAY_CONFIG_DIR: resolve('config'),
    RETRY_DELAYS_SECONDS: '1,1,2',
  };
  const services = createServices('medrelay-test', loadConfig(settings));
  const broker = new ServiceBusClient(brokerEndpoint.connectionString, {
    // The defaults wait 30 s for a broker that comes back, and 60 s for the answer of one that is gone.
    retryOptions: { retryDelayInMs: 100, maxRetryDelayInMs: 1000, timeoutInMs: 5000 },
  });
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
    async setFaults(faults) {
      const request = {
        method: 'POST',
        headers: { 'x-local-key': emulatorKey },
        body: JSON.stringify(faults),
      };
      const answer = await fetch(new URL('/_local/faults', cosmosEndpoint.endpoint), request);
      if (!answer.ok) throw new Error(`The faults could not be set: ${answer.status}`);
    },
    deadLetters: () => brokerEndpoint.counts()['hl7-messages']?.deadLetter ?? 0,
    async restartBroker() {
      await brokerEndpoint.stop();
      brokerEndpoint = await startBroker(brokerEndpoint.port);
    },
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
      async processMessage(message) {
        const { body, messageId, sequenceNumber, enqueuedTimeUtc, applicationProperties } = message;
        const metadata = {
          messageId,
          sequenceNumber: sequenceNumber?.toString(),
          enqueuedTimeUtc,
          applicationProperties,
        };
        const delivery = readDelivery(metadata, new Date());
        let settle = () => receiver.completeMessage(message);
        try {
          results.push(await services.ingest.processBody(body as Buffer, delivery));
        } catch (error) {
          errors.push(error);
          settle = () => receiver.abandonMessage(message);
        }
        await settle();
      },
      async processError({ error }) {
        errors.push(error);
      },
    },
    // Settled by hand: then the client's limit counts, and nothing waits a minute for a broker that has restarted.
    { maxConcurrentCalls: 8, autoCompleteMessages: false },
  );
}
