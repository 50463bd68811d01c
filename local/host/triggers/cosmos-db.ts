import {
  ChangeFeedStartFrom,
  CosmosClient,
  ErrorResponse,
  type Container,
  type FeedRange,
  type JSONObject,
} from '@azure/cosmos';
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { HostError, messageOf } from '../errors';
import type { HostedFunction, Invoker } from '../invoker';
import type { RetryOptions } from '../protocol';
import { runWithRetry } from '../retry';
import type { Listener } from './listener';

export interface CosmosDbFunction extends HostedFunction {
  connection: string;
  database: string;
  container: string;
  leaseConnection: string;
  leaseDatabase: string;
  leaseContainer: string;
  leasePrefix: string;
  createLeaseContainer: boolean;
  maxItems: number;
  startFromBeginning: boolean;
  startFromTime: Date | undefined;
  pollDelayMs: number;
  retry?: RetryOptions;
}

interface Lease extends JSONObject {
  id: string;
  ContinuationToken: string | null;
  timestamp: string;
}

const AFTER_ERROR_MS = 2_000;
const isStatus = (error: unknown, code: number): boolean =>
  error instanceof ErrorResponse && error.code === code;

/**
 * The change feed in the pull model: latest version, at least once, one reader and one lease document per feed range.
 * Leases are not shared out between hosts: one host per lease container and prefix.
 */
export function cosmosDbListener(
  fn: CosmosDbFunction,
  userAgentSuffix: string | undefined,
  invoker: Invoker,
  log: (line: string) => void,
): Listener {
  const clientOf = (connectionString: string): CosmosClient =>
    new CosmosClient({ connectionString, ...(userAgentSuffix ? { userAgentSuffix } : {}) });
  const client = clientOf(fn.connection);
  const leaseClient = fn.leaseConnection === fn.connection ? client : clientOf(fn.leaseConnection);
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
        await database.containers.createIfNotExists({
          id: fn.leaseContainer,
          partitionKey: { paths: ['/id'] },
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
    event: (input) => ({
      input: { string: input },
      metadata: {},
      reason: 'This function was programmatically called via the host APIs.',
    }),
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
