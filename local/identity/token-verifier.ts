import { createPublicKey, verify, type JsonWebKey, type KeyObject } from 'node:crypto';

export type Claims = Record<string, unknown>;
/** The claims of a token that is genuine, in time and meant for this service, or undefined. */
export type TokenVerifier = (token: string) => Claims | undefined;

/** Clocks may differ by this much (RFC 7519 section 4.1.5: "a few minutes"). */
const leewaySeconds = 300;

/** Checks tokens signed with RS256 by one of the given public keys (a JSON Web Key Set). */
export function tokenVerifier(
  jwks: { keys: (JsonWebKey & { kid?: string })[] },
  now: () => number,
  /** Without it every audience is taken. */
  audiences?: RegExp,
): TokenVerifier {
  const keys: [string | undefined, KeyObject][] = jwks.keys.map((jwk) => [
    jwk.kid,
    createPublicKey({ key: jwk, format: 'jwk' }),
  ]);
  return (token) => {
    const [head = '', body = '', signature = ''] = token.split('.');
    const header = decoded(head);
    const claims = decoded(body);
    if (header?.['alg'] !== 'RS256' || claims === undefined) return undefined;
    const isSigned = keys.some(
      ([kid, key]) =>
        (kid === undefined || header['kid'] === undefined || kid === header['kid']) &&
        verify('sha256', Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url')),
    );
    const seconds = now() / 1000;
    const [expires, begins] = [Number(claims['exp']), Number(claims['nbf'] ?? 0)];
    const isInTime = seconds < expires && seconds >= begins - leewaySeconds;
    const isMeant = audiences === undefined || audiences.test(String(claims['aud']));
    return isSigned && isInTime && isMeant ? claims : undefined;
  };
}

function decoded(part: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return typeof value === 'object' && value !== null ? (value as Claims) : undefined;
  } catch {
    return undefined;
  }
}
