import { createHash } from 'node:crypto';
import type { Container, Item } from './container';
import { badRequest, CosmosError } from './errors';
import { checkOrder } from './index-policy';
import { keyText, type PartitionKey } from './partition-key';
import { keysOf, planOf } from './query-plan';
import { common, contains, wholeSpan, type Span } from './ranges';
import { compile, type CompiledQuery, type Place, type Progress } from './sql/compile';
import { SqlError } from './sql/lexer';
import { isObject, type Json, type JsonObject, type Value } from './sql/value';
import type { Scope } from './store';

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

/** What a request says about where to look: a key or the prefix of one, a physical partition, a part of the hashes. */
export interface Target {
  key: PartitionKey | undefined;
  rangeId: string | undefined;
  span: Span;
}

export interface Page {
  /** JSON texts: a document goes out as it is stored. */
  rows: string[];
  continuation: string | undefined;
  evaluated: number;
}

interface Position {
  /** Hash of the query: a token belongs to one query. Of an ordered one without its filter, which the SDK changes. */
  of: string;
  /** Streaming queries go on at the item that was created with this LSN. */
  at?: number | undefined;
  /** Ordered queries go on after this place, the others start over. JSON knows no undefined: it is a list of none. */
  after?: Omit<Place, 'keys'> & { keys: Json[][] };
  /** Rows, of this item or of all, that are out already. */
  skip: number;
  /** The part of the hashes that was being read, as it was then: a split in between changes nothing. */
  span?: Span | undefined;
}

interface PageOptions {
  maxItems: number | undefined;
  continuation: string | undefined;
  now: number;
}

export function runQuery(container: Container, spec: QuerySpec, target: Target, options: PageOptions): Page {
  return asked(() => runPage(container, spec, target, options));
}

/** A query over a short list: databases, containers, offers. */
export function runOver(values: readonly JsonObject[], spec: QuerySpec, now: number): JsonObject[] {
  return asked(() => [...compileCached(spec.text).run(values, spec.parameters, now)].filter(isObject));
}

/** How the SDK is to take the query to several physical partitions. */
export function queryPlan({ definition }: Container, { text, parameters }: QuerySpec): JsonObject {
  return asked(() => {
    const query = compileCached(text);
    checkOrder(query, definition.indexing);
    return planOf(query, parameters, definition);
  });
}

function asked<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof SqlError ? badRequest(error.message) : error;
  }
}

function runPage(container: Container, spec: QuerySpec, target: Target, options: PageOptions): Page {
  const query = compileCached(spec.text);
  checkOrder(query, container.definition.indexing);
  const of = createHash('sha256')
    .update(query.ordered ? orderedText(query) : spec.text)
    .update(JSON.stringify([...spec.parameters]))
    .digest('base64url');
  const from = readToken(options.continuation, of);
  const most = options.maxItems !== undefined && options.maxItems > 0 ? options.maxItems : defaultPage;
  const page: Page = { rows: [], continuation: undefined, evaluated: 0 };
  let bytes = 0;

  /** False when the row belongs to the next page. */
  const add = (row: string): boolean => {
    if (page.rows.length >= most || (bytes + row.length > maxPageBytes && page.rows.length > 0)) return false;
    page.rows.push(row);
    bytes += row.length;
    return true;
  };

  // Rows are pulled one by one, so a row belongs to the item that was handed out last.
  let current: { item: Item; span: Span | undefined } | undefined;
  let row = 0;
  let last: Place | undefined;
  const progress: Progress = {
    document: () => current?.item.row.created ?? 0,
    // One more shows that the page is not the last.
    most: most + 1,
    after: from?.after && {
      ...from.after,
      keys: from.after.keys.map(([key]) => key),
      out: from.skip,
    },
  };
  const documents = function* (): Iterable<Json> {
    for (const found of candidates(container, query, spec, target, query.streaming ? from : undefined)) {
      if (query.streaming) row = 0;
      current = found;
      page.evaluated++;
      yield found.item.document;
    }
  };
  for (const value of query.run(documents(), spec.parameters, options.now, progress)) {
    const at = query.streaming ? current?.item.row.created : undefined;
    row++;
    // Not when the item of the token is gone: then the next one has shown nothing yet.
    if (from !== undefined && !query.ordered && row <= from.skip && at === from.at) continue;
    const text = at !== undefined && query.wholeDocuments ? current?.item.row.body : undefined;
    if (!add(text ?? JSON.stringify(value))) {
      if (last) {
        const after = { ...last, keys: last.keys.map((key) => (key === undefined ? [] : [key])) };
        page.continuation = JSON.stringify({ of, skip: (from?.skip ?? 0) + page.rows.length, after });
        return page;
      }
      const span = query.streaming ? current?.span : undefined;
      page.continuation = JSON.stringify({ of, at, skip: row - 1, span });
      return page;
    }
    last = progress.place;
  }
  return page;
}

const orderedText = ({ query: { written, orderBy } }: CompiledQuery): string =>
  JSON.stringify([{ ...written, where: '' }, orderBy.map(({ descending }) => descending)]);

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

/** The items a query can be about at all, in the order in which they are looked at. */
function* candidates(
  container: Container,
  query: CompiledQuery,
  { parameters }: QuerySpec,
  target: Target,
  from: Position | undefined,
): Iterable<{ item: Item; span: Span | undefined }> {
  const after = from?.at === undefined ? 0 : from.at - 1;
  const { paths } = container.definition;
  const span = spanOf(container, target);
  // In a filter, undefined means that nothing is known; in the header it is the key "None".
  const [first, ...others] = target.key
    ? [target.key]
    : (keysOf(query, parameters, container.definition) ?? []);
  if (first !== undefined && others.length === 0) {
    if (first.length < paths.length) {
      for (const item of container.items({ prefix: `${keyText(first).slice(0, -1)},` }, after)) {
        if (contains(span, item.row.epk)) yield { item, span: undefined };
      }
      return;
    }
    const pk = keyText(first);
    if (!contains(span, container.epk(pk))) return;
    const ids = query.allowed(['id'], parameters);
    const scope: Scope = { pk };
    const items =
      ids?.length === 1 && typeof ids[0] === 'string'
        ? [container.get(pk, ids[0])]
        : container.items(scope, after);
    for (const item of items) if (item && item.row.created > after) yield { item, span: undefined };
    return;
  }
  for (const part of parts(container, query, target, span, from?.span)) {
    const start = target.rangeId !== undefined || part === from?.span ? after : 0;
    for (const item of container.items({ span: part }, start)) yield { item, span: part };
  }
}

function spanOf(container: Container, { rangeId, span }: Target): Span {
  if (rangeId === undefined) return span;
  return common(container.range(rangeId), span) ?? { min: wholeSpan.max, max: wholeSpan.max };
}

/**
 * One physical partition, or one after the other. A query that has to put the answers of several together is the
 * SDK's: it is told to fetch the plan.
 */
function parts(
  container: Container,
  query: CompiledQuery,
  { rangeId }: Target,
  span: Span,
  resumed: Span | undefined,
): Span[] {
  if (rangeId !== undefined) return [span];
  const all = container.ranges.flatMap((range) => common(range, span) ?? []);
  if (all.length > 1 && !query.streaming) throw new NeedsPlan();
  if (resumed === undefined) return all;
  return [resumed, ...all.flatMap((part) => common(part, { min: resumed.max, max: wholeSpan.max }) ?? [])];
}

/** The SDK looks for `additionalErrorInfo` in the body. */
export class NeedsPlan extends CosmosError {
  constructor() {
    super(
      400,
      'The query cannot be served by the gateway because it puts the results of several physical partitions together; it needs its query plan.',
      1004,
    );
  }
}
