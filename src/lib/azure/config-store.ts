import type { ConfigStore } from '../tenants';
import type { Azure } from './clients';

/** Database `config`: every version of every tenant and policy; they are few and small. */
export function createConfigStore(azure: Azure): ConfigStore {
  return {
    async read(path, abortSignal) {
      const container = await azure.container(path);
      const query = 'SELECT c.pk, c.id, c["value"] FROM c';
      return (await container.items.query(query, { abortSignal }).fetchAll()).resources;
    },
  };
}
