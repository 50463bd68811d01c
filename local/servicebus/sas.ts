import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Access } from './access';

export interface SasKey {
  name: string;
  value: string;
}

/**
 * Checks a `SharedAccessSignature sr=..&sig=..&se=..&skn=..` token
 * (https://learn.microsoft.com/azure/service-bus-messaging/service-bus-sas); a sentence when it is not good.
 */
export function sasAccess(token: string, key: SasKey, nowMs: number): Access | string {
  const fields = new Map<string, string>();
  const [scheme, query] = token.split(' ', 2);
  if (scheme !== 'SharedAccessSignature' || query === undefined)
    return 'The token is not a SharedAccessSignature.';
  for (const part of query.split('&')) {
    const at = part.indexOf('=');
    if (at > 0) fields.set(part.slice(0, at), part.slice(at + 1));
  }
  const [resource, signature, expiry, name] = ['sr', 'sig', 'se', 'skn'].map((field) => fields.get(field));
  if (!resource || !signature || !expiry || !name)
    return 'MalformedToken: one of sr, sig, se and skn is missing.';
  if (decoded(name) !== key.name) return `InvalidSignature: there is no key named ${decoded(name)}.`;
  // The signature covers sr exactly as it stands in the token, percent-encoding included.
  const expected = createHmac('sha256', key.value).update(`${resource}\n${expiry}`).digest();
  const given = Buffer.from(decoded(signature), 'base64');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    return 'InvalidSignature: The token has an invalid signature.';
  }
  const expiresAt = Number(expiry) * 1000;
  if (!(expiresAt > nowMs)) return 'ExpiredToken: The token is expired.';
  // The key is that of the root policy.
  return { grants: () => true, expiresAt };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
