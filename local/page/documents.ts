import type { CosmosClient } from '@azure/cosmos' with { 'resolution-mode': 'import' };
import { shortened } from './queues';
import { PageError, type StackFile } from './stack-file';

const SHOWN = 50;

export const containers = (stack: StackFile): Promise<unknown> =>
  withCosmos(stack, async (client) => {
    const { resources: databases } = await client.databases.readAll().fetchAll();
    const lists = await Promise.all(
      databases.map(async ({ id: database }) => {
        const { resources } = await client.database(database).containers.readAll().fetchAll();
        return resources.map(({ id, partitionKey }) => ({
          database,
          container: id,
          partitionKey: partitionKey?.paths.join(', ') ?? '',
        }));
      }),
    );
    return lists
      .flat()
      .sort((a, b) => (`${a.database}/${a.container}` < `${b.database}/${b.container}` ? -1 : 1));
  });

/** The newest, and how many there are. */
export const documents = (stack: StackFile, database: string, id: string): Promise<unknown> =>
  withCosmos(stack, async (client) => {
    const { items } = client.database(database).container(id);
    const query = async (text: string): Promise<unknown[]> => (await items.query(text).fetchAll()).resources;
    const [count] = await query('SELECT VALUE COUNT(1) FROM c');
    // A container may keep no index that orders by time.
    const newest = await query(`SELECT TOP ${SHOWN} * FROM c ORDER BY c._ts DESC`).catch(() =>
      query(`SELECT TOP ${SHOWN} * FROM c`),
    );
    return {
      count,
      documents: (newest as Record<string, unknown>[]).map((document) => ({
        id: document['id'],
        changed: new Date(Number(document['_ts']) * 1000),
        text: shortened(
          JSON.stringify(
            Object.fromEntries(Object.entries(document).filter(([name]) => !name.startsWith('_'))),
            undefined,
            2,
          ),
        ),
      })),
    };
  });

async function withCosmos<T>(stack: StackFile, work: (client: CosmosClient) => Promise<T>): Promise<T> {
  const { CosmosClient: Client, ErrorResponse } = await import('@azure/cosmos');
  const client = new Client(stack.cosmos.connectionString);
  try {
    return await work(client);
  } catch (error) {
    if (error instanceof ErrorResponse && error.code === 404) {
      throw new PageError(404, 'There is no such container.');
    }
    throw new PageError(502, 'Cosmos DB does not answer.');
  } finally {
    client.dispose();
  }
}
