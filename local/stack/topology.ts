import type { ContainerRequest, PartitionKeyKind } from '@azure/cosmos';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { azuriteAccount } from '../worm/account';
import { StackError, messageOf } from './errors';

const container = z.object({
  id: z.string(),
  /** Several paths are a hierarchical key. */
  partitionKey: z.union([z.string(), z.array(z.string()).min(1).max(3)]),
  indexingPolicy: z.record(z.string(), z.unknown()).optional(),
  defaultTtl: z.int().optional(),
  uniqueKeys: z.array(z.object({ paths: z.array(z.string()) })).optional(),
});

const blobContainer = z.object({
  name: z.string(),
  /** As the resource provider names it: policies and legal holds can be set on the container's blobs. */
  immutableStorageWithVersioning: z.boolean().default(false),
  defaultPolicy: z.object({ days: z.int().min(1), mode: z.enum(['unlocked', 'locked']) }).optional(),
});

const vaultKey = z.object({
  name: z.string(),
  kty: z.enum(['RSA', 'EC']),
  keySize: z.int().optional(),
});

/** What the app's identity may do with `--identity`; an app that does not say it may do what a connection string may. */
const appIdentity = z.object({
  Cosmos: z
    .array(z.object({ dataActions: z.array(z.string()), scope: z.string().default('/') }))
    .default([{ dataActions: ['Cosmos DB Built-in Data Contributor'], scope: '/' }]),
  ServiceBus: z
    .array(z.object({ role: z.string(), scope: z.string().optional() }))
    .default([{ role: 'Azure Service Bus Data Owner' }]),
  Storage: z
    .array(z.object({ role: z.string(), scope: z.string().optional() }))
    .default([{ role: 'Storage Blob Data Owner' }, { role: 'Storage Queue Data Contributor' }]),
  KeyVault: z.array(z.string()).default(['Key Vault Administrator']),
});

const topology = z.object({
  UserConfig: z.record(z.string(), z.unknown()).optional(),
  Cosmos: z
    .object({
      databases: z
        .array(z.object({ id: z.string(), containers: z.array(container).default([]) }))
        .default([]),
    })
    .prefault({}),
  Blobs: z.array(z.union([z.string(), blobContainer])).default([]),
  KeyVault: z.object({ keys: z.array(vaultKey).default([]) }).prefault({}),
  AppIdentity: appIdentity.prefault({}),
});

export type Topology = z.infer<typeof topology>;

/** A namespace without entities, for an app that uses no Service Bus. */
const NO_ENTITIES = { Namespaces: [{ Name: 'local', Queues: [], Topics: [] }], Logging: { Type: 'File' } };

/**
 * topology.json in the app's folder, or the given file. An app that has none may bring a servicebus.config.json in
 * the format of Microsoft's Service Bus emulator, or nothing.
 */
export function readTopology(appDir: string, file: string | undefined): Topology {
  const own = join(appDir, 'topology.json');
  const emulator = join(appDir, 'servicebus.config.json');
  const path = file ?? [own, emulator].find((candidate) => existsSync(candidate));
  if (!path) return topology.parse({});
  let raw: unknown;
  try {
    raw = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new StackError(`${path} cannot be read: ${messageOf(error)}.`);
  }
  const parsed = topology.safeParse(raw);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new StackError(`${path}: ${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'not valid'}.`);
}

/** The part of the topology that the Service Bus endpoint reads. */
export const emulatorConfig = (from: Topology): object => ({ UserConfig: from.UserConfig ?? NO_ENTITIES });

export async function createContainers(from: Topology, connectionString: string): Promise<void> {
  if (!from.Cosmos.databases.length) return;
  // Loaded when needed: commands that only read stack.json stay quick.
  const { CosmosClient } = await import('@azure/cosmos');
  const client = new CosmosClient(connectionString);
  try {
    await Promise.all(
      from.Cosmos.databases.map(async ({ id, containers }) => {
        const { database } = await client.databases.createIfNotExists({ id });
        await Promise.all(
          containers.map((each) => database.containers.createIfNotExists(containerRequest(each))),
        );
      }),
    );
  } catch (error) {
    throw new StackError(`The databases of the topology cannot be created: ${messageOf(error)}`);
  } finally {
    client.dispose();
  }
}

function containerRequest(from: z.infer<typeof container>): ContainerRequest {
  const paths = [from.partitionKey].flat();
  return {
    id: from.id,
    partitionKey:
      paths.length === 1 ? { paths } : { paths, kind: 'MultiHash' as PartitionKeyKind, version: 2 },
    ...(from.indexingPolicy
      ? { indexingPolicy: from.indexingPolicy as ContainerRequest['indexingPolicy'] }
      : {}),
    ...(from.defaultTtl === undefined ? {} : { defaultTtl: from.defaultTtl }),
    ...(from.uniqueKeys ? { uniqueKeyPolicy: { uniqueKeys: from.uniqueKeys } } : {}),
  };
}

export async function createBlobContainers(from: Topology, connectionString: string): Promise<void> {
  if (!from.Blobs.length) return;
  const { BlobServiceClient } = await import('@azure/storage-blob');
  const service = BlobServiceClient.fromConnectionString(connectionString);
  try {
    await Promise.all(
      from.Blobs.map(async (entry) => {
        if (typeof entry === 'string') return service.getContainerClient(entry).createIfNotExists();
        const { name, ...settings } = entry;
        await service.getContainerClient(name).createIfNotExists();
        if (settings.immutableStorageWithVersioning) await enableImmutability(service.url, name, settings);
        return undefined;
      }),
    );
  } catch (error) {
    throw new StackError(`The blob containers of the topology cannot be created: ${messageOf(error)}`);
  }
}

/** In Azure this goes through the resource provider, not through the storage account. */
async function enableImmutability(account: string, name: string, settings: object): Promise<void> {
  const response = await fetch(new URL(`/_local/worm/${name}`, account), {
    method: 'PUT',
    headers: { 'x-local-key': azuriteAccount.key },
    body: JSON.stringify(settings),
  });
  const answer = await response.text();
  if (!response.ok) throw new Error(answer.replace(/^.*<Message>|\n.*$/gs, ''));
}
