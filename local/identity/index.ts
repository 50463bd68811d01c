import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerIdentity } from './endpoint';
import type { Tenant } from './principal';
import { readSigningKey } from './signing-key';

export { audiences } from './endpoint';
export type { ManagedPrincipal, Tenant } from './principal';
export { readSigningKey } from './signing-key';
export { issueToken } from './token';
export { tokenVerifier, type TokenVerifier } from './token-verifier';

export interface IdentityOptions {
  /** 0 takes a free one. */
  port: number;
  /** Holds the key that tokens are signed with. */
  dataDir: string;
  tenant: Tenant;
  now?: () => number;
}

export interface IdentityEndpoint {
  port: number;
  /** The value of IDENTITY_ENDPOINT. */
  endpoint: string;
  stop(): Promise<void>;
}

/** Managed identities on one machine: plain HTTP on loopback, as App Service has it. */
export async function startIdentity({
  port,
  dataDir,
  tenant,
  now = Date.now,
}: IdentityOptions): Promise<IdentityEndpoint> {
  const key = readSigningKey(dataDir);
  const server = createServer((request, response) => {
    const { status, body } = answerIdentity(request, tenant, key, now);
    response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
  const actual = (server.address() as AddressInfo).port;
  return {
    port: actual,
    endpoint: `http://127.0.0.1:${actual}/msi/token`,
    async stop() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}
