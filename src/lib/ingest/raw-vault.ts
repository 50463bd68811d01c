import { classifyAzureError, type Azure } from '../azure';
import { MedrelayError } from '../errors';
import type { FieldCipher } from '../security';
import { sha256 } from './identity';
import type { RawVault } from './ports';

/**
 * Names come from one key per tenant for all time, so that a duplicate years later meets the blob it repeats. A bare
 * hash would let whoever guesses a message confirm it by looking for its name.
 */
export function createRawVault(azure: Azure, cipher: FieldCipher): RawVault {
  const blobOf = async (name: string) => (await azure.blobContainer('hl7-raw')).getBlockBlobClient(name);
  return {
    async reference(tenantId, bytes) {
      const hash = sha256(bytes);
      const name = await cipher.blindIndex(tenantId, 'raw.sha256', hash);
      return { blob: `${tenantId}/${name}`, sha256: hash, length: bytes.byteLength };
    },

    async put(tenantId, { blob, sha256: hash }, bytes, enqueuedAt) {
      const sealed = await cipher.sealBody(tenantId, enqueuedAt, bytes, hash);
      try {
        await (await blobOf(blob)).upload(sealed, sealed.length, { conditions: { ifNoneMatch: '*' } });
      } catch (error) {
        if (classifyAzureError(error).kind !== 'conflict') throw error;
      }
    },

    async get(tenantId, { blob, sha256: hash, length }) {
      // A claim check is what a sender says: it may name another tenant's blob, or climb.
      if (!isNameOf(tenantId, blob)) return undefined;
      const sealed = await download(await blobOf(blob));
      if (sealed === undefined) return undefined;
      const bytes = await opened(cipher, tenantId, sealed, hash);
      return bytes?.length === length && sha256(bytes) === hash ? bytes : undefined;
    },
  };
}

const isNameOf = (tenantId: string, blob: string): boolean =>
  blob.startsWith(`${tenantId}/`) && /^[\w-]{22}$/.test(blob.slice(tenantId.length + 1));

async function download(blob: { downloadToBuffer(): Promise<Buffer> }): Promise<Buffer | undefined> {
  try {
    return await blob.downloadToBuffer();
  } catch (error) {
    if (classifyAzureError(error).kind === 'not-found') return undefined;
    throw error;
  }
}

/** What was changed, cut short or sealed for another place is as good as absent; a key store that is away is not. */
async function opened(
  cipher: FieldCipher,
  tenantId: string,
  sealed: Buffer,
  hash: string,
): Promise<Buffer | undefined> {
  try {
    return await cipher.openBody(tenantId, sealed, hash);
  } catch (error) {
    if (error instanceof MedrelayError && (error.code === 'DECRYPT_FAILED' || error.code === 'KEY_UNKNOWN')) {
      return undefined;
    }
    throw error;
  }
}
