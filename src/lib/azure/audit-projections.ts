import type { ProjectionEntry, ProjectionStore } from '../audit';
import type { Azure } from './clients';

/** `audit/projections`: lines that may be written again and thrown away. */
export function createProjectionStore(azure: Azure): ProjectionStore {
  return {
    async put(entry) {
      const container = await azure.container('audit/projections');
      await container.items.upsert({ ...entry });
    },
    async list(pk, limit) {
      const container = await azure.container('audit/projections');
      const query = 'SELECT * FROM c WHERE c.pk = @pk ORDER BY c.occurredAt DESC OFFSET 0 LIMIT @limit';
      const parameters = [
        { name: '@pk', value: pk },
        { name: '@limit', value: limit },
      ];
      return (await container.items.query<ProjectionEntry>({ query, parameters }).fetchAll()).resources;
    },
  };
}
