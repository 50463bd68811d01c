import type { Container, ItemDefinition, OperationInput, RequestOptions, SqlQuerySpec } from '@azure/cosmos';
import type { ContainerClient } from '@azure/storage-blob';
import type { Azure } from '../src/lib/azure';
import type { Services } from '../src/lib/services';
import type { Call, MessageCalls } from './calls';

/**
 * Runs the product's own job on the messages, one after another against a real stack, and notes every request it makes
 * of Cosmos DB and blob storage. What overlapped belongs to one group.
 */
export async function recordCalls(
  { azure, ingest }: Services,
  bodies: readonly Uint8Array[],
): Promise<MessageCalls[]> {
  const recorded: Call[][][] = [];
  let open = 0;
  async function noting<T>(call: Call, make: () => Promise<T>): Promise<T> {
    const groups = recorded.at(-1) ?? [];
    if (open === 0) groups.push([]);
    groups.at(-1)?.push(call);
    open += 1;
    try {
      return await make();
    } finally {
      open -= 1;
    }
  }
  Object.assign(azure, recordingClients(azure, noting));
  for (const [n, body] of bodies.entries()) {
    recorded.push([]);
    const delivery = {
      origin: String(n),
      enqueuedAt: new Date().toISOString(),
      attempt: 0,
      isReplay: false,
    };
    const { outcomes } = await ingest.processBody(body, delivery);
    if (outcomes[0]?.status !== 'done')
      throw new Error(`Benchmark message ${n} ended ${outcomes[0]?.status}.`);
  }
  return recorded;
}

type Noting = <T>(call: Call, make: () => Promise<T>) => Promise<T>;

/** Only what the product uses; anything new fails loudly here and wants to be recorded. */
function recordingClients(azure: Azure, noting: Noting): Pick<Azure, 'container' | 'blobContainer'> {
  const real = { container: azure.container, blobContainer: azure.blobContainer };
  return {
    async container(at) {
      const container = await real.container(at);
      const recording = {
        items: {
          create: (document: ItemDefinition, options?: RequestOptions) =>
            noting({ kind: 'create', at, document, options: kept(options) }, () =>
              container.items.create(document, options),
            ),
          batch: (operations: OperationInput[], pk: string) =>
            noting({ kind: 'batch', at, pk, operations }, () => container.items.batch(operations, pk)),
          query: (query: SqlQuerySpec, options: { partitionKey: string }) => ({
            fetchAll: () =>
              noting({ kind: 'query', at, query, pk: options.partitionKey }, () =>
                container.items.query(query, options).fetchAll(),
              ),
          }),
        },
        item: (id: string, pk: string) => ({
          read: (options?: RequestOptions) =>
            noting({ kind: 'read', at, id, pk }, () => container.item(id, pk).read(options)),
          replace: (document: ItemDefinition, options?: RequestOptions) =>
            noting({ kind: 'replace', at, id, pk, document, options: kept(options) }, () =>
              container.item(id, pk).replace(document, options),
            ),
        }),
      };
      return recording as unknown as Container;
    },
    async blobContainer(at) {
      const container = await real.blobContainer(at);
      const recording = {
        getBlockBlobClient: (name: string) => ({
          upload: (bytes: Buffer, length: number, options: object) =>
            noting({ kind: 'upload', at, name, bytes }, () =>
              container.getBlockBlobClient(name).upload(bytes, length, options),
            ),
        }),
      };
      return recording as unknown as ContainerClient;
    },
  };
}

/** What travels with the request; a signal belongs to its own process. */
const kept = (options: RequestOptions = {}): RequestOptions => ({ ...options, abortSignal: undefined });
