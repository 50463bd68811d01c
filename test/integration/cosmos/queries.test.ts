import type { Container, SqlParameter } from '@azure/cosmos';
import { isStandIn, startAccount, statusOf, type Account } from './account';
import { documents } from './conformance/query-cases';

let account: Account;
let container: Container;

beforeAll(async () => {
  account = await startAccount();
  container = await account.container();
  for (const document of documents) await container.items.create({ ...document });
});
afterAll(() => account.stop());

async function query(text: string, parameters: readonly SqlParameter[] = [], options = {}) {
  const { resources } = await container.items
    .query({ query: text, parameters: [...parameters] }, options)
    .fetchAll();
  return resources as unknown[];
}

const p = (name: string, value: string) => ({ name, value });

test('SELECT * gives the documents with their system properties', async () => {
  const [first] = await query('SELECT * FROM c WHERE c.id = "1"');
  expect(first).toMatchObject({ ...documents[0], _rid: expect.any(String), _ts: expect.any(Number) });
});

describe('partition scope', () => {
  test('a query with a partition key sees that partition only', async () => {
    expect(await query('SELECT VALUE c.id FROM c', [], { partitionKey: 'b' })).toEqual(['4', '5']);
    expect(await query('SELECT VALUE COUNT(1) FROM c', [], { partitionKey: 'none' })).toEqual([0]);
  });

  test('the key in the filter finds the same as the header', async () => {
    expect(
      await query('SELECT VALUE c.name FROM c WHERE c.pk = @pk AND c.id = "4"', [p('@pk', 'b')]),
    ).toEqual(['Dora']);
    expect(await query('SELECT VALUE c.name FROM c WHERE c.id = "4" AND "a" = c.pk')).toEqual([]);
  });

  test('a prefix of a hierarchical key', async () => {
    const nested = await account.container({
      partitionKey: { paths: ['/tenant', '/user/name'], kind: 'MultiHash' as never, version: 2 },
    });
    await nested.items.create({ id: '1', tenant: 't', user: { name: 'u1' } });
    await nested.items.create({ id: '1', tenant: 't', user: { name: 'u2' } });
    await nested.items.create({ id: '1', tenant: 'tt', user: { name: 'u1' } });
    const text = 'SELECT VALUE c.user.name FROM c';
    expect((await nested.items.query(text, { partitionKey: ['t'] }).fetchAll()).resources).toEqual([
      'u1',
      'u2',
    ]);
    expect((await nested.items.query(text, { partitionKey: ['t', 'u2'] }).fetchAll()).resources).toEqual([
      'u2',
    ]);
    expect((await nested.item('1', ['tt', 'u1']).read()).resource).toMatchObject({ tenant: 'tt' });
  });
});

describe('pages', () => {
  test.each([
    'SELECT VALUE c.id FROM c',
    'SELECT VALUE c.id FROM c ORDER BY c.id',
    'SELECT VALUE v.days FROM c JOIN v IN c.visits',
    'SELECT DISTINCT VALUE c.age FROM c',
    'SELECT VALUE c.id FROM c OFFSET 1 LIMIT 3',
  ])('%s comes complete and once in pages of two', async (text) => {
    const rows: unknown[] = [];
    let continuationToken: string | undefined;
    let pages = 0;
    do {
      const page = await container.items.query(text, { maxItemCount: 2, continuationToken }).fetchNext();
      expect(page.resources.length).toBeLessThanOrEqual(2);
      rows.push(...page.resources);
      continuationToken = page.continuationToken;
      pages++;
    } while (continuationToken);
    expect(rows).toEqual(await query(text));
    // The service may end a page early.
    if (isStandIn) expect(pages).toBe(Math.max(1, Math.ceil(rows.length / 2)));
  });

  test('items deleted and created between pages do not shift what is left', async () => {
    const other = await account.container();
    for (let i = 0; i < 6; i++) await other.items.create({ id: `${i}`, pk: 'a' });
    const iterator = other.items.query('SELECT VALUE c.id FROM c', { maxItemCount: 2 });
    expect((await iterator.fetchNext()).resources).toEqual(['0', '1']);
    await other.item('0', 'a').delete();
    await other.items.create({ id: '6', pk: 'a' });
    expect((await iterator.fetchNext()).resources).toEqual(['2', '3']);
    expect((await iterator.fetchNext()).resources).toEqual(['4', '5']);
    expect((await iterator.fetchNext()).resources).toEqual(['6']);
  });

  test('nor do they in an order: it goes on behind the last row, whatever happened before it', async () => {
    const other = await account.container();
    for (let i = 0; i < 8; i++) await other.items.create({ id: `${i}`, pk: 'a', g: i >> 2 });
    const text = 'SELECT VALUE c.id FROM c ORDER BY c.g DESC OFFSET 1 LIMIT 6';
    const iterator = other.items.query(text, { maxItemCount: 2, partitionKey: 'a' });
    expect((await iterator.fetchNext()).resources).toEqual(['5', '6']);
    for (const id of ['4', '5', '6']) await other.item(id, 'a').delete();
    await other.items.create({ id: 'first', pk: 'a', g: 2 });
    expect((await iterator.fetchNext()).resources).toEqual(['7', '0']);
    expect((await iterator.fetchNext()).resources).toEqual(['1', '2']);
    expect(iterator.hasMoreResults()).toBe(false);
  });

  test('an order with undefined, and several rows of an item', async () => {
    const other = await account.container();
    for (const id of ['1', '2', '3']) await other.items.create({ id, pk: 'a', list: [1, 2, 3] });
    await other.items.create({ id: '4', pk: 'a', list: [1], n: 1 });
    const text = 'SELECT VALUE CONCAT(c.id, ToString(n)) FROM c JOIN n IN c.list ORDER BY c.n';
    const iterator = other.items.query(text, { maxItemCount: 2, partitionKey: 'a' });
    const rows: unknown[] = [];
    while (iterator.hasMoreResults()) rows.push(...(await iterator.fetchNext()).resources);
    expect(rows).toEqual(['11', '12', '13', '21', '22', '23', '31', '32', '33', '41']);
  });

  test('an item that goes while its rows are half out does not take rows of the next one along', async () => {
    const other = await account.container();
    for (const id of ['1', '2']) await other.items.create({ id, pk: 'a', list: [1, 2, 3] });
    const text = 'SELECT VALUE { id: c.id, n: n } FROM c JOIN n IN c.list';
    const iterator = other.items.query(text, { maxItemCount: 2 });
    await iterator.fetchNext();
    await other.item('1', 'a').delete();
    expect((await iterator.fetchNext()).resources).toEqual([
      { id: '2', n: 1 },
      { id: '2', n: 2 },
    ]);
  });

  test('a token of another query is refused', async () => {
    const { continuationToken } = await container.items
      .query('SELECT * FROM c', { maxItemCount: 1 })
      .fetchNext();
    const call = container.items.query('SELECT c.id FROM c', { continuationToken }).fetchNext();
    expect(await statusOf(call)).toBe(400);
  });
});

test('the SDK can also work from the query plan', async () => {
  expect(await query('SELECT VALUE c.id FROM c WHERE c.pk = "b"', [], { forceQueryPlan: true })).toEqual([
    '4',
    '5',
  ]);
});
