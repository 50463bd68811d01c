import {
  ChangeFeedStartFrom,
  ErrorResponse,
  type Container,
  type FeedRange,
  type JSONObject,
} from '@azure/cosmos';
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BindingOptions } from '../binding-options';
import { cosmosClient } from '../clients';
import { connectionKey, type Connection } from '../connections';
import type { HostContext } from '../context';
import { HostError, messageOf } from '../errors';
import type { HostedFunction } from '../invoker';
import type { RetryOptions } from '../protocol';
import { runWithRetry } from '../retry';
import { BY_HAND, type Listener, type TriggeredFunction } from './trigger';

interface CosmosDbOptions {
  connection: Connection;
  database: string;
  container: string;
  leaseConnection: Connection;
  leaseDatabase: string;
  leaseContainer: string;
  leasePrefix: string;
  createLeaseContainer: boolean;
  maxItems: number;
  startFromBeginning: boolean;
  startFromTime: Date | undefined;
  pollDelayMs: number;
}

type CosmosDbFunction = HostedFunction & CosmosDbOptions & { retry?: RetryOptions };

interface Lease extends JSONObject {
  id: string;
  ContinuationToken: string | null;
  timestamp: string;
}

const AFTER_ERROR_MS = 2_000;
const isStatus = (error: unknown, code: number): boolean =>
  error instanceof ErrorResponse && error.code === code;

export async function openCosmosDb(
  functions: readonly TriggeredFunction[],
  host: HostContext,
): Promise<readonly Listener[]> {
  const read = functions.map(({ options, ...fn }) => ({ ...fn, ...readOptions(options) }));
  refuseSharedLeases(read);
  return Promise.all(read.map((fn) => cosmosDbListener(fn, host)));
}

function readOptions(options: BindingOptions): CosmosDbOptions {
  const connection = options.connection('cosmosDb', 'CosmosDB');
  const database = options.required('databaseName');
  const container = options.required('containerName');
  const leaseDatabase = options.text('leaseDatabaseName') ?? database;
  const leaseContainer = options.text('leaseContainerName') ?? 'leases';
  const leaseConnection = options.text('leaseConnection')
    ? options.connection('cosmosDb', '', 'leaseConnection')
    : connection;
  if (
    leaseContainer === container &&
    leaseDatabase === database &&
    connectionKey(leaseConnection) === connectionKey(connection)
  ) {
    throw new HostError(
      `${options.where}: the lease container must differ from the watched container ${database}/${container}.`,
    );
  }
  const startFromBeginning = options.flag('startFromBeginning', false);
  const time = options.text('startFromTime');
  if (time && startFromBeginning)
    throw new HostError(`${options.where} has both startFromBeginning and startFromTime; choose one.`);
  if (time && Number.isNaN(Date.parse(time)))
    throw new HostError(`${options.where}: startFromTime "${time}" is not a date.`);
  const delay = options.number('feedPollDelay');
  return {
    connection,
    database,
    container,
    leaseConnection,
    leaseDatabase,
    leaseContainer,
    leasePrefix: options.text('leaseContainerPrefix') ?? '',
    createLeaseContainer: options.flag('createLeaseContainerIfNotExists', false),
    // The change feed processor's default.
    maxItems: options.number('maxItemsPerInvocation') ?? 100,
    startFromBeginning,
    startFromTime: time ? new Date(time) : undefined,
    pollDelayMs: delay !== undefined && delay > 0 ? delay : 5_000,
  };
}

/** In Azure two such functions would silently take each other's changes. */
function refuseSharedLeases(functions: readonly CosmosDbFunction[]): void {
  const owners = new Map<string, string>();
  for (const fn of functions) {
    const key = [
      connectionKey(fn.connection),
      fn.database,
      fn.container,
      connectionKey(fn.leaseConnection),
      fn.leaseDatabase,
      fn.leaseContainer,
      fn.leasePrefix,
    ].join('\n');
    const other = owners.get(key);
    if (other) {
      throw new HostError(
        `Functions ${other} and ${fn.name} watch ${fn.database}/${fn.container} with the same leases, so each would miss changes; give one a leaseContainerPrefix.`,
      );
    }
    owners.set(key, fn.name);
  }
}

/**
 * The change feed in the pull model: latest version, at least once, one reader and one lease document per feed range.
 * Leases are not shared out between hosts: one host per lease container and prefix.
 */
async function cosmosDbListener(
  fn: CosmosDbFunction,
  { settings, invoker, log }: HostContext,
): Promise<Listener> {
  const { cosmosUserAgentSuffix: userAgentSuffix } = settings;
  const clientOptions = userAgentSuffix ? { userAgentSuffix } : {};
  const client = cosmosClient(fn.connection, clientOptions);
  const leaseClient =
    fn.leaseConnection === fn.connection ? client : cosmosClient(fn.leaseConnection, clientOptions);
  const monitored = client.database(fn.database).container(fn.container);
  let stopping = new AbortController();
  let readers: Promise<void>[] = [];

  const readRange = async (leases: Container, range: FeedRange, leaseId: string): Promise<void> => {
    const { signal } = stopping;
    let lastError = '';
    while (!signal.aborted) {
      try {
        await follow(leases, range, leaseId, signal);
      } catch (error) {
        // The service is away or throttles: the stored continuation is where reading goes on.
        if (messageOf(error) !== lastError) log(`Cosmos DB trigger of ${fn.name}: ${messageOf(error)}`);
        lastError = messageOf(error);
        await pause(AFTER_ERROR_MS, signal);
      }
    }
  };

  const follow = async (
    leases: Container,
    range: FeedRange,
    leaseId: string,
    signal: AbortSignal,
  ): Promise<void> => {
    let lease = await readLease(leases, leaseId);
    const feed = monitored.items.getChangeFeedIterator<JSONObject>({
      maxItemCount: fn.maxItems,
      changeFeedStartFrom: startFrom(lease.token, range),
    });
    while (!signal.aborted) {
      const page = await feed.readNext();
      if (signal.aborted) return;
      if (page.statusCode === 304 || !page.result?.length) {
        // Stored before the first change arrives, so that "from now" means from the very first start.
        if (!lease.token) lease = await writeLease(leases, leaseId, page.continuationToken, lease.etag);
        await pause(fn.pollDelayMs, signal);
        continue;
      }
      const documents = page.result;
      const outcome = await runWithRetry(
        invoker,
        fn,
        {
          input: { string: JSON.stringify(documents) },
          metadata: {},
          reason: `New changes on container ${fn.container}; ${documents.length} document(s)`,
        },
        signal,
      );
      // The host's own end is no fault of the batch: the next start reads it again.
      if (outcome === 'stopped' || (outcome === 'failed' && signal.aborted)) return;
      // A failed batch is checkpointed too: without a retry policy, or with an exhausted one, it is gone, as in Azure.
      lease = await writeLease(leases, leaseId, page.continuationToken, lease.etag);
    }
  };

  const startFrom = (token: string | null, range: FeedRange): ChangeFeedStartFrom => {
    if (token) return ChangeFeedStartFrom.Continuation(token);
    if (fn.startFromBeginning) return ChangeFeedStartFrom.Beginning(range);
    return fn.startFromTime
      ? ChangeFeedStartFrom.Time(fn.startFromTime, range)
      : ChangeFeedStartFrom.Now(range);
  };

  const openLeases = async (): Promise<Container> => {
    const database = leaseClient.database(fn.leaseDatabase);
    const place = `${fn.leaseDatabase}/${fn.leaseContainer}`;
    try {
      if (fn.createLeaseContainer) {
        await database.containers
          .createIfNotExists({ id: fn.leaseContainer, partitionKey: { paths: ['/id'] } })
          .catch((error: unknown) => {
            // Another function with the same lease container was quicker.
            if (!isStatus(error, 409)) throw error;
          });
      }
      const { resource } = await database.container(fn.leaseContainer).read();
      if (resource?.partitionKey?.paths[0] !== '/id') {
        throw new HostError(
          `Function ${fn.name}: the lease container ${place} must have the partition key /id.`,
        );
      }
    } catch (error) {
      if (!isStatus(error, 404)) throw error;
      throw new HostError(
        `Function ${fn.name}: the lease container ${place} does not exist; create it or set createLeaseContainerIfNotExists.`,
      );
    }
    return database.container(fn.leaseContainer);
  };

  return {
    async start() {
      stopping = new AbortController();
      try {
        const { resource } = await monitored.read();
        const leases = await openLeases();
        const ranges = await monitored.getFeedRanges();
        // The container's _rid tells a container from one created later under the same name.
        const base = `${fn.leasePrefix}${fn.database}.${fn.container}.${resource?._rid ?? ''}`;
        readers = ranges.map((range) => readRange(leases, range, leaseIdOf(base, range)));
      } catch (error) {
        if (error instanceof HostError) throw error;
        if (isStatus(error, 404)) {
          throw new HostError(
            `Function ${fn.name}: the container ${fn.database}/${fn.container} does not exist; create it first.`,
          );
        }
        throw new HostError(`Function ${fn.name}: Cosmos DB cannot be used: ${messageOf(error)}`);
      }
    },
    async stop() {
      // A running invocation goes on to its checkpoint; nothing new is read.
      stopping.abort();
    },
    async close() {
      await Promise.all(readers);
      client.dispose();
      if (leaseClient !== client) leaseClient.dispose();
    },
    manual: { fn, event: (input) => ({ input: { string: input }, metadata: {}, reason: BY_HAND }) },
  };
}

/** Document ids take neither slashes nor quotes, which a range's text holds. */
const leaseIdOf = (base: string, range: FeedRange): string =>
  `${base}..${createHash('sha256').update(JSON.stringify(range)).digest('hex').slice(0, 16)}`.replace(
    /[/\\?#]/g,
    '-',
  );

interface LeaseState {
  token: string | null;
  etag: string | undefined;
}

async function readLease(leases: Container, id: string): Promise<LeaseState> {
  const { resource, etag } = await leases.item(id, id).read<Lease>();
  return { token: resource?.ContinuationToken ?? null, etag: resource ? etag : undefined };
}

async function writeLease(
  leases: Container,
  id: string,
  token: string,
  etag: string | undefined,
): Promise<LeaseState> {
  const lease: Lease = { id, ContinuationToken: token, timestamp: new Date().toISOString() };
  const written = etag
    ? await leases.item(id, id).replace(lease, { accessCondition: { type: 'IfMatch', condition: etag } })
    : await leases.items.create(lease);
  return { token, etag: written.etag };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
