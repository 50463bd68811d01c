import { Commits } from './commits';
import { Container } from './container';
import { definitionOf } from './definition';
import { DocumentCache } from './document-cache';
import { badRequest, conflict, CosmosError, notFound } from './errors';
import { checkId, isTtl } from './operations';
import { equalRanges } from './ranges';
import { containerRid, databaseRid, etagOf } from './rid';
import { canonical } from './sql/order';
import { isObject, type Json, type JsonObject } from './sql/value';
import type { ResourceRow, Store } from './store';

export interface Database {
  row: ResourceRow;
  containers: Map<string, ContainerEntry>;
}

export interface ContainerEntry {
  row: ResourceRow;
  database: Database;
  state: Container;
  /** Where it is, by names. */
  contentPath: string;
}

/** Throughput is kept and answered, never enforced. */
export interface Throughput {
  offerThroughput?: number;
  offerAutopilotSettings?: { maxThroughput: number };
}

interface Properties {
  definition: JsonObject;
  throughput?: Throughput;
}

export const propertiesOf = (row: ResourceRow) => JSON.parse(row.properties) as Properties;

/** The databases and containers of the account. Their changes are on disk when a method returns. */
export class Catalog {
  readonly databases = new Map<string, Database>();
  readonly commits: Commits;
  private readonly cache = new DocumentCache();

  constructor(
    private readonly store: Store,
    private readonly clock: () => number,
    /** Physical partitions of a container that is created from now on. */
    private readonly partitions = 1,
  ) {
    this.commits = new Commits(
      () => store.commit(),
      () => {
        store.rollback();
        this.cache.clear();
        for (const { state } of this.containers()) state.forget();
      },
    );
    const byNumber = new Map<number, Database>();
    for (const row of store.resources()) {
      const parent = byNumber.get(row.parent);
      if (row.parent === 0) {
        const database = { row, containers: new Map<string, ContainerEntry>() };
        byNumber.set(row.number, database);
        this.databases.set(row.id, database);
      } else if (parent !== undefined) parent.containers.set(row.id, this.open(parent, row));
    }
  }

  containers(): ContainerEntry[] {
    return [...this.databases.values()].flatMap((database) => [...database.containers.values()]);
  }

  sweep(): void {
    for (const { state } of this.containers()) state.sweep();
  }

  database(id: string | undefined): Database {
    const found = this.databases.get(id ?? '');
    if (found === undefined) throw notFound(`The database '${id}'`);
    return found;
  }

  container(database: string | undefined, id: string | undefined): ContainerEntry {
    const found = this.database(database).containers.get(id ?? '');
    if (found === undefined) throw notFound(`The container '${id}'`);
    return found;
  }

  createDatabase(body: unknown, throughput: Throughput | undefined): Database {
    const { id } = (isObject(body) ? body : {}) as { id?: unknown };
    checkId(id);
    if (this.databases.has(id)) throw conflict(`The database '${id}' already exists.`);
    const row = this.add(0, id, { definition: { id }, ...(throughput && { throughput }) });
    const database = { row, containers: new Map<string, ContainerEntry>() };
    this.databases.set(id, database);
    return database;
  }

  createContainer(database: Database, body: unknown, throughput: Throughput | undefined): ContainerEntry {
    const definition = checkDefinition(body);
    const { id } = definition;
    checkId(id);
    if (database.containers.has(id)) throw conflict(`The container '${id}' already exists.`);
    const row = this.add(database.row.number, id, { definition, ...(throughput && { throughput }) });
    const entry = this.open(database, row);
    database.containers.set(id, entry);
    return entry;
  }

  replaceContainer(entry: ContainerEntry, body: unknown, ifMatch: string | undefined): void {
    if (ifMatch !== undefined && ifMatch !== etagOf(entry.row.number, entry.row.version)) {
      throw new CosmosError(
        412,
        'The container has changed: its ETag is not the one of the If-Match condition.',
      );
    }
    const definition = checkDefinition(body);
    const { definition: before, throughput } = propertiesOf(entry.row);
    for (const name of ['id', 'partitionKey', 'uniqueKeyPolicy'] as const) {
      if (name in definition && !sameJson(name, definition, before)) {
        throw badRequest(`The '${name}' of a container cannot be changed.`);
      }
    }
    this.update(entry.row, { definition, ...(throughput && { throughput }) });
    entry.state.definition = definitionOf(entry.database.row.number, entry.row.number, definition);
  }

  setThroughput(row: ResourceRow, throughput: Throughput): void {
    this.update(row, { ...propertiesOf(row), throughput });
  }

  remove(row: ResourceRow): void {
    this.commits.flush();
    this.store.removeResource(row.number);
    if (row.parent === 0) this.databases.delete(row.id);
    else
      for (const database of this.databases.values()) {
        if (database.row.number === row.parent) database.containers.delete(row.id);
      }
  }

  private open(database: Database, row: ResourceRow): ContainerEntry {
    const definition = definitionOf(row.parent, row.number, propertiesOf(row).definition);
    const state = new Container(definition, this.store, this.commits, this.cache, this.clock);
    const contentPath = `dbs/${encodeURIComponent(database.row.id)}/colls/${encodeURIComponent(row.id)}`;
    return { row, database, state, contentPath };
  }

  private add(parent: number, id: string, properties: Properties): ResourceRow {
    const row = { parent, id, version: 1, ts: this.seconds(), properties: JSON.stringify(properties) };
    this.commits.flush();
    const ranges = parent === 0 ? undefined : equalRanges(this.partitions);
    return { ...row, number: this.store.addResource(row, ranges) };
  }

  private update(row: ResourceRow, properties: Properties): void {
    row.version++;
    row.ts = this.seconds();
    row.properties = JSON.stringify(properties);
    this.commits.flush();
    this.store.updateResource(row);
  }

  private seconds(): number {
    return Math.floor(this.clock() / 1000);
  }
}

/** A database as clients see it. */
export function databaseResource({ row }: Database): JsonObject {
  const rid = databaseRid(row.number);
  return {
    ...propertiesOf(row).definition,
    _rid: rid,
    _self: `dbs/${rid}/`,
    _etag: etagOf(row.number, row.version),
    _ts: row.ts,
    _colls: 'colls/',
    _users: 'users/',
  };
}

/** A container as clients see it. */
export function containerResource({ row }: ContainerEntry): JsonObject {
  const rid = containerRid(row.parent, row.number);
  return {
    ...propertiesOf(row).definition,
    _rid: rid,
    _self: `dbs/${databaseRid(row.parent)}/colls/${rid}/`,
    _etag: etagOf(row.number, row.version),
    _ts: row.ts,
    _docs: 'docs/',
    _sprocs: 'sprocs/',
    _triggers: 'triggers/',
    _udfs: 'udfs/',
    _conflicts: 'conflicts/',
  };
}

const defaults = {
  indexingPolicy: {
    indexingMode: 'consistent',
    automatic: true,
    includedPaths: [{ path: '/*' }],
    excludedPaths: [{ path: '/"_etag"/?' }],
  },
  conflictResolutionPolicy: {
    mode: 'LastWriterWins',
    conflictResolutionPath: '/_ts',
    conflictResolutionProcedure: '',
  },
};

function checkDefinition(body: unknown): JsonObject {
  if (!isObject(body)) throw badRequest('The definition of a container must be a JSON object.');
  const definition = Object.fromEntries(Object.entries(body).filter(([name]) => !name.startsWith('_')));
  const { partitionKey, defaultTtl } = definition;
  const { paths, kind, version } = (isObject(partitionKey) ? partitionKey : {}) as Record<string, unknown>;
  if (!Array.isArray(paths) || paths.length === 0 || paths.length > 3) {
    throw badRequest('A container needs a partition key of one to three paths.');
  }
  if (!paths.every((path) => typeof path === 'string' && path.startsWith('/'))) {
    throw badRequest("Each path of a partition key must begin with '/'.");
  }
  const wantedKind = paths.length === 1 ? 'Hash' : 'MultiHash';
  if ((kind ?? 'Hash') !== wantedKind && kind !== 'MultiHash') {
    throw badRequest(`A partition key of ${paths.length} paths needs the kind '${wantedKind}'.`);
  }
  if (version !== undefined && version !== 2) {
    throw badRequest('Partition keys of version 1 are not supported by the local endpoint; use version 2.');
  }
  if (defaultTtl !== undefined && defaultTtl !== null && !isTtl(defaultTtl)) {
    throw badRequest("'defaultTtl' must be -1 or a positive whole number of seconds.");
  }
  for (const name of [
    'computedProperties',
    'vectorEmbeddingPolicy',
    'fullTextPolicy',
    'analyticalStorageTtl',
  ]) {
    if (definition[name] !== undefined) {
      throw badRequest(`'${name}' of a container is not supported by the local endpoint.`);
    }
  }
  checkVersions(definition['changeFeedPolicy']);
  // The service of today hashes by version 2; a client that reads no version from it would hash by version 1.
  const key = { paths: paths as string[], kind: typeof kind === 'string' ? kind : wantedKind, version: 2 };
  const indexingPolicy = {
    ...defaults.indexingPolicy,
    ...(definition['indexingPolicy'] as JsonObject | undefined),
  };
  return { ...structuredClone(defaults), ...definition, indexingPolicy, partitionKey: key };
}

/** Minutes for which the feed of all versions and deletes goes back. */
function checkVersions(policy: Json | undefined): void {
  const minutes = isObject(policy) ? (policy['retentionDuration'] ?? 0) : 0;
  if (typeof minutes !== 'number' || !Number.isInteger(minutes) || minutes < 0) {
    throw badRequest("'retentionDuration' of a change feed policy must be a whole number of minutes.");
  }
}

/** Only what decides where items are and which may exist; the SDK adds defaults to the rest. */
function sameJson(name: string, a: JsonObject, b: JsonObject): boolean {
  const relevant = (definition: JsonObject) => {
    const value = definition[name];
    if (!isObject(value)) return value ?? null;
    return value['paths'] ?? value['uniqueKeys'] ?? null;
  };
  return canonical(relevant(a)) === canonical(relevant(b));
}
