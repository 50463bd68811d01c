import { RestError, type BlobServiceClient, type ContainerClient } from '@azure/storage-blob';
import type { DequeuedMessageItem, QueueServiceClient } from '@azure/storage-queue';
import { setTimeout as sleep } from 'node:timers/promises';
import { blobService, queueService } from '../clients';
import { connectionOf } from '../connections';
import type { HostContext } from '../context';
import { HostError, messageOf } from '../errors';
import type { HostedFunction, TriggerEvent } from '../invoker';
import { throttled } from '../throttled';
import { parseBlobPattern, type BlobPattern } from './blob-pattern';
import { typedMetadata } from './body-properties';
import { QueueListener } from './queue-listener';
import { BY_HAND, type Listener, type TriggeredFunction } from './trigger';

interface BlobFunction extends HostedFunction {
  readonly pattern: BlobPattern;
  readonly service: BlobServiceClient;
  readonly asText: boolean;
}

/** What the host writes into its own queue for each blob that is new or has changed; the names are Azure's. */
interface BlobMessage {
  Type: 'BlobTrigger';
  FunctionId: string;
  BlobType: string;
  ContainerName: string;
  BlobName: string;
  ETag: string;
}

const SCAN_MS = 2_000;
const HOSTS_CONTAINER = 'azure-webjobs-hosts';
const POISON_QUEUE = 'webjobs-blobtrigger-poison';
const functionId = (name: string): string => `Host.Functions.${name}`;
const isNotFound = (error: unknown): boolean => error instanceof RestError && error.statusCode === 404;

/**
 * Blob triggers the way Azure has them: a scan finds what is new or has changed and has no receipt yet, a queue of the
 * host's own carries it to the function, retries it, and ends in the poison queue after five failures. Receipts and
 * queue lie in the host's storage, so that a restart goes on. A function with `source: EventGrid` is served by the same
 * scan, which stands in for the subscription.
 */
export async function openBlobs(
  functions: readonly TriggeredFunction[],
  host: HostContext,
): Promise<readonly Listener[]> {
  const { env, hostId, settings, invoker, log } = host;
  const where = `Function ${functions[0]?.name ?? ''}`;
  const hosts = blobService(connectionOf('AzureWebJobsStorage', 'blobs', env, where)).getContainerClient(
    HOSTS_CONTAINER,
  );
  const queues = queueService(connectionOf('AzureWebJobsStorage', 'queues', env, where));
  const queue = queues.getQueueClient(`azure-webjobs-blobtrigger-${hostId}`);
  await makeOwnStorage(hosts, queues, queue.name);

  const blobFunctions = functions.map(({ options, ...fn }): BlobFunction => ({
    ...fn,
    pattern: parseBlobPattern(options.required('path'), options.where),
    service: blobService(options.connection('blobs', 'Storage')),
    asText: options.text('dataType')?.toLowerCase() === 'string',
  }));

  const shared = new QueueListener({
    name: 'blob triggers',
    queue,
    poison: queues.getQueueClient(POISON_QUEUE),
    batchSize: Math.min(settings.blobs.parallelism, 32),
    newBatchThreshold: Math.max(0, settings.blobs.parallelism - 32),
    maxDequeueCount: settings.blobs.poisonThreshold,
    visibilityTimeoutMs: 0,
    maxPollingMs: SCAN_MS,
    log,
    async process(message) {
      const { FunctionId, BlobName, ETag } = blobMessageOf(message);
      const fn = blobFunctions.find(({ name }) => functionId(name) === FunctionId);
      // A function that is gone, or a blob that is gone or has changed since, is nothing to run any more.
      const event = fn && (await blobEvent(fn, BlobName, ETag));
      if (event) await invoker.run(fn, event);
    },
  });
  return [
    {
      async start() {
        shared.start();
      },
      async stop() {
        shared.stop();
      },
      close: () => shared.close(),
    },
    ...blobFunctions.map((fn) =>
      scanner(fn, host, hosts, async (message) => {
        await queue.sendMessage(Buffer.from(JSON.stringify(message)).toString('base64'));
      }),
    ),
  ];
}

async function makeOwnStorage(
  hosts: ContainerClient,
  queues: QueueServiceClient,
  queueName: string,
): Promise<void> {
  try {
    await hosts.createIfNotExists();
    await queues.getQueueClient(queueName).createIfNotExists();
  } catch (error) {
    throw new HostError(
      `Blob triggers keep their state in AzureWebJobsStorage, which does not answer (${messageOf(error)}). Start the storage, or correct the setting.`,
    );
  }
}

const blobMessageOf = ({ messageText }: DequeuedMessageItem): BlobMessage =>
  JSON.parse(Buffer.from(messageText, 'base64').toString('utf8')) as BlobMessage;

/** Finds blobs of one function that have no receipt, hands them over, then writes the receipt: at least once. */
function scanner(
  fn: BlobFunction,
  { hostId, log }: HostContext,
  hosts: ContainerClient,
  enqueue: (message: BlobMessage) => Promise<void>,
): Listener {
  const { pattern, service } = fn;
  const container = service.getContainerClient(pattern.container);
  const logError = throttled(log, `Blob trigger of ${fn.name}`);
  /** The ETag of each blob that has its receipt; spares the look-up at every scan. */
  const known = new Map<string, string>();
  let stopping = new AbortController();
  let loop: Promise<void> = Promise.resolve();

  const scan = async (signal: AbortSignal): Promise<void> => {
    for await (const blob of container.listBlobsFlat({ prefix: pattern.prefix, abortSignal: signal })) {
      const etag = `"${blob.properties.etag.replaceAll('"', '')}"`;
      if (known.get(blob.name) === etag || !pattern.match(blob.name)) continue;
      const receipt = hosts.getBlockBlobClient(
        `blobreceipts/${hostId}/${functionId(fn.name)}/${etag}/${pattern.container}/${blob.name}`,
      );
      if (!(await receipt.exists())) {
        await enqueue({
          Type: 'BlobTrigger',
          FunctionId: functionId(fn.name),
          BlobType: blob.properties.blobType ?? 'BlockBlob',
          ContainerName: pattern.container,
          BlobName: blob.name,
          ETag: etag,
        });
        await receipt.upload('', 0);
      }
      known.set(blob.name, etag);
    }
  };

  const run = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      await scan(signal).catch((error: unknown) => {
        // A container that is not there yet has no blobs.
        if (!isNotFound(error) && !signal.aborted) logError(error);
      });
      await sleep(SCAN_MS, undefined, { signal }).catch(() => undefined);
    }
  };

  return {
    async start() {
      stopping = new AbortController();
      loop = run(stopping.signal);
    },
    async stop() {
      stopping.abort();
    },
    close: () => loop,
    manual: {
      fn,
      // The admin call names the blob, as in Azure; its content is not fetched for a run by hand.
      event: (input) => ({
        input: fn.asText ? { string: '' } : { bytes: Buffer.alloc(0) },
        metadata: { BlobTrigger: { string: input } },
        reason: BY_HAND,
      }),
    },
  };
}

async function blobEvent(fn: BlobFunction, name: string, etag: string): Promise<TriggerEvent | undefined> {
  const { container } = fn.pattern;
  const parts = fn.pattern.match(name);
  const client = fn.service.getContainerClient(container).getBlobClient(name);
  try {
    const { etag: current = '', ...properties } = await client.getProperties();
    if (!parts || current.replaceAll('"', '') !== etag.replaceAll('"', '')) return undefined;
    const bytes = await client.downloadToBuffer();
    return {
      input: fn.asText ? { string: bytes.toString('utf8') } : { bytes },
      metadata: typedMetadata({
        BlobTrigger: `${container}/${name}`,
        Uri: new URL(client.url),
        Properties: {
          LastModified: properties.lastModified,
          CreatedOn: properties.createdOn,
          BlobType: properties.blobType,
          ContentLength: properties.contentLength,
          ContentType: properties.contentType,
          ContentEncoding: properties.contentEncoding,
          ContentHash: properties.contentMD5 && Buffer.from(properties.contentMD5).toString('base64'),
          ETag: current,
        },
        Metadata: properties.metadata ?? {},
        ...parts,
      }),
      reason: `New blob detected in container ${container}`,
    };
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
