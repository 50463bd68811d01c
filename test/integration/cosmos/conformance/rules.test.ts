import type { Container, IndexingPolicy } from '@azure/cosmos';
import { onStandIn, startAccount, statusOf, type Account } from '../account';

let account: Account;
beforeAll(async () => {
  account = await startAccount();
});
afterAll(() => account.stop());

describe('ORDER BY needs its index', () => {
  const policy: IndexingPolicy = {
    includedPaths: [{ path: '/*' }],
    excludedPaths: [{ path: '/hidden/?' }, { path: '/deep/*' }, { path: '/"_etag"/?' }],
    compositeIndexes: [
      [
        { path: '/name', order: 'ascending' },
        { path: '/age', order: 'ascending' },
      ],
      [
        { path: '/a/b', order: 'ascending' },
        { path: '/n', order: 'descending' },
        { path: '/z', order: 'ascending' },
      ],
    ],
  };
  let container: Container;
  beforeAll(async () => {
    const indexed = { ...policy, includedPaths: [{ path: '/*' }, { path: '/deep/known/?' }] };
    container = await account.container({ indexingPolicy: indexed });
    await container.items.create({ id: '1', pk: 'a', name: 'x', age: 1, n: 1, z: 1, a: { b: 1 } });
  });

  test.each<[orderBy: string, outcome: unknown]>([
    ['c.name, c.age', 'ok'],
    ['c.name DESC, c.age DESC', 'ok'],
    ['c.name ASC, c.age DESC', 400],
    ['c.age, c.name', 400],
    ['c.name, c.n', 400],
    ['c.a.b ASC, c.n DESC, c.z ASC', 'ok'],
    ['c.a.b DESC, c.n ASC, c.z DESC', 'ok'],
    ['c.a.b ASC, c.n DESC', 400],
    ['c.a.b ASC, c.n ASC, c.z ASC', 400],
    ['c.n', 'ok'],
    ['c.id DESC', 'ok'],
    ['c._ts', 'ok'],
    ['c.hidden', 400],
    ['c.hidden.below', 'ok'],
    ['c.deep.any.path', 400],
    ['c.deep.known', 'ok'],
  ])('ORDER BY %s: %s', async (orderBy, outcome) => {
    const query = container.items.query(`SELECT * FROM c ORDER BY ${orderBy}`, { partitionKey: 'a' });
    expect(await statusOf(query.fetchAll())).toBe(outcome);
  });
});

describe('charges', () => {
  let container: Container;
  const filler = (kilobytes: number) => 'x'.repeat(kilobytes * 1024);
  beforeAll(async () => {
    container = await account.container();
  });
  const create = async (id: string, more: object) =>
    (await container.items.create({ id, pk: 'a', ...more })).requestCharge;

  test('a point read of up to 1 KB is 1 RU, of 100 KB about 10', async () => {
    await create('small', {});
    await create('large', { text: filler(100) });
    expect((await container.item('small', 'a').read()).requestCharge).toBe(1);
    const large = (await container.item('large', 'a').read()).requestCharge;
    expect(large).toBeGreaterThan(7);
    expect(large).toBeLessThan(13);
  });

  test('a write of 1 KB is about 5 RU, of 100 KB about 50', async () => {
    const small = await create('w1', { text: filler(0.8) });
    const large = await create('w100', { text: filler(100) });
    expect(small).toBeGreaterThan(4);
    expect(small).toBeLessThan(8);
    expect(large).toBeGreaterThan(40);
    expect(large).toBeLessThan(60);
  });

  test('every indexed value makes a write dearer', async () => {
    const values = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`v${i}`, i]));
    expect(await create('many', values)).toBeGreaterThan((await create('few', {})) + 3);
  });

  test('a replace costs more than the create', async () => {
    const created = await create('again', { n: 1 });
    const { requestCharge } = await container.items.upsert({ id: 'again', pk: 'a', n: 2 });
    expect(requestCharge).toBeGreaterThan(created * 1.3);
  });

  test('a query costs more than a point read, and a failed one costs as well', async () => {
    const { requestCharge } = await container.items
      .query('SELECT * FROM c WHERE c.id = "small"', { partitionKey: 'a' })
      .fetchAll();
    expect(requestCharge).toBeGreaterThan(2);
    await expect(container.item('none', 'a').delete()).rejects.toMatchObject({
      headers: expect.objectContaining({ 'x-ms-request-charge': expect.anything() }),
    });
  });
});

describe('sessions', () => {
  test('a write leads to a read of what was written', async () => {
    const container = await account.container();
    const { headers } = await container.items.create({ id: '1', pk: 'a' });
    const sessionToken = String(headers['x-ms-session-token']);
    expect(sessionToken).toMatch(/^\d+:-?\d+#\d+/);
    expect((await container.item('1', 'a').read({ sessionToken })).statusCode).toBe(200);
  });

  test('a token grows with every write', async () => {
    const container = await account.container();
    const lsn = async () =>
      Number(
        /#(\d+)/.exec(
          String((await container.items.upsert({ id: '1', pk: 'a' })).headers['x-ms-session-token']),
        )?.[1],
      );
    const first = await lsn();
    expect(await lsn()).toBeGreaterThan(first);
  });

  onStandIn(
    'a token of the future cannot be served (404/1002): the SDK forgets it and reads again',
    async () => {
      const container = await account.container();
      await container.items.create({ id: '1', pk: 'a' });
      const { statusCode, diagnostics } = await container.item('1', 'a').read({ sessionToken: '0:-1#99' });
      expect(statusCode).toBe(200);
      const { failedAttempts } = diagnostics.clientSideRequestStatistics.retryDiagnostics;
      expect(failedAttempts.map((attempt) => attempt.statusCode)).toEqual([404]);
    },
  );
});

describe('what is not supported is refused by name', () => {
  onStandIn.each<[name: string, call: (container: Container) => Promise<unknown>, message: RegExp]>([
    [
      'a stored procedure',
      (c) => c.scripts.storedProcedures.create({ id: 's', body: 'x' }),
      /Stored procedures/,
    ],
    [
      'a user-defined function',
      (c) => c.scripts.userDefinedFunctions.create({ id: 'f', body: 'x' }),
      /user-defined/,
    ],
    ['a trigger', (c) => c.scripts.triggers.create({ id: 't', body: 'x' } as never), /triggers/],
    [
      'a write with a trigger',
      (c) => c.items.create({ id: 't', pk: 'a' }, { preTriggerInclude: 't' }),
      /Triggers/,
    ],
    [
      'a computed property',
      (c) => withDefinition(c, { computedProperties: [{ name: 'x', query: 'SELECT VALUE 1' }] }),
      /computedProperties/,
    ],
    [
      'a vector index',
      (c) => withDefinition(c, { vectorEmbeddingPolicy: { vectorEmbeddings: [] } }),
      /vectorEmbeddingPolicy/,
    ],
    [
      'a key of version 1',
      (c) => withDefinition(c, { partitionKey: { paths: ['/pk'], version: 1 } }),
      /version 1/,
    ],
  ])('%s', async (_, call, message) => {
    await expect(call(await account.container())).rejects.toMatchObject({
      code: 400,
      message: expect.stringMatching(message),
    });
  });

  const withDefinition = (container: Container, more: object) =>
    container.database.containers.create({ id: 'x', partitionKey: '/pk', ...more } as never);
});

describe('faults on demand', () => {
  let container: Container;
  beforeAll(async () => {
    container = await account.container();
    await container.items.create({ id: '1', pk: 'a', n: 0 });
  });
  afterEach(() => account.local('faults', {}));

  onStandIn.each<[name: string, faults: object, expected: object]>([
    ['410 with the substatus of a split', { statuses: [410] }, { code: 410, substatus: 1002 }],
    ['410 with another substatus', { statuses: [410], substatus: 1007 }, { code: 410, substatus: 1007 }],
    ['449', { statuses: [449] }, { code: 449 }],
    ['408', { statuses: [408] }, { code: 408 }],
  ])('%s reaches the caller', async (_, faults, expected) => {
    await account.local('faults', { rate: 1, ...faults });
    await expect(container.items.create({ id: '2', pk: 'a' })).rejects.toMatchObject(expected);
  });

  onStandIn('a fault that ends after so many times', async () => {
    await account.local('faults', { rate: 1, statuses: [449], times: 2 });
    const outcomes = [];
    for (let i = 0; i < 4; i++) outcomes.push(await statusOf(container.item('1', 'a').read()));
    expect(outcomes).toEqual([449, 449, 'ok', 'ok']);
  });

  onStandIn(
    'an answer that is lost: the caller sees a broken connection, and the item is there',
    async () => {
      await account.local('faults', { lost: 1, times: 1 });
      expect(await statusOf(container.items.create({ id: 'lost', pk: 'a' }))).toBe('ECONNRESET');
      expect((await container.item('lost', 'a').read()).statusCode).toBe(200);
    },
  );

  onStandIn('latency is added to every request', async () => {
    await account.local('faults', { latencyMs: 120 });
    const start = performance.now();
    await container.item('1', 'a').read();
    expect(performance.now() - start).toBeGreaterThanOrEqual(115);
  });
});
