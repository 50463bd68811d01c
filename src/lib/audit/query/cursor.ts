import type { FieldCipher } from '../../security';
import type { Position } from './page';
import { invalid, type AuditQuery } from './query';

/** Where a search goes on: the question itself and the last place. */
export interface Continuation {
  readonly query: AuditQuery;
  readonly position?: Position;
}

/**
 * Links hold a token instead of the question: it may name a patient or a user, and links end in logs and histories.
 * Encrypted under the tenant's key and bound to the client, so nobody can make one up or carry it elsewhere.
 */
export async function sealCursor(
  cipher: FieldCipher,
  tenantId: string,
  client: string,
  continuation: Continuation,
  now: Date,
): Promise<string> {
  const plaintext = Buffer.from(JSON.stringify(continuation), 'utf8');
  const sealer = await cipher.sealer(tenantId, 'pii', now.toISOString());
  const { kid, iv, ct, tag } = sealer.seal(plaintext, placeOf(client));
  return Buffer.from(JSON.stringify([kid, iv, ct, tag]), 'utf8').toString('base64url');
}

export async function openCursor(
  cipher: FieldCipher,
  tenantId: string,
  client: string,
  token: string,
): Promise<Continuation> {
  try {
    const [kid, iv, ct, tag] = JSON.parse(Buffer.from(token, 'base64url').toString('utf8')) as string[];
    const sealed = {
      kid: String(kid),
      alg: 'A256GCM' as const,
      iv: String(iv),
      ct: String(ct),
      tag: String(tag),
    };
    const opened = await cipher.open(tenantId, sealed, placeOf(client));
    return JSON.parse(opened.toString('utf8')) as Continuation;
  } catch {
    throw invalid('_cursor is not one of this search, tenant and client. Start the search again.');
  }
}

const placeOf = (client: string) => ({ id: client, path: 'audit.cursor' });
