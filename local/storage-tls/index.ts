/**
 * Blobs and queues over HTTPS for identities: tokens are checked here, signature, audience and roles, and then the
 * request goes on with the account's key to the plain port. Azurite's own `--oauth basic` checks neither signature nor
 * roles. Requests with a key or a shared access signature pass as they came.
 */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TokenVerifier } from '../identity';
import { azuriteAccount } from '../worm/account';
import { refuse, relay } from '../worm/reply';
import { Refusal } from '../worm/rules';
import { authorizationOf } from '../worm/shared-key';
import { Upstream } from '../worm/upstream';
import { blobNeeds, queueNeeds } from './needs';
import { isAllowed, type StoragePrincipal } from './roles';

export { checkPrincipals, type StoragePrincipal } from './roles';

export interface StorageIdentities {
  tenantId: string;
  principals: readonly StoragePrincipal[];
  verify: TokenVerifier;
}

export interface StorageTlsOptions {
  service: 'blob' | 'queue';
  /** 0 takes a free one. */
  port: number;
  /** Where the service answers in plain HTTP, on this machine. */
  plainPort: number;
  tls: { cert: string; key: string };
  identities: StorageIdentities;
}

export interface StorageTls {
  readonly port: number;
  readonly endpoint: string;
  stop(): Promise<void>;
}

export async function startStorageTls(options: StorageTlsOptions): Promise<StorageTls> {
  const { service, tls, identities } = options;
  const upstream = new Upstream(options.plainPort, azuriteAccount);
  const needsOf = service === 'blob' ? blobNeeds : queueNeeds;

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { authorization = '' } = request.headers;
    try {
      const isToken = /^Bearer /i.test(authorization);
      const headers = isToken ? signed(request, authorization.slice('Bearer '.length)) : request.rawHeaders;
      await relay(await upstream.forward(request, request, headers), response);
    } catch (error) {
      if (response.headersSent) return void response.destroy();
      request.resume();
      const refusal =
        error instanceof Refusal
          ? error
          : new Refusal(503, 'ServerBusy', 'The storage behind this port does not answer.');
      if (refusal.status === 401) response.setHeader('www-authenticate', challengeOf(identities.tenantId));
      refuse(response, refusal, [request.headers['x-ms-version']].flat()[0]);
    }
  };

  /** The headers of the same request as the account's owner would send it; throws where the bearer may not. */
  function signed(request: IncomingMessage, token: string): NodeJS.Dict<string | string[]> {
    const claims = identities.verify(token);
    if (!claims)
      throw new Refusal(
        401,
        'InvalidAuthenticationInfo',
        'Server failed to authenticate the request. Please refer to the information in the www-authenticate header.',
      );
    const path = request.url ?? '/';
    const needs = needsOf(request, new URL(path, 'https://localhost'));
    if (!needs)
      throw new Refusal(
        501,
        'NotImplemented',
        'The local storage does not take this operation with a token.',
      );
    if (!isAllowed(identities.principals, claims['oid'], needs))
      throw new Refusal(
        403,
        'AuthorizationPermissionMismatch',
        'This request is not authorized to perform this operation using this permission.',
      );
    const { method = 'GET', headers } = request;
    const own = { ...headers, 'x-ms-date': new Date().toUTCString() };
    return { ...own, authorization: authorizationOf(azuriteAccount, { method, url: path, headers: own }) };
  }

  // As long as Azure: an upload of many gigabytes takes its time, and a client keeps its connections.
  const server = createServer(
    { ...tls, keepAliveTimeout: 120_000, requestTimeout: 0, noDelay: true },
    (request, response) => void handle(request, response),
  );
  try {
    server.listen(options.port, '127.0.0.1');
    await once(server, 'listening');
  } catch (cause) {
    throw new Error(`The ${service} port ${options.port} cannot be listened on; choose another.`, { cause });
  }
  const { port } = server.address() as AddressInfo;
  return {
    port,
    endpoint: `https://127.0.0.1:${port}/${azuriteAccount.name}`,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
      upstream.close();
    },
  };
}

/** https://learn.microsoft.com/rest/api/storageservices/authorize-with-azure-active-directory#bearer-challenge */
const challengeOf = (tenantId: string): string =>
  `Bearer authorization_uri=https://login.microsoftonline.com/${tenantId}/oauth2/authorize resource_id=https://storage.azure.com`;
