import { randomBytes, sign } from 'node:crypto';
import type { ManagedPrincipal } from './principal';
import type { SigningKey } from './signing-key';

/** A managed identity's token is good for a day. */
const lifetimeSeconds = 24 * 60 * 60;

/** Tokens are those of the v1.0 endpoint, as managed identities get them. */
export const issuerOf = (tenantId: string) => `https://sts.windows.net/${tenantId}/`;

/** https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference */
export function issueToken(
  { kid, privateKey }: SigningKey,
  tenantId: string,
  { clientId, objectId }: ManagedPrincipal,
  resource: string,
  nowMs: number,
): { token: string; expiresOn: number } {
  const issued = Math.floor(nowMs / 1000);
  const expiresOn = issued + lifetimeSeconds;
  const claims = {
    aud: resource,
    iss: issuerOf(tenantId),
    iat: issued,
    // The service allows for a client's slow clock.
    nbf: issued - 300,
    exp: expiresOn,
    appid: clientId,
    appidacr: '2',
    idp: issuerOf(tenantId),
    idtyp: 'app',
    oid: objectId,
    sub: objectId,
    tid: tenantId,
    uti: randomBytes(16).toString('base64url'),
    ver: '1.0',
  };
  const signed = `${encoded({ typ: 'JWT', alg: 'RS256', kid })}.${encoded(claims)}`;
  const signature = sign('sha256', Buffer.from(signed), privateKey).toString('base64url');
  return { token: `${signed}.${signature}`, expiresOn };
}

const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
