import type { JSONObject, OperationInput, SqlParameter } from '@azure/cosmos';
import type { AuditDocument, EventJournal, EventQueue, EventStore } from '../audit';
import { classifyAzureError, classifyStatus } from './classify';
import type { Azure } from './clients';

/** `audit/events`: the identity of a writer may create and read there, nothing more. */
export function createEventStore(azure: Azure): EventStore {
  return {
    async create(document, abortSignal) {
      const container = await azure.container('audit/events');
      return createdOrExists(container.items.create({ ...document }, { abortSignal }));
    },
    async createMany(documents, abortSignal) {
      const container = await azure.container('audit/events');
      const operations = documents.map((document): OperationInput => ({
        operationType: 'Create',
        partitionKey: document.pk,
        resourceBody: { ...document } as unknown as JSONObject,
      }));
      // Not its successor `executeBulkOperations`, which sleeps for a second before it sends what fills no batch
      // (BulkHelper.intervalForPartialBatchInMs in @azure/cosmos 4.9): an invocation waits for that.
      const results = await container.items.bulk(operations, { continueOnError: true }, { abortSignal });
      return results.map(({ statusCode }) =>
        statusCode === 201 ? 'created' : classifyStatus(statusCode) === 'throttled' ? 'throttled' : 'refused',
      );
    },
    async read({ id, pk }, abortSignal) {
      const container = await azure.container('audit/events');
      const { resource } = await container.item(id, pk).read<AuditDocument>({ abortSignal });
      return resource && withoutSystemMembers(resource);
    },
    async list(partitions, from, to, limit) {
      const container = await azure.container('audit/events');
      const names = partitions.map((_, i) => `@pk${i}`);
      const parameters: SqlParameter[] = [
        ...partitions.map((value, i) => ({ name: `@pk${i}`, value })),
        { name: '@from', value: from },
        { name: '@to', value: to },
        { name: '@limit', value: limit },
      ];
      const query =
        `SELECT * FROM c WHERE c.pk IN (${names.join(', ')}) AND c.occurredAt >= @from AND c.occurredAt < @to ` +
        'ORDER BY c.occurredAt DESC OFFSET 0 LIMIT @limit';
      const { resources } = await container.items.query<AuditDocument>({ query, parameters }).fetchAll();
      return resources.map(withoutSystemMembers);
    },
  };
}

export function createEventQueue(azure: Azure): EventQueue {
  return {
    async send(document, messageId, abortSignal) {
      const sender = await azure.sender('audit-ingest');
      await sender.sendMessages(
        { body: document, messageId, contentType: 'application/json' },
        { abortSignal },
      );
    },
    async postpone(document, messageId, attempt, notBefore) {
      const sender = await azure.sender('audit-ingest');
      const message = {
        body: document,
        messageId,
        contentType: 'application/json',
        applicationProperties: { attempt },
        scheduledEnqueueTimeUtc: notBefore,
      };
      // Below the SDK's limit of 10 s, for the reason that the outbox of `ingest` gives.
      await sender.sendMessages(message, { abortSignal: AbortSignal.timeout(8_000) });
    },
  };
}

export const JOURNAL = 'journal/';

/** One blob per event in `audit-archive`, for the hour when the store and the broker are both away. */
export function createEventJournal(azure: Azure): EventJournal {
  const nameOf = ({ tenantId, id }: AuditDocument): string => `${JOURNAL}${tenantId}/${id}.json`;
  const blob = async (name: string) => (await azure.blobContainer('audit-archive')).getBlockBlobClient(name);
  return {
    async create(document, abortSignal) {
      const body = Buffer.from(JSON.stringify(document), 'utf8');
      const target = await blob(nameOf(document));
      const options = {
        abortSignal,
        conditions: { ifNoneMatch: '*' },
        blobHTTPHeaders: { blobContentType: 'application/json' },
      };
      return createdOrExists(target.upload(body, body.length, options));
    },
    async read(document, abortSignal) {
      const body = await (await blob(nameOf(document))).downloadToBuffer(0, undefined, { abortSignal });
      return JSON.parse(body.toString('utf8')) as AuditDocument;
    },
    async *names() {
      const container = await azure.blobContainer('audit-archive');
      for await (const { name } of container.listBlobsFlat({ prefix: JOURNAL })) yield name;
    },
    async open(name) {
      try {
        return parseJson((await (await blob(name)).downloadToBuffer()).toString('utf8'));
      } catch (error) {
        if (classifyAzureError(error).kind === 'not-found') return undefined;
        throw error;
      }
    },
    async remove(name) {
      await (await blob(name)).deleteIfExists();
    },
  };
}

/** Keeps a body in `audit-archive` once; a second time is as good as the first. */
export function createArchive(azure: Azure): (name: string, body: Uint8Array) => Promise<void> {
  return async (name, body) => {
    const blob = (await azure.blobContainer('audit-archive')).getBlockBlobClient(name);
    await createdOrExists(blob.upload(body, body.byteLength, { conditions: { ifNoneMatch: '*' } }));
  };
}

async function createdOrExists(write: Promise<unknown>): Promise<'created' | 'exists'> {
  try {
    await write;
    return 'created';
  } catch (error) {
    if (classifyAzureError(error).kind === 'conflict') return 'exists';
    throw error;
  }
}

/** What does not parse is handed on as it is: the reader refuses it with a reason. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** `_rid`, `_etag`, `_ts`...: Cosmos DB's own, outside of the hash. */
export function withoutSystemMembers(document: AuditDocument): AuditDocument {
  return Object.fromEntries(
    Object.entries(document).filter(([name]) => !name.startsWith('_')),
  ) as unknown as AuditDocument;
}
