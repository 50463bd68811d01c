import type { Container } from '@azure/cosmos';
import type {
  BatchDocument,
  CheckpointDocument,
  EventFeed,
  LogDocument,
  LogStore,
  SegmentDocument,
  TileDocument,
} from '../audit';
import { classifyAzureError } from './classify';
import type { Azure } from './clients';

/** `audit/log`: the identity of the app may create, read and query there, nothing more. */
export function createLogStore(azure: Azure): LogStore {
  /** Without a partition it asks all of them. */
  async function ask<T>(
    pk: string | undefined,
    query: string,
    values: Readonly<Record<string, string | number>> = {},
  ): Promise<T[]> {
    const container = await azure.container('audit/log');
    const parameters = Object.entries(values).map(([name, value]) => ({ name: `@${name}`, value }));
    const options = pk === undefined ? {} : { partitionKey: pk };
    return (await container.items.query<T>({ query, parameters }, options).fetchAll()).resources;
  }
  const segments = (pk: string, condition: string, values: Readonly<Record<string, number>>) =>
    ask<SegmentDocument>(pk, `SELECT * FROM c WHERE c.kind = 'segment' AND ${condition}`, values);

  return {
    async create(document) {
      const container = await azure.container('audit/log');
      try {
        await container.items.create({ ...document });
        return 'created';
      } catch (error) {
        if (classifyAzureError(error).kind === 'conflict') return 'exists';
        throw error;
      }
    },
    async read(pk, id) {
      const container = await azure.container('audit/log');
      return (await container.item(id, pk).read<LogDocument>()).resource;
    },
    async newestCheckpoint(pk) {
      const query = "SELECT TOP 1 * FROM c WHERE c.kind = 'checkpoint' ORDER BY c.seq DESC";
      return (await ask<CheckpointDocument>(pk, query)).at(0);
    },
    async newestSegment(pk) {
      const query = "SELECT TOP 1 * FROM c WHERE c.kind = 'segment' ORDER BY c.firstIndex DESC";
      return (await ask<SegmentDocument>(pk, query)).at(0);
    },
    segmentsFrom: (pk, from) => segments(pk, 'c.firstIndex >= @from ORDER BY c.firstIndex', { from }),
    segmentsOfBatch: (pk, batch) => segments(pk, 'c.batch = @batch', { batch }),
    async segmentAt(pk, index) {
      const condition = 'c.firstIndex <= @index ORDER BY c.firstIndex DESC OFFSET 0 LIMIT 1';
      return (await segments(pk, condition, { index })).at(0);
    },
    async tilesNaming(pk, eventId) {
      const query = "SELECT * FROM c WHERE c.kind = 'tile' AND ARRAY_CONTAINS(c.ids, @eventId)";
      const tiles = await ask<TileDocument>(pk, query, { eventId });
      return tiles.sort((one, other) => other.width - one.width);
    },
    async newestBatch() {
      const query = "SELECT TOP 1 * FROM c WHERE c.kind = 'cursor' ORDER BY c.n DESC";
      return (await ask<BatchDocument>(undefined, query)).at(0);
    },
    batchesOf(tenantId, n) {
      const query =
        "SELECT * FROM c WHERE c.kind = 'cursor' AND c.n >= @n " +
        'AND EXISTS(SELECT VALUE t FROM t IN c.tenants WHERE t.id = @tenantId) ORDER BY c.n';
      return ask<BatchDocument>(undefined, query, { n, tenantId });
    },
    async newestSeal() {
      const query =
        "SELECT TOP 1 VALUE c.sealedAt FROM c WHERE c.kind = 'checkpoint' ORDER BY c.sealedAt DESC";
      return (await ask<string>(undefined, query)).at(0);
    },
  };
}

/** Of another container with this name: the data was restored, or moved. */
const OTHER_CONTAINER = /continuation token is not for the current container/i;

/** The change feed of `audit/events`, all partitions of it. */
export function createEventFeed(azure: Azure): EventFeed {
  return {
    async read(token, limit) {
      const container = await azure.container('audit/events');
      try {
        return await page(container, token, limit);
      } catch (error) {
        if (!(error instanceof Error && OTHER_CONTAINER.test(error.message))) throw error;
        // From the beginning: what is sealed already is recognised by its name.
        return await page(container, undefined, limit);
      }
    },
  };
}

async function page(
  container: Container,
  token: string | undefined,
  limit: number,
): Promise<{ documents: readonly unknown[]; token: string }> {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded when first used, as in `clients`
  const { ChangeFeedStartFrom } = require('@azure/cosmos') as typeof import('@azure/cosmos');
  const feed = container.items.getChangeFeedIterator<Record<string, unknown>>({
    changeFeedStartFrom:
      token === undefined ? ChangeFeedStartFrom.Beginning() : ChangeFeedStartFrom.Continuation(token),
    maxItemCount: limit,
  });
  // Asks every partition until one has something.
  const { result, continuationToken } = await feed.readNext();
  return { documents: result ?? [], token: continuationToken };
}
