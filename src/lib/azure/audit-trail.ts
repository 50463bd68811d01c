import type { FeedOptions, SqlQuerySpec } from '@azure/cosmos';
import type { AnchorStore, GrowthReader, Pages, ProofSource, TrailReader } from '../audit';
import { classifyAzureError } from './classify';
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
    years: () => storedYears(azure, tenantId),
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

/** What was added to a tenant's logs: few requests, however long the logs are. */
export function createGrowthReader(azure: Azure, published: AnchorStore, tenantId: string): GrowthReader {
  return {
    anchor: (name) => published.read({ tenantId, ...name }),
    async years() {
      return [...(await published.years(tenantId)), ...(await storedYears(azure, tenantId))];
    },
    async anchorsFrom(year, seq) {
      // Blobs are listed by the beginning of their names: a thousand numbers at a time, until there are no more.
      const container = await azure.blobContainer('audit-checkpoints');
      const found: number[] = [];
      for (let thousand = Math.floor(seq / 1000); ; thousand++) {
        const prefix = `${tenantId}/${year}/${String(thousand).padStart(9, '0')}`;
        const before = found.length;
        for await (const { name } of container.listBlobsFlat({ prefix }))
          if (ANCHOR.test(name)) found.push(Number(name.slice(-12)));
        if (found.length === before) return found.filter((each) => each >= seq);
      }
    },
    checkpointsFrom: (year, seq) =>
      pagesOf(
        azure,
        'audit/log',
        {
          query: "SELECT * FROM c WHERE c.kind = 'checkpoint' AND c.id >= @from ORDER BY c.id",
          parameters: [{ name: '@from', value: `cp-${String(seq).padStart(12, '0')}` }],
        },
        { partitionKey: `${tenantId}|${year}`, maxItemCount: LOG_PAGE },
      ),
    tile: (year, id) => readTile(azure, tenantId, year, id),
  };
}

/**
 * Ids of the secrets that were destroyed: the tombstones, which are few. Undefined where this identity may not read
 * `audit/keys`.
 */
export async function readShredded(azure: Azure, tenantId: string): Promise<Set<string> | undefined> {
  const query = "SELECT VALUE c.id FROM c WHERE STARTSWITH(c.id, 'subject.') AND IS_DEFINED(c.shreddedAt)";
  const ids = new Set<string>();
  try {
    for await (const page of pagesOf(azure, 'audit/keys', { query }, { partitionKey: tenantId }))
      for (const id of page) ids.add(String(id));
    return ids;
  } catch (error) {
    if (classifyAzureError(error).kind === 'denied') return undefined;
    throw error;
  }
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
    tile: (year, id) => readTile(azure, tenantId, year, id),
  };
}

async function storedYears(azure: Azure, tenantId: string): Promise<string[]> {
  const prefix = `${tenantId}|`;
  const query = 'SELECT DISTINCT VALUE c.pk FROM c WHERE STARTSWITH(c.pk, @prefix)';
  const parameters = [{ name: '@prefix', value: prefix }];
  const years: string[] = [];
  for await (const page of pagesOf(azure, 'audit/log', { query, parameters }, { maxItemCount: PAGE }))
    years.push(...page.map((pk) => String(pk).slice(prefix.length)));
  return years;
}

async function readTile(azure: Azure, tenantId: string, year: string, id: string): Promise<unknown> {
  const container = await azure.container('audit/log');
  return (await container.item(id, `${tenantId}|${year}`).read<object>()).resource;
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
