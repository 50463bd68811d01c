import type { CosmosClient, CosmosClientOptions } from '@azure/cosmos';
import type { TokenCredential } from '@azure/identity';
import type { ServiceBusClient, ServiceBusClientOptions } from '@azure/service-bus';
import type { BlobServiceClient } from '@azure/storage-blob';
import type { QueueServiceClient } from '@azure/storage-queue';
import { endpointOf, type Connection } from './connections';

/* eslint-disable @typescript-eslint/no-require-imports --
   the only place that builds SDK clients: each SDK is loaded when an app first needs it, as memory and time go */

export function serviceBusClient(connection: Connection, options: ServiceBusClientOptions): ServiceBusClient {
  const { ServiceBusClient: Client } = require('@azure/service-bus') as typeof import('@azure/service-bus');
  return 'text' in connection
    ? new Client(connection.text, options)
    : new Client(endpointOf(connection.group, 'serviceBus'), credentialOf(connection.group), options);
}

export function cosmosClient(
  connection: Connection,
  options: Pick<CosmosClientOptions, 'userAgentSuffix'> = {},
): CosmosClient {
  const { CosmosClient: Client } = require('@azure/cosmos') as typeof import('@azure/cosmos');
  return 'text' in connection
    ? new Client({ connectionString: connection.text, ...options })
    : new Client({
        endpoint: endpointOf(connection.group, 'cosmosDb'),
        aadCredentials: credentialOf(connection.group),
        ...options,
      });
}

export function blobService(connection: Connection): BlobServiceClient {
  const { BlobServiceClient: Client } =
    require('@azure/storage-blob') as typeof import('@azure/storage-blob');
  return 'text' in connection
    ? Client.fromConnectionString(connection.text)
    : new Client(endpointOf(connection.group, 'blobs'), credentialOf(connection.group));
}

export function queueService(connection: Connection): QueueServiceClient {
  const { QueueServiceClient: Client } =
    require('@azure/storage-queue') as typeof import('@azure/storage-queue');
  return 'text' in connection
    ? Client.fromConnectionString(connection.text)
    : new Client(endpointOf(connection.group, 'queues'), credentialOf(connection.group));
}

/** `__credential` = managedidentity with `__clientId` means one identity; without them, whatever the machine has. */
function credentialOf(group: Readonly<Record<string, string>>): TokenCredential {
  const { ClientSecretCredential, DefaultAzureCredential, ManagedIdentityCredential } =
    require('@azure/identity') as typeof import('@azure/identity');
  const { credential, clientid: clientId, tenantid: tenantId, clientsecret: clientSecret } = group;
  if (credential?.toLowerCase() === 'managedidentity') {
    return clientId ? new ManagedIdentityCredential({ clientId }) : new ManagedIdentityCredential();
  }
  if (tenantId && clientId && clientSecret) {
    return new ClientSecretCredential(tenantId, clientId, clientSecret);
  }
  return new DefaultAzureCredential({
    ...(clientId ? { managedIdentityClientId: clientId } : {}),
    ...(tenantId ? { tenantId } : {}),
  });
}
