import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { azuriteAccount } from '../worm/account';
import type { StackIdentities } from './identities';
import { Part, type PartOptions } from './part';
import type { StackPorts } from './ports';

/**
 * Azurite does not notice its parent's end by itself: loaded before it, this ends it as SIGTERM does, which stores
 * its metadata first.
 */
const EXIT_WITH_PARENT = `data:text/javascript,${encodeURIComponent(
  "process.stdin.on('end', () => process.kill(process.pid, 'SIGTERM')).resume().unref();",
)}`;

const STOP_LIMIT_MS = 10_000;
/** The host drains for up to 10 s and gives its worker 5 s. */
const HOST_STOP_LIMIT_MS = 20_000;

const tlsArgs = ({ certFile, keyFile }: StackIdentities): string[] => [
  ...['--tls-cert', certFile, '--tls-key', keyFile],
];

type Common = Pick<PartOptions, 'log' | 'onRestart'>;

const saysReady = (line: string): boolean => line.startsWith('{') && line.includes('"ready":true');
const own = (name: string, common: Common): Common => ({
  ...common,
  log: (line) => common.log(`[${name}] ${line}`),
});

export function serviceBusPart(
  script: string,
  ports: StackPorts,
  dataDir: string,
  config: object,
  key: string,
  identities: StackIdentities | undefined,
  common: Common,
): Part {
  const data = join(dataDir, 'servicebus');
  mkdirSync(data, { recursive: true });
  const configFile = join(data, 'config.json');
  writeFileSync(configFile, JSON.stringify(config, undefined, 2));
  return new Part({
    name: 'Service Bus',
    script,
    args: [
      ...['--port', String(ports.serviceBus), '--config', configFile, '--data', data, '--exit-with-parent'],
      ...(identities
        ? [
            '--identities',
            identities.serviceBusFile,
            '--tls-port',
            String(ports.amqps),
            ...tlsArgs(identities),
          ]
        : []),
    ],
    env: { ...process.env, SERVICE_BUS_KEY: key },
    isReady: saysReady,
    stopLimitMs: STOP_LIMIT_MS,
    ...own('Service Bus', common),
  });
}

export function cosmosPart(
  script: string,
  ports: StackPorts,
  dataDir: string,
  partitions: number | undefined,
  identities: StackIdentities | undefined,
  common: Common,
): Part {
  const data = join(dataDir, 'cosmos');
  mkdirSync(data, { recursive: true });
  return new Part({
    name: 'Cosmos DB',
    script,
    args: [
      ...['--port', String(ports.cosmos), '--data', data, '--exit-with-parent'],
      ...(partitions === undefined ? [] : ['--partitions', String(partitions)]),
      ...(identities ? ['--identities', identities.cosmosFile, ...tlsArgs(identities)] : []),
    ],
    env: process.env,
    isReady: saysReady,
    stopLimitMs: STOP_LIMIT_MS,
    ...own('Cosmos DB', common),
  });
}

export function azuritePart(script: string, ports: StackPorts, dataDir: string, common: Common): Part {
  const location = join(dataDir, 'azurite');
  mkdirSync(location, { recursive: true });
  return new Part({
    name: 'Azurite',
    script,
    nodeArgs: ['--import', EXIT_WITH_PARENT],
    args: [
      // The storage SDK speaks a newer API version than Azurite knows.
      ...['--skipApiVersionCheck', '--disableTelemetry', '--silent', '--location', location],
      // A path says which blob is meant, so that the layer before it and Azurite cannot disagree.
      '--disableProductStyleUrl',
      ...[
        '--blobPort',
        String(ports.azurite),
        '--queuePort',
        String(ports.queue),
        '--tablePort',
        String(ports.table),
      ],
    ],
    env: process.env,
    // Tables are the last of its three services to start.
    isReady: (line) => line.includes('Table service is successfully listening'),
    advice: `If its data in ${location} is damaged, restore it or move the folder away to start empty.`,
    stopLimitMs: STOP_LIMIT_MS,
    ...own('Azurite', common),
  });
}

export function servicesPart(
  script: string,
  ports: StackPorts,
  dataDir: string,
  hasIdentities: boolean,
  common: Common,
): Part {
  const names: (keyof StackPorts)[] = [
    ...(['identity', 'keyVault', 'blob', 'azurite', 'page', 'smtp', 'sinks', 'payer'] as const),
    ...(hasIdentities ? (['blobTls', 'queueTls', 'queue'] as const) : []),
  ];
  return new Part({
    name: 'Local services',
    script,
    args: [
      ...['--data', dataDir, '--exit-with-parent'],
      ...names.flatMap((name) => ['--port', `${name}=${ports[name]}`]),
    ],
    env: process.env,
    isReady: saysReady,
    stopLimitMs: STOP_LIMIT_MS,
    ...own('Local services', common),
  });
}

export function azuriteConnectionString(ports: StackPorts): string {
  const endpoint = (name: string, port: number): string =>
    `${name}Endpoint=http://127.0.0.1:${port}/${azuriteAccount.name};`;
  return (
    `DefaultEndpointsProtocol=http;AccountName=${azuriteAccount.name};AccountKey=${azuriteAccount.key};` +
    endpoint('Blob', ports.blob) +
    endpoint('Queue', ports.queue) +
    endpoint('Table', ports.table)
  );
}

export function hostPart(
  script: string,
  ports: StackPorts,
  appDir: string,
  dataDir: string,
  keysFile: string,
  more: readonly string[],
  env: Record<string, string | undefined>,
  common: Common,
): Part {
  return new Part({
    name: 'Functions host',
    script,
    args: [
      ...['--app', appDir, '--port', String(ports.host), '--keys', keysFile, '--data', dataDir],
      '--exit-with-parent',
      ...more,
    ],
    env,
    isReady: saysReady,
    stopLimitMs: HOST_STOP_LIMIT_MS,
    ...common,
  });
}
