import type { Container, JSONValue } from '@azure/cosmos';
import { isStandIn, startAccount, type Account } from '../account';
import { cases, documents, refusals } from './query-cases';

/** The product of the service and the SDK, which is what an app sees, is not the same for several partitions. */
const onlyInOnePartition = new Map([
  ['SELECT VALUE { k: c.pk, n: COUNT(1) * 10 } FROM c GROUP BY c.pk', 'aggregates within an expression'],
  ['SELECT VALUE c.age FROM c ORDER BY c.age', 'the SDK does not merge mixed types'],
  ['SELECT VALUE c.id FROM c ORDER BY c.score', 'the SDK does not merge undefined with numbers'],
  ['SELECT TOP @n VALUE c.id FROM c', 'which items are first depends on the partitions'],
  ['SELECT VALUE c.id FROM c OFFSET @o LIMIT @l', 'which items are first depends on the partitions'],
  ['SELECT DISTINCT TOP 1 VALUE c.pk FROM c', 'which items are first depends on the partitions'],
]);

const canonical = (rows: readonly unknown[]) => rows.map((row) => JSON.stringify(row)).sort();

// How many partitions a real account's container has is the service's affair.
describe.each(isStandIn ? [1, 4] : [1])('%i physical partition(s)', (partitions) => {
  let account: Account;
  let container: Container;
  const isStrict = partitions === 1 && isStandIn;

  beforeAll(async () => {
    account = await startAccount({ partitions });
    container = await account.container({
      indexingPolicy: {
        compositeIndexes: [
          [
            { path: '/pk', order: 'descending' },
            { path: '/id', order: 'ascending' },
          ],
        ],
      },
    });
    for (const document of documents) await container.items.create({ ...document });
  });
  afterAll(() => account.stop());

  async function query(text: string, parameters: readonly { name: string; value: JSONValue }[] = []) {
    const spec = { query: text, parameters: [...parameters] };
    return (await container.items.query<unknown>(spec).fetchAll()).resources;
  }

  const here = cases.filter(([text]) => partitions === 1 || !onlyInOnePartition.has(text));
  test.each(here.map(([text, expected, parameters = []]) => [text, expected, parameters] as const))(
    '%s',
    async (text, expected, parameters) => {
      const rows = await query(text, parameters);
      if (isStrict || text.includes(' ORDER BY ')) expect(rows).toEqual(expected);
      else expect(canonical(rows)).toEqual(canonical(expected));
    },
  );

  test.each(refusals)('400: %s', async (text, message) => {
    await expect(query(text)).rejects.toMatchObject({ code: 400, message: expect.stringMatching(message) });
  });

  test.each(['ASC', 'DESC'])(
    'pages in the order %s, each from the token of the one before',
    async (order) => {
      const text = `SELECT VALUE c.id FROM c ORDER BY c.id ${order}`;
      const found: unknown[] = [];
      let continuationToken: string | undefined;
      do {
        // The SDK keeps a condition of its own in the token, and asks another query with it.
        const options = {
          maxItemCount: 2,
          enableQueryControl: true,
          forceQueryPlan: true,
          continuationToken,
        };
        const page = await container.items.query<unknown>(text, options).fetchNext();
        found.push(...page.resources);
        continuationToken = page.continuationToken;
      } while (continuationToken);
      const ids = documents.map(({ id }) => id).sort();
      expect(found).toEqual(order === 'ASC' ? ids : ids.reverse());
    },
  );

  test('SELECT * gives the documents with their system properties', async () => {
    const [first] = await query('SELECT * FROM c WHERE c.id = "1"');
    expect(first).toMatchObject({ ...documents[0], _rid: expect.any(String), _ts: expect.any(Number) });
  });
});
