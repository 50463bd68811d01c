import type { Container, JSONObject, OperationInput, SqlParameter } from '@azure/cosmos';
import { classifyAzureError } from '../../azure';
import { resourceTooLarge } from './batches';
import type { ProtectedContainer, Stored, Write } from './ports';
import type { ProtectedDocument } from './protected';

type Read = ProtectedDocument & { readonly _etag: string };

/**
 * A query costs two requests (the SDK asks for a query plan beside it) and at least 2.3 RU, a point read one request
 * and 1 RU: up to this many ids, point reads in parallel are cheaper.
 */
const pointReads = 2;
/** Keeps the query text far below Cosmos DB's 512 KB. */
const idsPerQuery = 1000;

/** Status codes by which a batch says that another writer was there: 404 and 412 on replace, 409 on create. */
const changedStatus = new Set([404, 409, 412]);
/** Nobody reads back what was just written. */
const statusOnly = { contentResponseOnWriteEnabled: false };
/** 424: not tried, because another operation of the batch failed. */
const failedDependency = 424;

export function cosmosResourceContainer(container: () => Promise<Container>): ProtectedContainer {
  return {
    async read(pk, ids) {
      const resources = await container();
      if (ids.length <= pointReads) {
        const reads = await Promise.all(ids.map((id) => resources.item(id, pk).read<Read>()));
        return reads.flatMap(({ resource }) => (resource === undefined ? [] : [storedOf(resource)]));
      }
      const chunks = Array.from({ length: Math.ceil(ids.length / idsPerQuery) }, (_, i) =>
        ids.slice(i * idsPerQuery, (i + 1) * idsPerQuery),
      );
      const found = await Promise.all(
        chunks.map((chunk) => {
          const parameters = chunk.map((value, i) => ({ name: `@id${i}`, value }));
          const names = parameters.map(({ name }) => name).join(', ');
          const query = `SELECT * FROM c WHERE c.id IN (${names})`;
          return resources.items.query<Read>({ query, parameters }, { partitionKey: pk }).fetchAll();
        }),
      );
      return found.flatMap((page) => page.resources.map(storedOf));
    },

    async commit(pk, writes) {
      const response = await unlessTooLarge(
        (await container()).items.batch(writes.map(operationOf), pk, statusOnly),
      );
      const failed = (response.result ?? []).find(
        ({ statusCode }) => statusCode >= 400 && statusCode !== failedDependency,
      );
      if (failed === undefined) return 'committed';
      if (changedStatus.has(failed.statusCode)) return 'changed';
      // Carries the status alone: the batch's own answer quotes documents.
      throw Object.assign(new Error(`Transactional batch failed with status ${failed.statusCode}.`), {
        code: failed.statusCode,
      });
    },

    async findCurrent({ tenantId, resourceType, pk, id, identifierIndex }) {
      const conditions = [`c.kind = 'current'`, 'c.tenantId = @tenantId', 'c.resourceType = @resourceType'];
      const parameters: SqlParameter[] = [
        { name: '@tenantId', value: tenantId },
        { name: '@resourceType', value: resourceType },
      ];
      if (id !== undefined) {
        conditions.push('c.resource.id = @id');
        parameters.push({ name: '@id', value: id });
      }
      if (identifierIndex !== undefined) {
        conditions.push('ARRAY_CONTAINS(c.identifierIndex, @index)');
        parameters.push({ name: '@index', value: identifierIndex });
      }
      const query = `SELECT * FROM c WHERE ${conditions.join(' AND ')}`;
      const { resources } = await (
        await container()
      ).items
        .query<Read>({ query, parameters }, pk === undefined ? {} : { partitionKey: pk })
        .fetchAll();
      return resources.map((resource) => storedOf(resource).document);
    },
  };
}

/** Sizes are estimated before; where the service counts more, the message is refused instead of tried for ever. */
async function unlessTooLarge<T>(batch: Promise<T>): Promise<T> {
  try {
    return await batch;
  } catch (error) {
    throw classifyAzureError(error).kind === 'too-large' ? resourceTooLarge(error) : error;
  }
}

function storedOf(read: Read): Stored<ProtectedDocument> {
  const { _etag, ...document } = read;
  return { document, etag: _etag };
}

function operationOf(write: Write<ProtectedDocument>): OperationInput {
  const resourceBody = write.document as unknown as JSONObject;
  return write.type === 'create'
    ? { operationType: 'Create', resourceBody }
    : { operationType: 'Replace', id: write.document.id, resourceBody, ifMatch: write.etag };
}
