import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import type { HostedFunctionInfo } from '../host';
import { readLocalSettings } from '../host/settings';
import { emulatorSettings } from './app-settings';
import {
  awaitOrphans,
  identity,
  lockDataDir,
  readKeys,
  unlockDataDir,
  writeInfo,
  type FunctionKeys,
} from './data-dir';
import { StackError, messageOf } from './errors';
import { prepareIdentities } from './identities';
import type { Part } from './part';
import {
  azuriteConnectionString,
  azuritePart,
  cosmosPart,
  hostPart,
  serviceBusPart,
  servicesPart,
} from './parts';
import { choosePorts } from './ports';
import { createBlobContainers, createContainers, emulatorConfig, readTopology } from './topology';

export { StackError } from './errors';
export { keyFileOf, readStack } from './data-dir';

export interface StackOptions {
  dataDir: string;
  appDir: string;
  /** @default 'default' */
  ports?: 'auto' | number | 'default';
  topologyFile?: string;
  /** Physical partitions of each Cosmos DB container that is created from now on. @default 1 */
  cosmosPartitions?: number;
  /** The built process of each part. */
  scripts: { servicebus: string; cosmos: string; host: string; azurite: string; services: string };
  log: (line: string) => void;
  /** Builds and loads the app again when its files change. */
  watch?: boolean;
  /** Where a debugger may attach to the app: a port, or host:port. */
  inspect?: string;
  /** The app signs in to Cosmos DB, Service Bus and Storage as an identity with rights of its own, instead of by keys. */
  identity?: boolean;
  /** Wins over everything the launcher sets for the app. */
  env?: Record<string, string>;
}

interface PartInfo {
  pid: number;
  /** Tells the process from a later one with the same id. */
  born?: string;
}

/** What the small stand-ins tell about themselves. */
interface ServicesInfo {
  identity: { endpoint: string };
  keyVault: { url: string };
  blob: { port: number; endpoint: string };
  blobTls?: { blobEndpoint: string; queueEndpoint: string };
  sinks: { port: number; smtpPort: number; smtpUrl: string; smsConnectionString: string; webhookUrl: string };
  payer: { port: number; url: string };
  page: { port: number; url: string };
}

/** What `stack.json` holds: everything a client needs, so only its owner may read it. */
export interface StackInfo extends PartInfo {
  startedAt: string;
  dataDir: string;
  appDir: string;
  host: PartInfo & { port: number; url: string; functions: HostedFunctionInfo[] };
  serviceBus: PartInfo & { port: number; connectionString: string };
  cosmos: PartInfo & { port: number; endpoint: string; connectionString: string };
  azurite: PartInfo & { blobPort: number; queuePort: number; tablePort: number; connectionString: string };
  services: PartInfo & ServicesInfo;
  functionKeys: FunctionKeys;
  /** Where the app keeps its key-encryption key. */
  keyFile: string;
  /** How the command line signs in to the vault, and the authority that signed the vault's certificate. */
  operator: { header: string; caFile: string };
}

export interface StackHandle {
  readonly info: StackInfo;
  /** Drains the host, then stops the parts; nothing is left running. */
  stop(): Promise<void>;
}

/** Starts every part as a process of its own, the app last, and keeps them running until `stop`. */
export async function startStack(options: StackOptions): Promise<StackHandle> {
  const dataDir = resolve(options.dataDir);
  const appDir = resolve(options.appDir);
  const { scripts, log } = options;
  const topology = readTopology(appDir, options.topologyFile);
  const settings = localSettings(appDir);
  lockDataDir(dataDir);

  let info: StackInfo | undefined;
  const started: { backing: Part[]; host?: Part } = { backing: [] };
  const stop = async (): Promise<void> => {
    await started.host?.stop();
    await Promise.all(started.backing.map((part) => part.stop()));
    unlockDataDir(dataDir);
  };

  try {
    await awaitOrphans(dataDir);
    const ports = await choosePorts(options.ports ?? 'default');
    const keys = readKeys(dataDir);
    const identities = await prepareIdentities(dataDir, topology);
    trust(identities.trustFile);
    const forApp = options.identity ? identities : undefined;
    const onRestart = (): void => {
      if (!info) return;
      Object.assign(info.serviceBus, identity(bus.pid));
      Object.assign(info.cosmos, identity(cosmos.pid));
      Object.assign(info.azurite, identity(azurite.pid));
      Object.assign(info.services, identity(services.pid));
      Object.assign(info.host, identity(started.host?.pid));
      writeInfo(dataDir, info);
    };
    const common = { log, onRestart };
    const bus = serviceBusPart(
      scripts.servicebus,
      ports,
      dataDir,
      emulatorConfig(topology),
      keys.sasKey,
      forApp,
      common,
    );
    const cosmos = cosmosPart(scripts.cosmos, ports, dataDir, options.cosmosPartitions, forApp, common);
    const azurite = azuritePart(scripts.azurite, ports, dataDir, common);
    const services = servicesPart(scripts.services, ports, dataDir, forApp !== undefined, common);
    started.backing = [bus, cosmos, azurite, services];

    const storage = azuriteConnectionString(ports);
    const startCosmos = async (): Promise<{ endpoint: string; connectionString: string }> => {
      const ready = JSON.parse(await cosmos.start()) as { endpoint: string; connectionString: string };
      await createContainers(topology, ready.connectionString);
      return ready;
    };
    /** Blobs are reached through the layer that keeps them immutable. */
    const startStorage = async (): Promise<ServicesInfo> => {
      const [, ready] = await allOrFirstError(azurite.start(), services.start());
      await createBlobContainers(topology, storage);
      return (JSON.parse(ready) as { services: ServicesInfo }).services;
    };
    const [busReady, cosmosReady, servicesReady] = await allOrFirstError(
      bus.start().then((line) => JSON.parse(line) as { connectionString: string }),
      startCosmos(),
      startStorage(),
    );

    const host = hostPart(
      scripts.host,
      ports,
      appDir,
      dataDir,
      keys.functionKeysFile,
      [
        ...(options.watch ? ['--watch'] : []),
        ...(options.inspect === undefined ? [] : ['--inspect', options.inspect]),
      ],
      {
        DEFAULT_TENANT: settings['DEFAULT_TENANT'] ?? 'demo',
        ...emulatorSettings(settings, {
          serviceBus: busReady.connectionString,
          cosmos: cosmosReady.connectionString,
          storage,
        }),
        ...process.env,
        ...(servicesReady.blobTls
          ? identityGroups(ports.amqps, cosmosReady.endpoint, servicesReady.blobTls)
          : {
              ServiceBusConnection: busReady.connectionString,
              CosmosDBConnection: cosmosReady.connectionString,
              AzureWebJobsStorage: storage,
            }),
        NODE_EXTRA_CA_CERTS: identities.trustFile,
        // An app that brings no keys may mean its developer's own identity, which the local one would hide.
        ...(options.identity || topology.KeyVault.keys.length
          ? {
              KEY_VAULT_URL: servicesReady.keyVault.url,
              KEY_VAULT_URL__credential: 'managedidentity',
              IDENTITY_ENDPOINT: servicesReady.identity.endpoint,
              IDENTITY_HEADER: identities.app.header,
            }
          : {}),
        MEDRELAY_KEY_FILE: keys.keyFile,
        AZURE_FUNCTIONS_ENVIRONMENT: 'Development',
        ...options.env,
      },
      common,
    );
    started.host = host;
    const { functions } = JSON.parse(await host.start()) as { functions: HostedFunctionInfo[] };

    info = {
      ...identity(process.pid),
      startedAt: new Date().toISOString(),
      dataDir,
      appDir,
      host: { ...identity(host.pid), port: ports.host, url: `http://127.0.0.1:${ports.host}`, functions },
      serviceBus: {
        ...identity(bus.pid),
        port: ports.serviceBus,
        connectionString: busReady.connectionString,
      },
      cosmos: { ...identity(cosmos.pid), port: ports.cosmos, ...pick(cosmosReady) },
      azurite: {
        ...identity(azurite.pid),
        blobPort: ports.blob,
        queuePort: ports.queue,
        tablePort: ports.table,
        connectionString: storage,
      },
      services: { ...identity(services.pid), ...servicesReady },
      functionKeys: keys.functionKeys,
      keyFile: keys.keyFile,
      operator: { header: identities.operator.header, caFile: identities.trustFile },
    };
    // A part may have been restarted while the others started.
    onRestart();
    return { info, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** This process, too, is a client of its parts. */
function trust(caFile: string): void {
  setDefaultCACertificates([...getCACertificates('default'), readFileSync(caFile, 'utf8')]);
}

/** A connection string would win over a group, wherever it comes from. */
const identityGroups = (
  amqpsPort: number,
  cosmosEndpoint: string,
  storage: { blobEndpoint: string; queueEndpoint: string },
): Record<string, string> => ({
  ServiceBusConnection: '',
  ServiceBusConnection__fullyQualifiedNamespace: `localhost:${amqpsPort}`,
  ServiceBusConnection__credential: 'managedidentity',
  CosmosDBConnection: '',
  CosmosDBConnection__accountEndpoint: cosmosEndpoint,
  CosmosDBConnection__credential: 'managedidentity',
  AzureWebJobsStorage: '',
  AzureWebJobsStorage__blobServiceUri: storage.blobEndpoint,
  AzureWebJobsStorage__queueServiceUri: storage.queueEndpoint,
  AzureWebJobsStorage__credential: 'managedidentity',
});

function localSettings(appDir: string): Record<string, string> {
  try {
    return readLocalSettings(appDir);
  } catch (error) {
    throw new StackError(messageOf(error));
  }
}

const pick = ({ endpoint, connectionString }: { endpoint: string; connectionString: string }) => ({
  endpoint,
  connectionString,
});

/** Like Promise.all, but waits for the others before it fails, so that nothing starts behind a stop. */
async function allOrFirstError<T extends readonly Promise<unknown>[]>(
  ...all: T
): Promise<{ [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(all);
  return Promise.all(all) as Promise<{ [K in keyof T]: Awaited<T[K]> }>;
}
