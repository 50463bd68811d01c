import { createCipheriv, createDecipheriv, randomFillSync } from 'node:crypto';
import { MedrelayError } from '../errors';

const IV_BYTES = 12;
export const TAG_BYTES = 16;

export interface Encrypted {
  readonly iv: Buffer;
  readonly ct: Buffer;
  readonly tag: Buffer;
}

/** `iv`: from `freshIv`, used once. */
export function encrypt(key: Buffer, iv: Buffer, plaintext: Uint8Array, aad: Buffer): Encrypted {
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(aad);
  // GCM is a stream: `update` gives everything, `final` only makes the tag.
  const ct = cipher.update(plaintext);
  cipher.final();
  return { iv, ct, tag: cipher.getAuthTag() };
}

export function decrypt(key: Buffer, { iv, ct, tag }: Encrypted, aad: Buffer): Buffer {
  try {
    // Node accepts 4-byte GCM tags unless the length is fixed.
    const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES });
    decipher.setAAD(aad).setAuthTag(tag);
    const plaintext = decipher.update(ct);
    decipher.final();
    return plaintext;
  } catch (cause) {
    throw decryptFailed(cause);
  }
}

export function decryptFailed(cause?: unknown): MedrelayError {
  return new MedrelayError(
    'DECRYPT_FAILED',
    'Encrypted data was changed, moved from another place or cut short; it is not opened.',
    cause,
  );
}

/** Random bytes are asked for in pages: one call for 300 IVs costs little more than one call for one. */
const page = Buffer.alloc(300 * IV_BYTES);
let used = page.length;

export function freshIv(): Buffer {
  if (used === page.length) {
    randomFillSync(page);
    used = 0;
  }
  const iv = Buffer.from(page.subarray(used, used + IV_BYTES));
  used += IV_BYTES;
  return iv;
}
