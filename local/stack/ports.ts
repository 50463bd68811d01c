import { createServer } from 'node:net';
import { StackError } from './errors';

export interface StackPorts {
  host: number;
  serviceBus: number;
  cosmos: number;
  blob: number;
  queue: number;
  table: number;
  /** Azurite's blobs themselves, behind the layer that keeps them immutable. */
  azurite: number;
  page: number;
  smtp: number;
  sinks: number;
  payer: number;
  /** Service Bus over TLS, for tokens. */
  amqps: number;
  keyVault: number;
  identity: number;
  /** Blobs and queues over TLS, for tokens. */
  blobTls: number;
  queueTls: number;
}

/** The ports that Core Tools and Microsoft's emulators use; for mail those of well-known sinks. */
const DEFAULTS: StackPorts = {
  host: 7071,
  serviceBus: 5672,
  cosmos: 8081,
  blob: 10000,
  queue: 10001,
  table: 10002,
  azurite: 10003,
  page: 7080,
  smtp: 1025,
  sinks: 8025,
  payer: 8027,
  amqps: 5671,
  keyVault: 8443,
  identity: 8444,
  blobTls: 10010,
  queueTls: 10011,
};

const NAMES: Record<keyof StackPorts, string> = {
  host: 'Functions host',
  serviceBus: 'Service Bus',
  cosmos: 'Cosmos DB',
  blob: 'Azurite blobs',
  queue: 'Azurite queues',
  table: 'Azurite tables',
  azurite: 'Azurite itself',
  page: 'Page',
  smtp: 'Mail',
  sinks: 'Messages and webhooks',
  payer: 'Payer',
  amqps: 'Service Bus over TLS',
  keyVault: 'Key Vault',
  identity: 'Identities',
  blobTls: 'Blobs over TLS',
  queueTls: 'Queues over TLS',
};
const KEYS = Object.keys(DEFAULTS) as (keyof StackPorts)[];

// Below the range from which systems take ports for outgoing connections (32768 on Linux): a part that is restarted
// must find its port free again.
const AUTO_FROM = 20_000;
const AUTO_TO = 32_000;
const AUTO_TRIES = 100;

export async function choosePorts(choice: 'auto' | 'default' | number): Promise<StackPorts> {
  if (choice === 'auto') {
    for (let i = 0; i < AUTO_TRIES; i += 1) {
      const ports = from(AUTO_FROM + Math.floor(Math.random() * (AUTO_TO - AUTO_FROM)));
      if (!(await firstTaken(ports))) return ports;
    }
    throw new StackError(
      `No ${KEYS.length} free ports in a row were found between ${AUTO_FROM} and ${AUTO_TO}; give a base with --ports.`,
    );
  }
  if (choice !== 'default' && (!Number.isInteger(choice) || choice < 1 || choice + KEYS.length > 65_536)) {
    throw new StackError(
      `--ports ${choice} is not a base for ${KEYS.length} port numbers; use one from 1024 to 65500, or auto.`,
    );
  }
  const ports = choice === 'default' ? DEFAULTS : from(choice);
  const taken = await firstTaken(ports);
  if (taken) {
    throw new StackError(
      `Port ${ports[taken]} (${NAMES[taken]}) is taken by another program. Stop that program, or start with --ports auto.`,
    );
  }
  return ports;
}

const from = (base: number): StackPorts =>
  Object.fromEntries(KEYS.map((key, index) => [key, base + index])) as unknown as StackPorts;

async function firstTaken(ports: StackPorts): Promise<keyof StackPorts | undefined> {
  for (const key of KEYS) if (!(await isFree(ports[key]))) return key;
  return undefined;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
