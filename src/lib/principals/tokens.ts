import type { JWTPayload, JWTVerifyGetKey } from 'jose' with { 'resolution-mode': 'import' };
import { MedrelayError } from '../errors';
import type { IssuerConfig } from './config';
import { ROLES, type Denial, type Principal } from './principal';

type Jose = typeof import('jose', { with: { 'resolution-mode': 'import' } });

/** Signatures only: a shared secret would let every reader of it issue tokens (RFC 8725 section 3.1). */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
const CLOCK_SKEW_SECONDS = 60;
/** No answer, one that is not 200, one that is no key set. */
const ISSUERS_FAULT = new Set(['ERR_JWKS_TIMEOUT', 'ERR_JOSE_GENERIC', 'ERR_JWKS_INVALID']);

export type ReadToken = (token: string) => Promise<Principal | Denial>;

/** JSON Web Tokens (RFC 7519) of the configured issuers. Their keys are fetched when first needed and kept by jose. */
export function createTokenReader(issuers: readonly IssuerConfig[]): ReadToken {
  const keys = new Map<IssuerConfig, JWTVerifyGetKey>();

  return async (token) => {
    const { createRemoteJWKSet, decodeJwt, jwtVerify } = loadJose();
    let stated: JWTPayload;
    try {
      stated = decodeJwt(token);
    } catch {
      return invalid('The bearer token is not a JSON Web Token.');
    }
    const issuer = issuers.find((each) => each.issuer === stated.iss);
    if (!issuer) return unknownIssuer;
    const getKey = keys.get(issuer) ?? createRemoteJWKSet(new URL(issuer.jwksUri));
    keys.set(issuer, getKey);
    try {
      const { payload } = await jwtVerify(token, getKey, {
        issuer: issuer.issuer,
        audience: issuer.audience,
        algorithms: ALGORITHMS,
        clockTolerance: CLOCK_SKEW_SECONDS,
        requiredClaims: ['exp'],
      });
      return principalOf(payload, issuer);
    } catch (error) {
      // jose's codes are ERR_JWT_EXPIRED and the like; its texts quote claims.
      const code = String((error as { code?: unknown }).code ?? '');
      if (!code.startsWith('ERR_J') || ISSUERS_FAULT.has(code)) throw issuerAway(error);
      const reason = code === 'ERR_JWT_EXPIRED' ? 'has expired' : 'does not verify';
      return invalid(`The bearer token ${reason}. Sign in again.`);
    }
  };
}

function principalOf(payload: JWTPayload, { claims, tenants, roles }: IssuerConfig): Principal | Denial {
  const id = text(payload[claims.user ?? 'sub']);
  if (id === undefined) return invalid('The bearer token names no user.');
  const name = text(payload[claims.name ?? 'name']);
  const given = list(payload[claims.tenants ?? 'tenants']);
  const granted = list(payload[claims.roles ?? 'roles']);
  return {
    client: text(payload[claims.client ?? 'azp']) ?? 'unnamed',
    user: { id, ...(name !== undefined && { name }) },
    // A token that says * means no more than its issuer may give.
    tenants: tenants.includes('*')
      ? given.filter((each) => each !== '*')
      : given.filter((each) => tenants.includes(each)),
    roles: ROLES.filter((role) => roles.includes(role) && granted.includes(role)),
  };
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && /^\S.{0,199}$/.test(value) ? value : undefined;
/** An array, or as `scope` has it (RFC 8693 section 4.2) one text with spaces. */
const list = (value: unknown): string[] =>
  (Array.isArray(value) ? value : typeof value === 'string' ? value.split(' ') : []).filter(
    (each): each is string => typeof each === 'string',
  );

const issuerAway = (cause: unknown): MedrelayError =>
  new MedrelayError(
    'ISSUER_AWAY',
    'The issuer of the bearer token does not show its keys. Try again later.',
    cause,
  );
const invalid = (message: string): Denial => ({ status: 401, code: 'TOKEN_INVALID', message });
const unknownIssuer: Denial = {
  status: 401,
  code: 'TOKEN_ISSUER_UNKNOWN',
  message: 'The bearer token comes from an issuer that config/principals does not describe.',
};

/** Loaded where a token arrives: most invocations see none. jose is ESM only, which `require` takes since Node 22.12. */
function loadJose(): Jose {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  return require('jose') as Jose;
}
