/**
 * Immutability before Azurite, which accepts policies and legal holds and ignores them. Everything else passes through
 * as it came.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { azuriteAccount } from './account';
import { Layer } from './layer';
import { Store } from './store';
import { Upstream } from './upstream';

export { azuriteAccount } from './account';

export interface WormOptions {
  /** 0 takes a free one. */
  port: number;
  /** Azurite's blob service, on this machine. */
  azuritePort: number;
  /** What is protected is kept in `worm.db` in this folder. */
  dataDir: string;
  now?: () => number;
}

export interface Worm {
  readonly port: number;
  readonly endpoint: string;
  stop(): Promise<void>;
}

export async function startWorm(options: WormOptions): Promise<Worm> {
  const { dataDir, azuritePort, now = Date.now } = options;
  const store = new Store(join(dataDir, 'worm.db'));
  const upstream = new Upstream(azuritePort, azuriteAccount);
  const layer = new Layer(store, upstream, azuriteAccount, now);
  // As long as Azure: an upload of many gigabytes takes its time, and a client keeps its connections.
  const server = createServer(
    { keepAliveTimeout: 120_000, requestTimeout: 0, noDelay: true },
    (request, response) => {
      void layer.handle(request, response);
    },
  );
  try {
    server.listen(options.port, '127.0.0.1');
    await once(server, 'listening');
  } catch (cause) {
    store.close();
    throw new Error(`The blob port ${options.port} cannot be listened on; choose another.`, { cause });
  }
  const { port } = server.address() as AddressInfo;
  return {
    port,
    endpoint: `http://127.0.0.1:${port}/${azuriteAccount.name}`,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
      upstream.close();
      store.close();
    },
  };
}
