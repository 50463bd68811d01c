import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { ManagedPrincipal, Tenant } from './principal';
import type { SigningKey } from './signing-key';
import { issueToken, issuerOf } from './token';

export interface Answer {
  status: number;
  body: object;
}

/** What tokens are issued for; a token names exactly one of them. */
export const audiences = {
  keyVault: /^https:\/\/vault\.azure\.net\/?$/,
  serviceBus: /^https:\/\/servicebus\.azure\.net\/?$/,
  /** The SDK asks for the account's own address first and for the common one where that is not known. */
  cosmos:
    /^https:\/\/(cosmos\.azure\.com|[a-z0-9-]+\.documents\.azure\.com|localhost|127\.0\.0\.1)(:\d+)?\/?$/,
  storage: /^https:\/\/(storage\.azure\.com|[a-z0-9]+\.(blob|queue|table)\.core\.windows\.net)\/?$/,
} as const;

/**
 * The endpoint that App Service and Azure Functions give an app for its managed identity
 * (https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference), and the two
 * documents by which others verify its tokens.
 */
export function answerIdentity(
  request: Pick<IncomingMessage, 'method' | 'url' | 'headers'>,
  { tenantId, principals }: Tenant,
  key: SigningKey,
  now: () => number,
): Answer {
  const { method = 'GET', headers } = request;
  const { pathname, searchParams, origin } = new URL(
    request.url ?? '/',
    `http://${headers.host ?? 'localhost'}`,
  );
  if (method !== 'GET') return failure(405, `${method} is not allowed here; use GET.`);
  switch (pathname) {
    case '/msi/token':
      return token(searchParams);
    case '/keys':
      return { status: 200, body: key.jwks };
    case '/.well-known/openid-configuration':
      return { status: 200, body: { issuer: issuerOf(tenantId), jwks_uri: `${origin}/keys` } };
    default:
      return failure(
        404,
        'The local identity endpoint knows /msi/token, /keys and /.well-known/openid-configuration.',
      );
  }

  function token(query: URLSearchParams): Answer {
    const principal = principals.find(({ header }) => isEqual(header, headers['x-identity-header']));
    if (!principal)
      return failure(
        401,
        'X-IDENTITY-HEADER does not hold the value of IDENTITY_HEADER of a known principal.',
      );
    if (query.get('api-version') !== '2019-08-01')
      return failure(400, 'api-version must be 2019-08-01; the local identity endpoint supports no other.');
    const other = otherPrincipal(query, principal);
    if (other) return failure(400, `No User Assigned or Delegated Managed Identity found for ${other}.`);
    const resource = query.get('resource');
    if (!resource) return failure(400, 'The query parameter resource is missing.');
    if (!Object.values(audiences).some((known) => known.test(resource)))
      return failure(
        400,
        `AADSTS500011: The resource principal named ${resource} was not found. Issued here are tokens for Key Vault, ` +
          'Service Bus, Cosmos DB and Storage.',
      );
    const { token: access_token, expiresOn } = issueToken(key, tenantId, principal, resource, now());
    return {
      status: 200,
      body: {
        access_token,
        expires_on: String(expiresOn),
        resource,
        token_type: 'Bearer',
        client_id: principal.clientId.toUpperCase(),
      },
    };
  }
}

/** A user-assigned identity may be named by either id; it must be the one that the header belongs to. */
function otherPrincipal(
  query: URLSearchParams,
  { clientId, objectId }: ManagedPrincipal,
): string | undefined {
  const client = query.get('client_id');
  if (client !== null && client.toLowerCase() !== clientId) return `client_id ${client}`;
  const object = query.get('principal_id') ?? query.get('object_id');
  if (object !== null && object.toLowerCase() !== objectId) return `object id ${object}`;
  const resource = query.get('mi_res_id');
  return resource === null ? undefined : `resource id ${resource}`;
}

function isEqual(expected: string, given: unknown): boolean {
  const [left, right] = [Buffer.from(expected), Buffer.from(String(given))];
  return left.length === right.length && timingSafeEqual(left, right);
}

const failure = (status: number, message: string): Answer => ({
  status,
  body: { statusCode: status, message },
});
