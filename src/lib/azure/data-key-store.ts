import { MedrelayError } from '../errors';
import type { KeyCustodyStore, StoredKey, WrappedKey } from '../security';
import { classifyAzureError, type AzureErrorKind } from './classify';
import type { Azure } from './clients';

type Read = WrappedKey & { readonly pk: string; readonly _etag: string };

/**
 * Wrapped keys in `audit/keys`, one partition per tenant. The app's identity may create and read there; `replace` and
 * `dataKeys` are for whoever signs in as the key custodian.
 */
export function createDataKeyStore(azure: Azure): KeyCustodyStore {
  async function readStored(tenantId: string, id: string): Promise<StoredKey | undefined> {
    const container = await azure.container('audit/keys');
    const { resource } = await container.item(id, tenantId).read<Read>();
    return resource && storedOf(resource);
  }
  const read = async (tenantId: string, id: string) => (await readStored(tenantId, id))?.key;

  return {
    read,
    readStored,
    async createIfAbsent(tenantId, key) {
      const container = await azure.container('audit/keys');
      if (await unlessKind('conflict', container.items.create({ ...key, pk: tenantId }))) return key;
      const first = await read(tenantId, key.id);
      if (first) return first;
      throw new MedrelayError(
        'KEY_READ_BEHIND',
        'A data key that was just made is not readable yet. Try again.',
      );
    },
    async *dataKeys() {
      const container = await azure.container('audit/keys');
      const query = "SELECT * FROM c WHERE NOT STARTSWITH(c.id, 'subject.')";
      for await (const { resources } of container.items.query<Read>(query).getAsyncIterator()) {
        yield* resources.map(storedOf);
      }
    },
    async replace({ tenantId, etag }, key) {
      const container = await azure.container('audit/keys');
      const accessCondition = { type: 'IfMatch', condition: etag };
      const replacing = container
        .item(key.id, tenantId)
        .replace({ ...key, pk: tenantId }, { accessCondition });
      return (await unlessKind('precondition', replacing)) ? 'replaced' : 'changed';
    },
  };
}

async function unlessKind(kind: AzureErrorKind, write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (classifyAzureError(error).kind === kind) return false;
    throw error;
  }
}

function storedOf({ pk, _etag, id, keyId, wrapped, shreddedAt }: Read): StoredKey {
  return { tenantId: pk, etag: _etag, key: { id, keyId, wrapped, ...(shreddedAt && { shreddedAt }) } };
}
