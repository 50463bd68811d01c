import { BulkOperationType, type Container, type OperationInput } from '@azure/cosmos';
import { onStandIn, startAccount, statusOf, type Account } from './account';

let account: Account;
let container: Container;

beforeAll(async () => {
  account = await startAccount();
});
afterAll(() => account.stop());
beforeEach(async () => {
  container = await account.container();
  await container.items.create({ id: 'old', pk: 'a', n: 1 });
});

const create = (id: string, more = {}) =>
  ({
    operationType: BulkOperationType.Create,
    resourceBody: { id, pk: 'a', ...more },
  }) satisfies OperationInput;
const ids = async () => (await container.items.query('SELECT VALUE c.id FROM c').fetchAll()).resources;
const statuses = (result: { statusCode: number }[] | undefined) =>
  result?.map(({ statusCode }) => statusCode);

test('every kind of operation in one batch', async () => {
  const { code, result } = await container.items.batch(
    [
      create('new'),
      { operationType: 'Read', id: 'new' },
      {
        operationType: 'Patch',
        id: 'old',
        resourceBody: { operations: [{ op: 'incr', path: '/n', value: 1 }] },
      },
      { operationType: 'Upsert', resourceBody: { id: 'up', pk: 'a' } },
      { operationType: 'Replace', id: 'up', resourceBody: { id: 'up', pk: 'a', n: 3 } },
      { operationType: 'Delete', id: 'new' },
    ],
    'a',
  );
  expect(code).toBe(200);
  expect(statuses(result)).toEqual([201, 200, 200, 201, 200, 204]);
  expect(result?.[2]?.resourceBody).toMatchObject({ n: 2 });
  expect(result?.[0]?.eTag).toMatch(/^".+"$/);
  expect(await ids()).toEqual(['old', 'up']);
});

test.each<[name: string, failing: OperationInput, status: number]>([
  ['conflict', create('first'), 409],
  ['nothing to delete', { operationType: 'Delete', id: 'none' }, 404],
  [
    'another version',
    { operationType: 'Replace', id: 'first', ifMatch: '"other"', resourceBody: { id: 'first', pk: 'a' } },
    412,
  ],
  ['another partition key', { operationType: 'Create', resourceBody: { id: 'b', pk: 'b' } }, 400],
  ['a bad patch', { operationType: 'Patch', id: 'first', resourceBody: { operations: [] } }, 400],
  ['too large', create('large', { text: 'x'.repeat(1.9e6) }), 413],
])('all or nothing: %s', async (name, failing, status) => {
  const filler = name === 'too large' ? 'x'.repeat(400_000) : '';
  const operations = [
    create('first', { filler }),
    { operationType: 'Delete', id: 'old' } as const,
    failing,
    create('last'),
  ];
  const call = container.items.batch(operations, 'a');
  if (name === 'too large') await expect(call).rejects.toThrow('too large');
  else {
    const { code, result } = await call;
    expect(code).toBe(207);
    expect(statuses(result)).toEqual([424, 424, status, 424]);
  }
  expect(await ids()).toEqual(['old']);
});

test('more than 100 operations are refused by the SDK, and by the server for who asks without it', async () => {
  const many = Array.from({ length: 101 }, (_, i) => create(`${i}`));
  expect(await statusOf(container.items.batch(many, 'a'))).toMatch(/100/);
  expect(statuses((await container.items.batch(many.slice(1), 'a')).result)).toEqual(Array(100).fill(201));
});

onStandIn('a failed batch gives its LSNs back: the next change continues without a gap', async () => {
  await container.items.batch([create('x'), create('old')], 'a');
  const { headers } = await container.items.create({ id: 'next', pk: 'a' });
  expect(headers['x-ms-session-token']).toBe('0:-1#2');
});

test('bulk: each operation has its own fate and partition', async () => {
  const results = await container.items.executeBulkOperations([
    { operationType: 'Create', partitionKey: 'b', resourceBody: { id: '1', pk: 'b' } },
    { operationType: 'Create', partitionKey: 'a', resourceBody: { id: 'old', pk: 'a' } },
    { operationType: 'Upsert', partitionKey: 'c', resourceBody: { id: '2', pk: 'c' } },
    { operationType: 'Read', partitionKey: 'a', id: 'old' },
    {
      operationType: 'Patch',
      partitionKey: 'a',
      id: 'old',
      resourceBody: { operations: [{ op: 'set', path: '/n', value: 5 }] },
    },
    { operationType: 'Delete', partitionKey: 'z', id: 'none' },
  ]);
  const codes = results.map(({ response, error }) => response?.statusCode ?? error?.code);
  expect(codes).toEqual([201, 409, 201, 200, 200, 404]);
  expect((await ids()).sort()).toEqual(['1', '2', 'old']);
});

test('the older bulk call', async () => {
  const results = await container.items.bulk([create('1'), create('old')], { continueOnError: true });
  expect(statuses(results as { statusCode: number }[])).toEqual([201, 409]);
});

test('500 items at once arrive', async () => {
  const operations = Array.from({ length: 500 }, (_, i) => ({
    operationType: BulkOperationType.Create,
    partitionKey: `p${i % 7}`,
    resourceBody: { id: `${i}`, pk: `p${i % 7}` },
  }));
  const results = await container.items.executeBulkOperations(operations);
  expect(new Set(results.map(({ response }) => response?.statusCode))).toEqual(new Set([201]));
  expect(await ids()).toHaveLength(501);
});

test('writers at the same time: one of two creates wins, every increment counts', async () => {
  const outcomes = await Promise.all(
    [1, 2].map(() => statusOf(container.items.create({ id: 'race', pk: 'a' }))),
  );
  expect(outcomes.sort()).toEqual([409, 'ok']);
  await Promise.all(
    Array.from({ length: 50 }, () =>
      container.item('old', 'a').patch([{ op: 'incr', path: '/n', value: 1 }]),
    ),
  );
  expect((await container.item('old', 'a').read()).resource).toMatchObject({ n: 51 });
});
