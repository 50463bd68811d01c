import { createHash } from 'node:crypto';
import type { Bundle } from 'fhir/r4';
import type { RawVault } from './ports';
import type { RawReference } from './types';

/** A document of Cosmos DB ends at 2 MB and costs by its size; a scanned report of 20 MB belongs into a blob. */
const maxInlineCharacters = 64 * 1024;
const scheme = 'urn:medrelay:blob:';

/**
 * The Bundle with large attachments put into the vault: `data` becomes `url`, `size` and `hash` (SHA-1 in base64, as
 * R4 Attachment.hash says). Deterministic, so a redelivery writes the same blob and the same resource.
 */
export async function storeAttachments(
  bundle: Bundle,
  tenantId: string,
  enqueuedAt: string,
  vault: RawVault,
): Promise<Bundle> {
  async function visit(value: unknown): Promise<unknown> {
    if (Array.isArray(value)) return value.some(isLarge) ? Promise.all(value.map(visit)) : value;
    if (!isObject(value) || !isLarge(value)) return value;
    const copy = Object.fromEntries(
      await Promise.all(
        Object.entries(value).map(async ([name, child]) => [name, await visit(child)] as const),
      ),
    );
    const { data } = copy;
    if (typeof data !== 'string' || data.length <= maxInlineCharacters) return copy;
    const bytes = Buffer.from(data, 'base64');
    const reference = await vault.reference(tenantId, bytes);
    await vault.put(tenantId, reference, bytes, enqueuedAt);
    const { blob, sha256, length } = reference;
    return {
      ...copy,
      data: undefined,
      url: `${scheme}${blob}:${sha256}:${length}`,
      size: length,
      hash: createHash('sha1').update(bytes).digest('base64'),
    };
  }
  return (await visit(bundle)) as Bundle;
}

/** Where an attachment's bytes are; undefined for a URL that is not of this store. */
export function attachmentReference(url: string): RawReference | undefined {
  const [, blob, sha256, length] = /^urn:medrelay:blob:([^:]+):([0-9a-f]{64}):(\d+)$/.exec(url) ?? [];
  return blob === undefined || sha256 === undefined ? undefined : { blob, sha256, length: Number(length) };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** SampledData has `data` too, but it is no Attachment: it has an `origin`. */
function isLarge(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(isLarge);
  if (!isObject(value)) return false;
  const { data, origin } = value;
  if (typeof data === 'string' && data.length > maxInlineCharacters) return origin === undefined;
  return Object.values(value).some((child) => isObject(child) && isLarge(child));
}
