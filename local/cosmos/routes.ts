import type { IncomingHttpHeaders } from 'node:http';
import { runBatch, runBulk } from './batch';
import {
  containerResource,
  databaseResource,
  type Catalog,
  type ContainerEntry,
  type Throughput,
} from './catalog';
import { readFeed } from './change-feed';
import { queryCharge, readCharge, writeCharge } from './charge';
import { Changes, type Container } from './container';
import { badRequest, CosmosError } from './errors';
import { listOffers, replaceOffer } from './offers';
import { perform, type OperationType } from './operations';
import { keyOf, keyText, parseKey, type PartitionKey } from './partition-key';
import { parseSpec, queryPlan, runOver, runQuery, type QuerySpec } from './query';
import { isObject, type Json, type JsonObject } from './sql/value';

export interface Request {
  method: string;
  /** The decoded segments of the path. */
  path: readonly string[];
  headers: IncomingHttpHeaders;
  /** Parsed JSON. */
  body: unknown;
  bytes: number;
}

export interface Reply {
  status: number;
  /** JSON text. */
  body?: string;
  headers?: Record<string, string>;
  /** The container whose session token goes out. */
  container?: ContainerEntry;
}

/** Answers any request under an account that `endpoint` leads to. */
export function router(catalog: Catalog, clock: () => number) {
  return (request: Request, endpoint: string): Reply => {
    const { path } = request;
    switch (path[0]) {
      case undefined:
        return json(200, account(endpoint));
      case 'offers':
        return offers(catalog, request, clock);
      case 'dbs':
        return path.length < 3 ? databases(catalog, request, clock) : containers(catalog, request, clock);
      default:
        throw unsupported(request);
    }
  };
}

const json = (status: number, value: JsonObject): Reply => ({
  status,
  body: JSON.stringify(value),
  ...(typeof value['_etag'] === 'string' && { headers: { etag: value['_etag'] } }),
});

const list = (name: string, rid: string, values: readonly Json[]): Reply => ({
  ...json(200, { _rid: rid, [name]: [...values], _count: values.length }),
  headers: { 'x-ms-item-count': String(values.length) },
});

const unsupported = ({ method, path }: Request) =>
  new CosmosError(
    path.length > 4 ? 400 : 405,
    `${method} on '${path.filter((_, i) => i % 2 === 0).join('/')}' is not supported by the local endpoint.`,
  );

function account(endpoint: string): JsonObject {
  const here = [{ name: 'Local', databaseAccountEndpoint: endpoint }];
  return {
    _self: '',
    id: 'local',
    _rid: 'local',
    media: '//media/',
    addresses: '//addresses/',
    _dbs: '//dbs/',
    writableLocations: here,
    readableLocations: here,
    enableMultipleWriteLocations: false,
    userReplicationPolicy: { asyncReplication: false, minReplicaSetSize: 1, maxReplicasetSize: 1 },
    userConsistencyPolicy: { defaultConsistencyLevel: 'Session' },
    systemReplicationPolicy: { minReplicaSetSize: 1, maxReplicasetSize: 1 },
    readPolicy: { primaryReadCoefficient: 1, secondaryReadCoefficient: 1 },
    queryEngineConfiguration: '{"maxSqlQueryInputLength":262144}',
  };
}

const isQuery = ({ headers }: Request) =>
  headers['x-ms-documentdb-isquery'] !== undefined || headers['content-type'] === 'application/query+json';

function select(request: Request, values: readonly JsonObject[], clock: () => number): JsonObject[] {
  if (!isQuery(request)) return [...values];
  return runOver(values, parseSpec(request.body), clock());
}

function throughputOf({ headers }: Request): Throughput | undefined {
  const fixed = headers['x-ms-offer-throughput'];
  const autoscale = headers['x-ms-cosmos-offer-autopilot-settings'];
  if (typeof fixed === 'string') return { offerThroughput: Number(fixed) };
  if (typeof autoscale !== 'string') return undefined;
  return { offerAutopilotSettings: JSON.parse(autoscale) as { maxThroughput: number } };
}

function offers(catalog: Catalog, request: Request, clock: () => number): Reply {
  const all = listOffers(catalog);
  const [, id] = request.path;
  if (id === undefined) return list('Offers', '', select(request, all, clock));
  if (request.method === 'PUT') replaceOffer(catalog, id, request.body);
  const found = listOffers(catalog).find((offer) => String(offer['id']).toLowerCase() === id.toLowerCase());
  if (found === undefined) throw new CosmosError(404, 'The offer does not exist.');
  return json(200, found);
}

function databases(catalog: Catalog, request: Request, clock: () => number): Reply {
  const [, id] = request.path;
  if (id === undefined) {
    if (request.method === 'POST' && !isQuery(request)) {
      return json(201, databaseResource(catalog.createDatabase(request.body, throughputOf(request))));
    }
    const all = [...catalog.databases.values()].map(databaseResource);
    return list('Databases', '', select(request, all, clock));
  }
  const database = catalog.database(id);
  switch (request.method) {
    case 'GET':
      return json(200, databaseResource(database));
    case 'DELETE':
      catalog.remove(database.row);
      return { status: 204 };
    default:
      throw unsupported(request);
  }
}

function containers(catalog: Catalog, request: Request, clock: () => number): Reply {
  const { method, path, headers } = request;
  const [, databaseId, kind, id, child] = path;
  if (kind !== 'colls') throw unsupported(request);
  const database = catalog.database(databaseId);
  if (id === undefined) {
    if (method === 'POST' && !isQuery(request)) {
      const entry = catalog.createContainer(database, request.body, throughputOf(request));
      return json(201, containerResource(entry));
    }
    const all = [...database.containers.values()].map(containerResource);
    return list('DocumentCollections', '', select(request, all, clock));
  }
  const container = catalog.container(databaseId, id);
  if (child !== undefined) return { ...children(container, request, clock), container };
  switch (method) {
    case 'GET':
      return { ...json(200, containerResource(container)), container };
    case 'PUT':
      catalog.replaceContainer(container, request.body, headers['if-match']);
      return json(200, containerResource(container));
    case 'DELETE':
      catalog.remove(container.row);
      return { status: 204 };
    default:
      throw unsupported(request);
  }
}

function children(entry: ContainerEntry, request: Request, clock: () => number): Reply {
  const { method, path } = request;
  const { state } = entry;
  switch (path[4]) {
    case 'docs':
      if (path[5] !== undefined) return item(state, request);
      if (method === 'GET') return feed(state, request, clock);
      if (method === 'POST') return post(state, request, clock);
      throw unsupported(request);
    case 'pkranges':
      return ranges(state);
    case 'operations':
      if (path[5] !== 'partitionkeydelete') throw unsupported(request);
      return deletePartition(state, request);
    default:
      throw unsupported(request);
  }
}

/** One physical partition: the SDK then leaves all the work of a query to the server. */
function ranges(container: Container): Reply {
  const range = {
    _rid: container.rid,
    id: '0',
    _etag: '"0"',
    minInclusive: '',
    maxExclusive: 'FF',
    ridPrefix: 0,
    _self: '',
    throughputFraction: 1,
    status: 'online',
    parents: [],
    _ts: 1,
  };
  const reply = list('PartitionKeyRanges', container.rid, [range]);
  return { ...reply, headers: { ...reply.headers, etag: '"0"' } };
}

function keyHeader({ headers }: Request): PartitionKey | undefined {
  const text = headers['x-ms-documentdb-partitionkey'];
  return typeof text === 'string' ? parseKey(text) : undefined;
}

function requiredKey(request: Request): PartitionKey {
  const key = keyHeader(request);
  if (key === undefined) throw badRequest('PartitionKey value must be supplied for this operation.');
  return key;
}

const charged = (charge: number) => ({ 'x-ms-request-charge': String(charge) });

const methods: Record<string, OperationType> = {
  GET: 'Read',
  PUT: 'Replace',
  DELETE: 'Delete',
  PATCH: 'Patch',
};

function item(container: Container, request: Request): Reply {
  const type = methods[request.method];
  if (type === undefined) throw unsupported(request);
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
  const size = outcome.item?.row.body.length ?? 0;
  const reply = {
    status: outcome.status,
    headers: {
      ...charged(outcome.written ? writeCharge(size) : readCharge(size)),
      ...(outcome.item && { etag: outcome.item.etag }),
    },
  };
  return outcome.item === undefined || outcome.status === 304
    ? reply
    : { ...reply, body: outcome.item.row.body };
}

const isTrue = (value: string | string[] | undefined) => String(value).toLowerCase() === 'true';

function post(container: Container, request: Request, clock: () => number): Reply {
  const { headers, body, bytes } = request;
  if (headers['x-ms-cosmos-is-query-plan-request'] !== undefined) {
    return { status: 200, body: JSON.stringify(queryPlan(parseSpec(body))) };
  }
  if (isQuery(request)) {
    return query(container, request, parseSpec(body), clock);
  }
  if (headers['x-ms-cosmos-is-batch-request'] !== undefined) {
    const minimal = headers.prefer === 'return=minimal';
    const result = isTrue(headers['x-ms-cosmos-batch-atomic'])
      ? runBatch(container, keyText(requiredKey(request)), body, bytes, minimal)
      : runBulk(container, body, isTrue(headers['x-ms-cosmos-batch-continue-on-error']), minimal);
    return { status: result.status, body: result.body, headers: charged(result.charge) };
  }
  const type = isTrue(headers['x-ms-documentdb-is-upsert']) ? 'Upsert' : 'Create';
  const own = () => keyOf(isObject(body) ? body : {}, container.definition.paths);
  return perItem(container, keyHeader(request) ?? own(), type, request);
}

function query(container: Container, request: Request, spec: QuerySpec, clock: () => number): Reply {
  const { headers } = request;
  const continuation = headers['x-ms-continuation'];
  const page = runQuery(container, spec, keyHeader(request), {
    maxItems: Number(headers['x-ms-max-item-count']) || undefined,
    continuation: typeof continuation === 'string' && continuation !== '' ? continuation : undefined,
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
  };
}

const rows = ({ rid }: Container, texts: readonly string[]) =>
  `{"_rid":"${rid}","Documents":[${texts.join()}],"_count":${texts.length}}`;

/** The change feed, or all items where no `A-IM` asks for it. */
function feed(container: Container, request: Request, clock: () => number): Reply {
  const { headers } = request;
  if (headers['a-im'] === undefined)
    return query(container, request, { text: 'SELECT * FROM c', parameters: new Map() }, clock);
  const key = keyHeader(request);
  if (key !== undefined && key.length < container.definition.paths.length) {
    throw badRequest('A change feed over the prefix of a hierarchical key is not supported.');
  }
  const page = readFeed(container, key && keyText(key), headers);
  const common = { etag: `"${page.next}"`, 'x-ms-item-count': String(page.rows.length) };
  if (page.rows.length === 0) return { status: 304, headers: { ...common, ...charged(1) } };
  const body = rows(container, page.rows);
  return {
    status: 200,
    body,
    headers: { ...common, ...charged(queryCharge(page.rows.length, body.length)) },
  };
}

function deletePartition(container: Container, request: Request): Reply {
  const changes = new Changes(container, keyText(requiredKey(request)));
  for (const { row } of container.items(changes.pk)) changes.remove(row.id);
  container.apply(changes);
  return { status: 200 };
}
