import { createHash } from 'node:crypto';
import type { Container, Item } from './container';
import { badRequest } from './errors';
import { keyText, type PartitionKey } from './partition-key';
import { compile, type CompiledQuery } from './sql/compile';
import { SqlError } from './sql/lexer';
import { isObject, type Json, type JsonObject, type Value } from './sql/value';

const maxPageBytes = 4 * 1024 * 1024;
const defaultPage = 1000;
const maxKept = 500;

const kept = new Map<string, CompiledQuery>();

/** Compiled queries are kept by their text: the same few queries come again with other parameters. */
export function compileCached(text: string): CompiledQuery {
  let query = kept.get(text);
  if (query === undefined) {
    query = compile(text);
    if (kept.size >= maxKept) kept.clear();
    kept.set(text, query);
  }
  return query;
}

export interface QuerySpec {
  text: string;
  parameters: ReadonlyMap<string, Value>;
}

export function parseSpec(body: unknown): QuerySpec {
  const { query, parameters } = (body ?? {}) as { query?: unknown; parameters?: unknown };
  if (typeof query !== 'string') throw badRequest("A query needs its text in 'query'.");
  const list = Array.isArray(parameters) ? (parameters as { name?: string; value?: Json }[]) : [];
  return { text: query, parameters: new Map(list.map(({ name = '', value }) => [name, value])) };
}

export interface Page {
  /** JSON texts: a document goes out as it is stored. */
  rows: string[];
  continuation: string | undefined;
  evaluated: number;
}

interface Position {
  /** Hash of the query: a token belongs to one query. */
  of: string;
  /** Streaming queries go on at the item that was created with this LSN; the others start over. */
  at?: number | undefined;
  /** Rows, of this item or of all, that are out already. */
  skip: number;
}

export function runQuery(
  container: Container,
  spec: QuerySpec,
  key: PartitionKey | undefined,
  options: { maxItems: number | undefined; continuation: string | undefined; now: number },
): Page {
  return asked(() => runPage(container, spec, key, options));
}

/** A query over a short list: databases, containers, offers. */
export function runOver(values: readonly JsonObject[], spec: QuerySpec, now: number): JsonObject[] {
  return asked(() => [...compileCached(spec.text).run(values, spec.parameters, now)].filter(isObject));
}

function asked<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof SqlError ? badRequest(error.message) : error;
  }
}

function runPage(
  container: Container,
  spec: QuerySpec,
  key: PartitionKey | undefined,
  options: { maxItems: number | undefined; continuation: string | undefined; now: number },
): Page {
  const query = compileCached(spec.text);
  const of = createHash('sha256')
    .update(spec.text)
    .update(JSON.stringify([...spec.parameters]))
    .digest('base64url');
  const from = readToken(options.continuation, of);
  const most = options.maxItems !== undefined && options.maxItems > 0 ? options.maxItems : defaultPage;
  const items = candidates(container, query, spec, key);
  const page: Page = { rows: [], continuation: undefined, evaluated: 0 };
  let bytes = 0;

  /** False when the row belongs to the next page. */
  const add = (row: string): boolean => {
    if (page.rows.length >= most || (bytes + row.length > maxPageBytes && page.rows.length > 0)) return false;
    page.rows.push(row);
    bytes += row.length;
    return true;
  };
  const stop = (position: Omit<Position, 'of'>): Page => {
    page.continuation = JSON.stringify({ ...position, of });
    return page;
  };

  // Rows are pulled one by one, so a row belongs to the item that was handed out last.
  let current: Item | undefined;
  let row = 0;
  const documents = function* (): Iterable<Json> {
    for (const item of items) {
      if (query.streaming) {
        if (item.row.created < (from?.at ?? 0)) continue;
        row = 0;
      }
      current = item;
      page.evaluated++;
      yield item.document;
    }
  };
  for (const value of query.run(documents(), spec.parameters, options.now)) {
    const at = query.streaming ? current?.row.created : undefined;
    row++;
    // Not when the item of the token is gone: then the next one has shown nothing yet.
    if (from !== undefined && row <= from.skip && at === from.at) continue;
    const text = at !== undefined && query.wholeDocuments ? current?.row.body : undefined;
    if (!add(text ?? JSON.stringify(value))) return stop({ at, skip: row - 1 });
  }
  return page;
}

function readToken(token: string | undefined, of: string): Position | undefined {
  if (token === undefined) return undefined;
  try {
    const position = JSON.parse(token) as Position;
    if (position.of === of && Number.isInteger(position.skip)) return position;
  } catch {
    // Answered below, like a token of another query.
  }
  throw badRequest('The continuation token is not one of this query.');
}

/** The items a query can be about at all: one item or one partition, where header or filter say so. */
function candidates(
  container: Container,
  query: CompiledQuery,
  { parameters }: QuerySpec,
  key: PartitionKey | undefined,
): Iterable<Item> {
  const { paths } = container.definition;
  const whole = key ?? paths.map((path) => query.equality(path, parameters));
  if (key !== undefined && key.length < paths.length) return withPrefix(container, key);
  // In a filter, undefined means that nothing is known; in the header it is the key "None".
  if (key === undefined && whole.some((part) => part === undefined || typeof part === 'object')) {
    return container.items();
  }
  const pk = keyText(whole);
  const id = query.equality(['id'], parameters);
  if (typeof id !== 'string') return container.items(pk);
  const item = container.get(pk, id);
  return item === undefined ? [] : [item];
}

/** A prefix of a hierarchical key. */
function* withPrefix(container: Container, prefix: PartitionKey): Iterable<Item> {
  const start = keyText(prefix).slice(0, -1);
  for (const item of container.items()) {
    if (item.row.pk.startsWith(`${start},`)) yield item;
  }
}

/**
 * What the SDK asks for beside every query. One physical partition answers everything itself,
 * so the plan is always "send the query as it is to the whole range".
 */
export function queryPlan(spec: QuerySpec): Json {
  asked(() => compileCached(spec.text));
  return {
    partitionedQueryExecutionInfoVersion: 2,
    queryInfo: {
      distinctType: 'None',
      top: null,
      offset: null,
      limit: null,
      orderBy: [],
      orderByExpressions: [],
      groupByExpressions: [],
      groupByAliases: [],
      aggregates: [],
      groupByAliasToAggregateType: {},
      rewrittenQuery: '',
      hasSelectValue: false,
      hasNonStreamingOrderBy: false,
    },
    queryRanges: [{ min: '', max: 'FF', isMinInclusive: true, isMaxInclusive: false }],
  };
}
