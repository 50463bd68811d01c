import type { SqlParameter } from '@azure/cosmos';
import { classifyAzureError, type Azure } from '../azure';
import type { Edit, FeedCount, MessageStore, StoredMessage } from './ports';
import type { MessageDocument } from './types';

type Read = MessageDocument & { readonly _etag: string };

/** More than a person reads; the rest shows when these are done. */
const maxOpen = 1000;

export function createMessageStore(azure: Azure): MessageStore {
  const container = () => azure.container('clinical/messages');

  async function query(conditions: readonly string[], parameters: SqlParameter[], limit: number) {
    const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')} `;
    const sql = `SELECT * FROM c ${where}ORDER BY c.receivedAt DESC OFFSET 0 LIMIT @limit`;
    const spec = { query: sql, parameters: [...parameters, { name: '@limit', value: limit }] };
    const { resources } = await (await container()).items.query<MessageDocument>(spec).fetchAll();
    return resources.map(withoutSystemMembers);
  }

  return {
    async create(document) {
      const response = await unless('conflict', (await container()).items.create(document));
      return response && stored(document, response.etag);
    },

    async read(pk, id) {
      const { resource } = await (await container()).item(id, pk).read<Read>();
      return resource && stored(withoutSystemMembers(resource), resource._etag);
    },

    async replace(document, etag) {
      const accessCondition = { type: 'IfMatch', condition: etag };
      const item = (await container()).item(document.id, document.pk);
      const response = await unless('precondition', item.replace(document, { accessCondition }));
      return response && stored(document, response.etag);
    },

    list({ tenantId, status, limit = 100 }) {
      const given = { tenantId, status };
      const filters = Object.entries(given).flatMap(([name, value]) =>
        value === undefined ? [] : { name, value },
      );
      return query(
        filters.map(({ name }) => `c.${name} = @${name}`),
        filters.map(({ name, value }) => ({ name: `@${name}`, value })),
        limit,
      );
    },

    async countFeeds(since) {
      const sender = 'c.tenantId, c.sender.application, c.sender.facility, c.status';
      const query = `SELECT ${sender}, COUNT(1) AS count, MAX(c.enqueuedAt) AS lastSeen FROM c
        WHERE c.enqueuedAt >= @since AND IS_DEFINED(c.sender) GROUP BY ${sender}`;
      const spec = { query, parameters: [{ name: '@since', value: since }] };
      return (await (await container()).items.query<FeedCount>(spec).fetchAll()).resources;
    },

    listOpen: () => query([`(c.status IN ('rejected', 'conflict') OR IS_DEFINED(c.waiting))`], [], maxOpen),

    async listEdits() {
      const sql = 'SELECT c.id, c.status, c.editedFrom FROM c WHERE IS_DEFINED(c.editedFrom)';
      return (await (await container()).items.query<Edit>(sql).fetchAll()).resources;
    },

    find(reference) {
      return query(
        ['(c.id = @reference OR c.key = @reference OR c.controlId = @reference)'],
        [{ name: '@reference', value: reference }],
        100,
      );
    },
  };
}

const stored = (document: MessageDocument, etag: string): StoredMessage => ({ document, etag });

/** Undefined when the write met what was expected of others; anything else is thrown. */
async function unless<T>(kind: 'conflict' | 'precondition', write: Promise<T>): Promise<T | undefined> {
  try {
    return await write;
  } catch (error) {
    if (classifyAzureError(error).kind === kind) return undefined;
    throw error;
  }
}

/** `_rid`, `_etag`, `_ts`... */
function withoutSystemMembers(document: MessageDocument): MessageDocument {
  return Object.fromEntries(
    Object.entries(document).filter(([name]) => !name.startsWith('_')),
  ) as unknown as MessageDocument;
}
