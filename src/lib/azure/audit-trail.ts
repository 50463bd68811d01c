import type { FeedOptions, SqlQuerySpec } from '@azure/cosmos';
import type { AnchorStore, Pages, ProofSource, TrailReader } from '../audit';
import type { Azure, ContainerPath } from './clients';

/** Large enough that the way there and back does not count, small enough for memory: about 1 MB of events. */
const PAGE = 1_000;
/** One event has about 1 KB, a tile or segment up to 70. */
const LOG_PAGE = 100;
/** `audit-checkpoints`: <tenant>/<year>/<number>. */
const ANCHOR = /^([^/]+)\/(\d{4})\/(\d{12})$/;

/** One tenant's trail, document by document, for who may read and query. */
export function createTrailReader(azure: Azure, published: AnchorStore, tenantId: string): TrailReader {
  const ask = (path: ContainerPath, query: SqlQuerySpec, options: FeedOptions) =>
    pagesOf(azure, path, query, options);
  const own = { name: '@prefix', value: `${tenantId}|` };

  return {
    async anchors() {
      const container = await azure.blobContainer('audit-checkpoints');
      const names: { year: string; seq: number }[] = [];
      for await (const { name } of container.listBlobsFlat({ prefix: `${tenantId}/` })) {
        const [, , year, seq] = ANCHOR.exec(name) ?? [];
        if (year !== undefined) names.push({ year, seq: Number(seq) });
      }
      return names;
    },
    anchor: (name) => published.read({ tenantId, ...name }),
    async years() {
      const query = 'SELECT DISTINCT VALUE c.pk FROM c WHERE STARTSWITH(c.pk, @prefix)';
      const years: string[] = [];
      for await (const page of ask('audit/log', { query, parameters: [own] }, { maxItemCount: PAGE }))
        years.push(...page.map((pk) => String(pk).slice(own.value.length)));
      return years;
    },
    log: (year, kind) =>
      ask(
        'audit/log',
        {
          query: 'SELECT * FROM c WHERE c.kind = @kind ORDER BY c.id',
          parameters: [{ name: '@kind', value: kind }],
        },
        { partitionKey: `${tenantId}|${year}`, maxItemCount: LOG_PAGE },
      ),
    async *events(days) {
      if (days === undefined) {
        // By either: an event that was moved, or whose tenant's name was changed, is still found.
        const query = 'SELECT * FROM c WHERE STARTSWITH(c.pk, @prefix) OR c.tenantId = @tenantId';
        const parameters = [own, { name: '@tenantId', value: tenantId }];
        yield* ask('audit/events', { query, parameters }, { maxItemCount: PAGE });
        return;
      }
      for (const day of days) {
        const parameters = [{ name: '@prefix', value: `${own.value}${day}|` }];
        const query = 'SELECT * FROM c WHERE STARTSWITH(c.pk, @prefix)';
        yield* ask('audit/events', { query, parameters }, { maxItemCount: PAGE });
      }
    },
  };
}

/** The few documents that one proof needs. */
export function createProofSource(azure: Azure, tenantId: string): ProofSource {
  const prefix = `${tenantId}|`;

  async function first(
    query: string,
    values: Readonly<Record<string, string>>,
    partitionKey?: string,
  ): Promise<unknown> {
    const parameters = Object.entries(values).map(([name, value]) => ({ name: `@${name}`, value }));
    const options = partitionKey === undefined ? {} : { partitionKey };
    for await (const page of pagesOf(azure, 'audit/log', { query, parameters }, options)) return page[0];
    return undefined;
  }

  return {
    async yearOf(eventId) {
      const query =
        'SELECT TOP 1 VALUE c.pk FROM c WHERE STARTSWITH(c.pk, @prefix) AND ARRAY_CONTAINS(c.ids, @eventId)';
      const pk = await first(query, { prefix, eventId });
      return typeof pk === 'string' ? pk.slice(prefix.length) : undefined;
    },
    newestCheckpoint: (year) =>
      first("SELECT TOP 1 * FROM c WHERE c.kind = 'checkpoint' ORDER BY c.seq DESC", {}, prefix + year),
    tileNaming: (year, eventId, partial) =>
      first(
        'SELECT TOP 1 * FROM c WHERE ARRAY_CONTAINS(c.ids, @eventId) AND (c.width = 256 OR c.id = @partial)',
        { eventId, partial },
        prefix + year,
      ),
    async tile(year, id) {
      const container = await azure.container('audit/log');
      return (await container.item(id, prefix + year).read<object>()).resource;
    },
  };
}

async function* pagesOf(azure: Azure, path: ContainerPath, query: SqlQuerySpec, options: FeedOptions): Pages {
  const container = await azure.container(path);
  const found = container.items.query<unknown>(query, options);
  while (found.hasMoreResults()) {
    const { resources } = await found.fetchNext();
    // Absent where a partition had nothing.
    if ((resources as unknown[] | undefined)?.length) yield resources;
  }
}
