import type { AddressInfo } from 'node:net';
import type { Identities } from './access';
import { Catalog } from './catalog';
import { createHttpServer } from './http';
import { router } from './routes';
import { Store } from './store';

export { tokenVerifier } from '../identity';
export type { Identities, Principal } from './access';

/** The key of Microsoft's emulator, which every developer's tool knows; it protects nothing. */
export const emulatorKey =
  'C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw==';

export interface CosmosOptions {
  /** 0 takes a free one. */
  port: number;
  /** @default '127.0.0.1' */
  host?: string;
  /** Everything is kept in `cosmos.db` in this folder. */
  dataDir: string;
  /** Base64. @default emulatorKey */
  key?: string;
  /** Physical partitions of each container that is created from now on. @default 1 */
  partitions?: number;
  /** Who may come with a token of Microsoft Entra ID, and what they may do. Without it only the key is known. */
  identities?: Identities;
  /** HTTPS instead of HTTP, with a certificate for localhost. */
  tls?: { cert: Buffer; key: Buffer };
  /** Milliseconds since 1970, for `_ts`, TTL and the date functions. */
  now?: () => number;
}

export interface Cosmos {
  port: number;
  endpoint: string;
  connectionString: string;
  stop(): Promise<void>;
}

const sweepEveryMs = 30_000;
/** A client that never finishes its request does not keep the account from stopping. */
const stopWithinMs = 5_000;

/** A Cosmos DB account (API for NoSQL) over plain HTTP, kept on disk. */
export async function startCosmos(options: CosmosOptions): Promise<Cosmos> {
  const { port, host = '127.0.0.1', dataDir, key = emulatorKey, identities, tls, now = Date.now } = options;
  const { store, catalog } = open(dataDir, now, options.partitions);
  const server = createHttpServer({ key, identities, tls, catalog, route: router(catalog, now) });
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
  } catch (cause) {
    store.close();
    throw listenError(cause, host, port);
  }
  const sweeper = setInterval(() => catalog.sweep(), sweepEveryMs).unref();
  const actual = (server.address() as AddressInfo).port;
  const endpoint = `${tls ? 'https' : 'http'}://${host}:${actual}/`;
  return {
    port: actual,
    endpoint,
    connectionString: `AccountEndpoint=${endpoint};AccountKey=${key};`,
    async stop() {
      clearInterval(sweeper);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // A connection becomes idle when its last answer is out; clients would keep it open for minutes.
      const closing = setInterval(() => server.closeIdleConnections(), 20);
      const deadline = setTimeout(() => server.closeAllConnections(), stopWithinMs);
      await closed;
      clearInterval(closing);
      clearTimeout(deadline);
      catalog.commits.flush();
      store.close();
    },
  };
}

function open(dataDir: string, now: () => number, partitions?: number): { store: Store; catalog: Catalog } {
  try {
    const store = new Store(dataDir);
    return { store, catalog: new Catalog(store, now, partitions) };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `The Cosmos DB data in ${dataDir} cannot be opened (${reason}). ${reason === 'database is locked' ? 'Stop the account that has it open.' : 'Move the folder away to start empty, or restore it.'}`,
      { cause },
    );
  }
}

function listenError(cause: unknown, host: string, port: number): Error {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === 'EADDRINUSE') {
    return new Error(`Port ${port} on ${host} is in use. Stop what holds it or choose another with --port.`, {
      cause,
    });
  }
  return new Error(`Cannot listen on ${host}:${port} (${code ?? String(cause)}).`, { cause });
}
