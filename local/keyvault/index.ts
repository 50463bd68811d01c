import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { checkPrincipals, type VaultIdentities } from './access';
import { requestListener } from './http';
import { createKey } from './keys';
import { Store } from './store';

export type { VaultIdentities, VaultPrincipal } from './access';

/** A key that is made where it is missing, as a deployment would do it. */
export interface InitialKey {
  name: string;
  kty: 'RSA' | 'EC';
  keySize?: number;
}

export interface KeyVaultOptions {
  /** 0 takes a free one. */
  port: number;
  /** Everything is kept in `keyvault.db` in this folder. */
  dataDir: string;
  tls: { cert: string; key: string };
  identities: VaultIdentities;
  keys?: readonly InitialKey[];
  now?: () => number;
}

export interface KeyVault {
  port: number;
  url: string;
  stop(): Promise<void>;
}

/** A Key Vault over HTTPS: secrets and keys, kept on disk. */
export async function startKeyVault(options: KeyVaultOptions): Promise<KeyVault> {
  const { port, dataDir, tls, identities, keys = [], now = Date.now } = options;
  checkPrincipals(identities.principals);
  const store = new Store(dataDir, now);
  // Longer than any client keeps an idle connection, so that none is closed under a request.
  const server = createServer({ ...tls, keepAliveTimeout: 120_000 }, requestListener(store, identities));
  try {
    for (const { name, kty, keySize } of keys) {
      if (store.find('key', name)) continue;
      await createKey(store, name, { kty, ...(keySize !== undefined && { key_size: keySize }) });
    }
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(port, '127.0.0.1', resolve);
    });
  } catch (error) {
    store.close();
    throw error;
  }
  const actual = (server.address() as AddressInfo).port;
  return {
    port: actual,
    url: `https://localhost:${actual}/`,
    async stop() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      store.close();
    },
  };
}
