import type { Container, CosmosClient } from '@azure/cosmos';
import type { ServiceBusClient, ServiceBusSender } from '@azure/service-bus';
import type { BlobServiceClient, ContainerClient } from '@azure/storage-blob';
import type { Config, Connection } from '../config';
import { credentialOf } from './credential';

/** Database and container, as topology.json names them. */
export type ContainerPath =
  | 'clinical/resources'
  | 'clinical/messages'
  | 'audit/events'
  | 'audit/keys'
  | 'audit/log'
  | 'audit/projections'
  | 'config/tenants'
  | 'config/policies';
export type BrokerEntity = 'hl7-messages' | 'hl7-rejected' | 'audit-ingest' | 'clinical-events';
export type BlobContainer = 'hl7-raw' | 'audit-archive' | 'audit-checkpoints' | 'reports';

/* eslint-disable @typescript-eslint/no-require-imports --
   The SDKs are loaded by `require` where they are used, not by `import` above: loading all of them takes longer than
   the rest of a cold start. `import()` would bundle their ESM twins beside the CommonJS ones. */

/**
 * One client per service and process, made when first used: a cold start pays only for what it needs, and every
 * invocation shares the connections.
 */
export interface Azure {
  container(path: ContainerPath): Promise<Container>;
  sender(entity: BrokerEntity): Promise<ServiceBusSender>;
  serviceBusClient(): Promise<ServiceBusClient>;
  blobContainer(name: BlobContainer): Promise<ContainerClient>;
  close(): Promise<void>;
}

export function createAzure({ cosmos, serviceBus, storage }: Config['connections']): Azure {
  const cosmosClient = once(() => connectCosmos(cosmos));
  const serviceBusClient = once(() => connectServiceBus(serviceBus));
  const blobService = once(() => connectBlobs(storage));
  const senders = new Map<string, Promise<ServiceBusSender>>();

  return {
    async container(path) {
      const [database = '', container = ''] = path.split('/');
      return (await cosmosClient()).database(database).container(container);
    },
    sender(entity) {
      const sender = senders.get(entity) ?? serviceBusClient().then((client) => client.createSender(entity));
      senders.set(entity, sender);
      return sender;
    },
    serviceBusClient,
    async blobContainer(name) {
      return (await blobService()).getContainerClient(name);
    },
    async close() {
      const [broker, database] = await Promise.all([serviceBusClient.made(), cosmosClient.made()]);
      senders.clear();
      database?.dispose();
      await broker?.close();
    },
  };
}

/**
 * A function must not sleep through its lease on a message: the SDK's 9 retries within 30 s on 429 become 3 within
 * 5 s, which takes the edge off a short burst; what lasts longer is the pipeline's decision (it sends the message
 * again for later). 10 s per request instead of 60 for the same reason.
 */
const COSMOS_POLICY = {
  requestTimeout: 10_000,
  retryOptions: { maxRetryAttemptCount: 3, fixedRetryIntervalInMilliseconds: 0, maxWaitTimeInSeconds: 5 },
};

async function connectCosmos(connection: Connection): Promise<CosmosClient> {
  const { CosmosClient } = require('@azure/cosmos') as typeof import('@azure/cosmos');
  if (connection.kind === 'connectionString') {
    return new CosmosClient({ connectionString: connection.value, connectionPolicy: COSMOS_POLICY });
  }
  return new CosmosClient({
    endpoint: connection.endpoint,
    aadCredentials: credentialOf(connection),
    connectionPolicy: COSMOS_POLICY,
  });
}

/** The default pauses 30 s between attempts of up to 60 s each: longer than most invocations may last. */
const BROKER_RETRIES = { maxRetries: 2, retryDelayInMs: 500, maxRetryDelayInMs: 2_000, timeoutInMs: 10_000 };

async function connectServiceBus(connection: Connection): Promise<ServiceBusClient> {
  const { ServiceBusClient } = require('@azure/service-bus') as typeof import('@azure/service-bus');
  const options = { retryOptions: BROKER_RETRIES };
  return connection.kind === 'connectionString'
    ? new ServiceBusClient(connection.value, options)
    : new ServiceBusClient(connection.endpoint, credentialOf(connection), options);
}

/** The default waits 4 s and more between tries; a try may take 30 s because raw messages have up to 20 MB and more. */
const BLOB_RETRIES = { maxTries: 3, tryTimeoutInMs: 30_000, retryDelayInMs: 300, maxRetryDelayInMs: 3_000 };

async function connectBlobs(connection: Connection): Promise<BlobServiceClient> {
  const { BlobServiceClient } = require('@azure/storage-blob') as typeof import('@azure/storage-blob');
  const options = { retryOptions: BLOB_RETRIES };
  return connection.kind === 'connectionString'
    ? BlobServiceClient.fromConnectionString(connection.value, options)
    : new BlobServiceClient(connection.endpoint, credentialOf(connection), options);
}

/** `made` gives the client only if somebody asked for it before: closing must not connect. */
function once<T>(make: () => Promise<T>): (() => Promise<T>) & { made(): Promise<T | undefined> } {
  let made: Promise<T> | undefined;
  return Object.assign(() => (made ??= make()), { made: () => made ?? Promise.resolve(undefined) });
}
