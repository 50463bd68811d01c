import { ErrorResponse, type Container, type JSONValue } from '@azure/cosmos';
import type { BindingOptions } from '../binding-options';
import { cosmosClient } from '../clients';
import { HostError } from '../errors';
import type { InputBinding, OutputBinding } from './binding';
import { resolveExpressions, valueOf, type BindingData } from './expressions';
import { itemsOf } from './values';

function open(options: BindingOptions): { container: Container; close(): Promise<void> } {
  const client = cosmosClient(options.connection('cosmosDb', 'CosmosDB'));
  const container = client
    .database(options.required('databaseName'))
    .container(options.required('containerName'));
  return { container, close: async () => client.dispose() };
}

/** One document by `id` and `partitionKey` (undefined when it is not there), else a query, else the whole container. */
export async function cosmosDbInput(options: BindingOptions): Promise<InputBinding> {
  const id = options.text('id');
  const partitionKey = options.text('partitionKey');
  const query = options.text('sqlQuery');
  if (id && query) throw new HostError(`${options.where}: the cosmosDB input has both id and sqlQuery.`);
  if (id && !partitionKey) {
    throw new HostError(`${options.where}: the cosmosDB input with an id needs its partitionKey as well.`);
  }
  const { container, close } = open(options);
  return {
    async read(data) {
      if (id && partitionKey) {
        const found = await pointRead(
          container,
          resolveExpressions(id, data),
          resolveExpressions(partitionKey, data),
        );
        return found === undefined ? undefined : { json: JSON.stringify(found) };
      }
      const spec = query ? withParameters(query, data) : 'SELECT * FROM c';
      const scope = partitionKey ? { partitionKey: resolveExpressions(partitionKey, data) } : {};
      const { resources } = await container.items.query<unknown>(spec, scope).fetchAll();
      return { json: JSON.stringify(resources) };
    },
    close,
  };
}

async function pointRead(container: Container, id: string, partitionKey: string): Promise<unknown> {
  try {
    return (await container.item(id, partitionKey).read<object>()).resource;
  } catch (error) {
    if (error instanceof ErrorResponse && error.code === 404) return undefined;
    throw error;
  }
}

/** `{name}` in a query becomes a parameter, so that a value cannot change the query. */
function withParameters(
  query: string,
  data: BindingData,
): { query: string; parameters: { name: string; value: JSONValue }[] } {
  const parameters: { name: string; value: JSONValue }[] = [];
  const text = query.replace(/\{([^{}]+)\}/g, (_, expression: string) => {
    const name = `@${expression.replace(/[^A-Za-z0-9_]/g, '_')}`;
    if (!parameters.some((known) => known.name === name)) {
      parameters.push({ name, value: valueOf(expression, data) as JSONValue });
    }
    return name;
  });
  return { query: text, parameters };
}

/** Upserts one document, or each of an array, as the extension does. A document brings its own id. */
export async function cosmosDbOutput(options: BindingOptions): Promise<OutputBinding> {
  const { container, close } = open(options);
  const createIfNotExists = options.flag('createIfNotExists', false);
  const partitionKey = options.text('partitionKey');
  return {
    async write(value) {
      if (createIfNotExists) {
        const { database } = container;
        await database.client.databases.createIfNotExists({ id: database.id });
        await database.containers.createIfNotExists({
          id: container.id,
          ...(partitionKey ? { partitionKey: { paths: [partitionKey] } } : {}),
        });
      }
      for (const item of itemsOf(value)) {
        const document = JSON.parse(item.toString()) as object;
        await container.items.upsert(document, { disableAutomaticIdGeneration: true });
      }
    },
    close,
  };
}
