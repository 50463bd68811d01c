import { MedrelayError } from '../errors';
import type { DataKeyStore, WrappedDataKey } from '../security';
import { classifyAzureError } from './classify';
import type { Azure } from './clients';

/** Wrapped data keys in `audit/keys`, one partition per tenant. */
export function createDataKeyStore(azure: Azure): DataKeyStore {
  async function read(tenantId: string, id: string): Promise<WrappedDataKey | undefined> {
    const container = await azure.container('audit/keys');
    const { resource } = await container.item(id, tenantId).read<WrappedDataKey>();
    return resource && { id: resource.id, keyId: resource.keyId, wrapped: resource.wrapped };
  }

  return {
    read,
    async createIfAbsent(tenantId, key) {
      const container = await azure.container('audit/keys');
      try {
        await container.items.create({ ...key, pk: tenantId });
        return key;
      } catch (error) {
        if (classifyAzureError(error).kind !== 'conflict') throw error;
      }
      const first = await read(tenantId, key.id);
      if (first) return first;
      throw new MedrelayError(
        'KEY_READ_BEHIND',
        'A data key that was just made is not readable yet. Try again.',
      );
    },
  };
}
