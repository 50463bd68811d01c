import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface SigningKey {
  kid: string;
  privateKey: KeyObject;
  /** What every service checks tokens with. */
  jwks: { keys: (JsonWebKey & { kid: string })[] };
}

/** The key that tokens are signed with: made at first start and kept, so that a token outlives a restart. */
export function readSigningKey(dataDir: string): SigningKey {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const file = join(dataDir, 'signing-key.pem');
  try {
    const { privateKey } = generateUnlessKept(file);
    const jwk = createPublicKey(privateKey).export({ format: 'jwk' });
    const kid = createHash('sha256').update(String(jwk.n)).digest('base64url').slice(0, 27);
    return { kid, privateKey, jwks: { keys: [{ ...jwk, kid, use: 'sig', alg: 'RS256' }] } };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${file} is not usable (${reason}). Restore it, or delete it to get a new key.`, {
      cause,
    });
  }
}

function generateUnlessKept(file: string): { privateKey: KeyObject } {
  try {
    return { privateKey: createPrivateKey(readFileSync(file)) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(file, privateKey.export({ format: 'pem', type: 'pkcs8' }), { flag: 'wx', mode: 0o600 });
  return { privateKey };
}
