import type { DataAction } from './access';
import { parseSteps, runBatch, runBulk } from './batch';
import type { ContainerEntry } from './catalog';
import { readFeed } from './change-feed';
import { queryCharge } from './charge';
import { Changes, type Container } from './container';
import { badRequest, CosmosError } from './errors';
import { perform, type OperationType } from './operations';
import { keyOf, keyText, parseKey, type PartitionKey } from './partition-key';
import { parseSpec, queryPlan, runQuery, type QuerySpec } from './query';
import { common, wholeSpan, type Range, type Span } from './ranges';
import { isQuery, list, unsupported, type Reply, type Request } from './reply';
import { isObject } from './sql/value';

/** Everything under a container: items, their queries, batches and changes, and its physical partitions. */
export function children({ state }: ContainerEntry, request: Request, clock: () => number): Reply {
  const { method, path, headers, caller } = request;
  switch (path[4]) {
    case 'docs':
      if (headers['x-ms-documentdb-pre-trigger-include'] ?? headers['x-ms-documentdb-post-trigger-include']) {
        throw badRequest('Triggers are not supported by the local endpoint.');
      }
      if (path[5] !== undefined) return item(state, request);
      if (method === 'GET') return feed(state, request, clock);
      if (method === 'POST') return post(state, request, clock);
      throw unsupported(request);
    case 'pkranges':
      caller.require('readMetadata', path);
      return ranges(state);
    case 'operations':
      if (path[5] !== 'partitionkeydelete') throw unsupported(request);
      return deletePartition(state, request);
    case 'sprocs':
    case 'triggers':
    case 'udfs':
      throw badRequest(
        `Stored procedures, triggers and user-defined functions (${path[4]}) are not supported by the local endpoint.`,
      );
    default:
      throw unsupported(request);
  }
}

function ranges({ rid, ranges: all }: Container): Reply {
  const etag = `"${all.map(({ id }) => id).join()}"`;
  const reply = list(
    'PartitionKeyRanges',
    rid,
    all.map(({ id, min, max, parents }) => ({
      _rid: rid,
      id,
      _etag: etag,
      minInclusive: min,
      maxExclusive: max,
      ridPrefix: Number(id),
      _self: '',
      throughputFraction: 1 / all.length,
      status: 'online',
      parents,
      _ts: 1,
    })),
  );
  return { ...reply, headers: { ...reply.headers, etag } };
}

const text = (value: string | string[] | undefined) => (typeof value === 'string' ? value : undefined);
const isTrue = (value: string | string[] | undefined) => String(value).toLowerCase() === 'true';
const charged = (charge: number) => ({ 'x-ms-request-charge': String(charge) });

function keyHeader({ headers }: Request): PartitionKey | undefined {
  const key = text(headers['x-ms-documentdb-partitionkey']);
  return key === undefined ? undefined : parseKey(key);
}

function requiredKey(request: Request): PartitionKey {
  const key = keyHeader(request);
  if (key === undefined) throw badRequest('PartitionKey value must be supplied for this operation.');
  return key;
}

/** A part of the hash range, as the SDK asks for the prefix of a hierarchical key or a part of a feed range. */
function spanHeaders({ headers }: Request): Span {
  const [min, max] = [text(headers['x-ms-start-epk']), text(headers['x-ms-end-epk'])];
  return { min: min ?? wholeSpan.min, max: max ?? wholeSpan.max };
}

/** A session token says what its holder has seen; what was never committed here cannot be waited for. */
function checkSession(container: Container, { headers }: Request): void {
  for (const part of String(headers['x-ms-session-token'] ?? '').split(',')) {
    const lsn = Number(/#(\d+)/.exec(part)?.[1] ?? 0);
    if (lsn > container.lsn) {
      throw new CosmosError(404, 'The read session is not available for the input session token.', 1002);
    }
  }
}

const methods: Record<string, [OperationType, DataAction]> = {
  GET: ['Read', 'items/read'],
  PUT: ['Replace', 'items/replace'],
  DELETE: ['Delete', 'items/delete'],
  // A patch is a partial replace; there is no action of its own.
  PATCH: ['Patch', 'items/replace'],
};

const actionOf: Record<OperationType, DataAction> = {
  Create: 'items/create',
  Upsert: 'items/upsert',
  Read: 'items/read',
  Replace: 'items/replace',
  Delete: 'items/delete',
  Patch: 'items/replace',
};

function item(container: Container, request: Request): Reply {
  const found = methods[request.method];
  if (found === undefined) throw unsupported(request);
  const [type, action] = found;
  request.caller.require(action, request.path);
  if (type === 'Read') checkSession(container, request);
  return perItem(container, requiredKey(request), type, request);
}

function perItem(container: Container, key: PartitionKey, type: OperationType, request: Request): Reply {
  const { headers, body, path } = request;
  const changes = new Changes(container, keyText(key));
  const outcome = perform(changes, {
    type,
    id: path[5],
    body,
    ifMatch: headers['if-match'],
    ifNoneMatch: headers['if-none-match'],
  });
  if (outcome.written) container.apply(changes);
  const reply = {
    status: outcome.status,
    headers: { ...charged(outcome.charge), ...(outcome.item && { etag: outcome.item.etag }) },
    ranges: [container.rangeOf(changes.pk)],
  };
  return outcome.item === undefined || outcome.status === 304
    ? reply
    : { ...reply, body: outcome.item.row.body };
}

function post(container: Container, request: Request, clock: () => number): Reply {
  const { headers, body, caller, path } = request;
  if (headers['x-ms-cosmos-is-query-plan-request'] !== undefined) {
    caller.require('executeQuery', path);
    return { status: 200, body: JSON.stringify(queryPlan(container, parseSpec(body))) };
  }
  if (isQuery(request)) return query(container, request, parseSpec(body), clock);
  if (headers['x-ms-cosmos-is-batch-request'] !== undefined) return batch(container, request);
  const type = isTrue(headers['x-ms-documentdb-is-upsert']) ? 'Upsert' : 'Create';
  caller.require(actionOf[type], path);
  const own = () => keyOf(isObject(body) ? body : {}, container.definition.paths);
  return perItem(container, keyHeader(request) ?? own(), type, request);
}

function batch(container: Container, request: Request): Reply {
  const { headers, body, bytes, caller, path } = request;
  const minimal = headers.prefer === 'return=minimal';
  const steps = parseSteps(body);
  for (const { type } of steps) caller.require(actionOf[type], path);
  const rangeId = text(headers['x-ms-documentdb-partitionkeyrangeid']);
  const range = rangeId === undefined ? undefined : container.range(rangeId);
  const key = isTrue(headers['x-ms-cosmos-batch-atomic']) ? keyText(requiredKey(request)) : undefined;
  const result =
    key === undefined
      ? runBulk(container, steps, range, isTrue(headers['x-ms-cosmos-batch-continue-on-error']), minimal)
      : runBatch(container, key, steps, bytes, minimal);
  const about = key === undefined ? range : container.rangeOf(key);
  return {
    status: result.status,
    body: result.body,
    headers: charged(result.charge),
    ...(about && { ranges: [about] }),
  };
}

/** The physical partitions that a query or feed is about. */
function rangesOf(container: Container, request: Request): Range[] {
  const id = text(request.headers['x-ms-documentdb-partitionkeyrangeid']);
  if (id !== undefined) return [container.range(id)];
  const key = keyHeader(request);
  return key?.length === container.definition.paths.length
    ? [container.rangeOf(keyText(key))]
    : container.ranges;
}

function query(container: Container, request: Request, spec: QuerySpec, clock: () => number): Reply {
  const { headers, caller, path } = request;
  caller.require('executeQuery', path);
  checkSession(container, request);
  const target = {
    key: keyHeader(request),
    rangeId: text(headers['x-ms-documentdb-partitionkeyrangeid']),
    span: spanHeaders(request),
  };
  const page = runQuery(container, spec, target, {
    maxItems: Number(headers['x-ms-max-item-count']) || undefined,
    continuation: text(headers['x-ms-continuation']) || undefined,
    now: clock(),
  });
  const body = rows(container, page.rows);
  return {
    status: 200,
    body,
    headers: {
      'x-ms-item-count': String(page.rows.length),
      ...charged(queryCharge(page.evaluated, body.length)),
      ...(page.continuation !== undefined && { 'x-ms-continuation': page.continuation }),
    },
    ranges: rangesOf(container, request),
  };
}

const rows = ({ rid }: Container, texts: readonly string[]) =>
  `{"_rid":"${rid}","Documents":[${texts.join()}],"_count":${texts.length}}`;

/** The change feed, or all items where no `A-IM` asks for it. */
function feed(container: Container, request: Request, clock: () => number): Reply {
  const { headers, caller, path } = request;
  if (headers['a-im'] === undefined) {
    return query(container, request, { text: 'SELECT * FROM c', parameters: new Map() }, clock);
  }
  caller.require('readChangeFeed', path);
  const key = keyHeader(request);
  if (key !== undefined && key.length < container.definition.paths.length) {
    throw badRequest(
      'The change feed of a prefix of a hierarchical key is read by its part of the hash range.',
    );
  }
  const about = rangesOf(container, request);
  const [first] = about;
  const given = spanHeaders(request);
  const span = about.length === 1 && first !== undefined ? common(first, given) : given;
  const nothing = { min: wholeSpan.max, max: wholeSpan.max };
  const page = readFeed(container, key && keyText(key), span ?? nothing, headers);
  const shared = { etag: `"${page.next}"`, 'x-ms-item-count': String(page.rows.length) };
  if (page.rows.length === 0) {
    return { status: 304, headers: { ...shared, ...charged(1) }, ranges: about };
  }
  const body = rows(container, page.rows);
  return {
    status: 200,
    body,
    headers: { ...shared, ...charged(queryCharge(page.rows.length, body.length)) },
    ranges: about,
  };
}

function deletePartition(container: Container, request: Request): Reply {
  request.caller.require('items/delete', request.path);
  const changes = new Changes(container, keyText(requiredKey(request)));
  for (const { row } of container.items({ pk: changes.pk })) changes.remove(row.id);
  container.apply(changes);
  return { status: 200 };
}
