import { containerResource, databaseResource, type Catalog, type Throughput } from './catalog';
import { CosmosError } from './errors';
import { children } from './item-routes';
import { listOffers, replaceOffer } from './offers';
import { parseSpec, runOver } from './query';
import { isQuery, json, list, unsupported, type Reply, type Request } from './reply';
import type { JsonObject } from './sql/value';

/** Answers any request under an account that `endpoint` leads to. */
export function router(catalog: Catalog, clock: () => number) {
  return (request: Request, endpoint: string): Reply => {
    const { path, caller } = request;
    switch (path[0]) {
      case undefined:
        caller.require('readMetadata', path);
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

/** Databases and containers are for all to see who may read metadata, and for the key alone to change. */
function authorize(request: Request): void {
  const { method, path, caller } = request;
  if (method === 'GET' || isQuery(request)) caller.require('readMetadata', path);
  else caller.requireKey();
}

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
  request.caller.requireKey();
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
  authorize(request);
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
  if (child === undefined) authorize(request);
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
