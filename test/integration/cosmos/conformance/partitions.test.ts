import { createHmac } from 'node:crypto';
import { ChangeFeedStartFrom, type Container, type FeedRange } from '@azure/cosmos';
import { emulatorKey } from '../../../../local/cosmos';
import { onStandIn, startAccount, statusOf, type Account } from '../account';

// How many physical partitions a real account's container has is the service's affair, and a split cannot be asked for:
// what counts on them is checked on the stand-in alone.

let account: Account;
let container: Container;
const partitions = 4;
const keys = 24;
const items = Array.from({ length: 60 }, (_, n) => ({ id: `${n}`, pk: `p${n % keys}`, n, g: n % 4 || 4 }));

beforeAll(async () => {
  account = await startAccount({ partitions });
});
afterAll(() => account.stop());
/** Those that change nothing share one container. */
beforeAll(() => fill());
async function fill(): Promise<void> {
  container = await account.container();
  await container.items.bulk(items.map((resourceBody) => ({ operationType: 'Create', resourceBody })));
}

const split = (range: string) =>
  account.local('split', { database: container.database.id, container: container.id, range }) as Promise<
    { id: string; min: string; max: string; parents: string[] }[]
  >;
const numbers = (rows: unknown[]) => rows.map(Number).sort((a, b) => a - b);
const all = items.map(({ n }) => n);

/** A query of one physical partition, as the SDK sends it, under a range id that it would not use any more. */
async function ask(rangeId: string, query: string, headers: Record<string, string> = {}) {
  const link = `dbs/${container.database.id}/colls/${container.id}`;
  const date = new Date().toUTCString();
  const sig = createHmac('sha256', Buffer.from(emulatorKey, 'base64'))
    .update(`post\ndocs\n${link}\n${date.toLowerCase()}\n\n`)
    .digest('base64');
  const response = await fetch(`${account.endpoint}${link}/docs`, {
    method: 'POST',
    headers: {
      authorization: encodeURIComponent(`type=master&ver=1.0&sig=${sig}`),
      'x-ms-date': date,
      'x-ms-documentdb-isquery': 'true',
      'content-type': 'application/query+json',
      ...(rangeId !== '' && { 'x-ms-documentdb-partitionkeyrangeid': rangeId }),
      ...headers,
    },
    body: JSON.stringify({ query }),
  });
  return {
    status: response.status,
    substatus: response.headers.get('x-ms-substatus'),
    session: response.headers.get('x-ms-session-token'),
    body: (await response.json()) as { Documents?: unknown[]; additionalErrorInfo?: string },
  };
}

onStandIn('the feed ranges are four that cover all hashes without a gap', async () => {
  const ranges = [...(await container.getFeedRanges())] as unknown as {
    minInclusive: string;
    maxExclusive: string;
  }[];
  expect(ranges).toHaveLength(partitions);
  expect(ranges.map(({ minInclusive }) => minInclusive)).toEqual([
    '',
    ...ranges.slice(0, -1).map(({ maxExclusive }) => maxExclusive),
  ]);
  expect(ranges.at(-1)?.maxExclusive).toBe('FF');
});

onStandIn('every item is in one partition, and no partition has all', async () => {
  const found = await Promise.all(
    ['0', '1', '2', '3'].map(async (id) => (await ask(id, 'SELECT VALUE c.n FROM c')).body.Documents ?? []),
  );
  expect(numbers(found.flat())).toEqual(all);
  expect(Math.max(...found.map(({ length }) => length))).toBeLessThan(all.length);
});

onStandIn('the items of a partition key are together', async () => {
  for (const id of ['0', '1', '2', '3']) {
    const { body } = await ask(id, 'SELECT VALUE c.pk FROM c');
    for (const pk of new Set(body.Documents as string[])) {
      expect(body.Documents?.filter((each) => each === pk)).toHaveLength(
        items.filter((item) => item.pk === pk).length,
      );
    }
  }
});

onStandIn('a query that puts partitions together is told to fetch its plan', async () => {
  const { status, substatus, body } = await ask('', 'SELECT VALUE COUNT(1) FROM c');
  expect([status, substatus]).toEqual([400, '1004']);
  expect(body.additionalErrorInfo).toEqual(expect.any(String));
});

test.each<[text: string, expected: unknown[]]>([
  ['SELECT VALUE c.n FROM c ORDER BY c.n', all],
  ['SELECT VALUE c.n FROM c ORDER BY c.n DESC', [...all].reverse()],
  ['SELECT TOP 7 VALUE c.n FROM c ORDER BY c.n', all.slice(0, 7)],
  ['SELECT VALUE c.n FROM c ORDER BY c.n OFFSET 20 LIMIT 5', all.slice(20, 25)],
  ['SELECT DISTINCT VALUE c.g FROM c ORDER BY c.g', [1, 2, 3, 4]],
  ['SELECT VALUE SUM(c.n) FROM c', [1770]],
  ['SELECT VALUE AVG(c.n) FROM c WHERE c.n < 10', [4.5]],
  ['SELECT VALUE MIN(c.n) FROM c WHERE c.n > 33', [34]],
  ['SELECT VALUE COUNT(1) FROM c WHERE c.pk IN ("p1", "p2")', [6]],
  ['SELECT VALUE COUNT(1) FROM c WHERE c.pk = "p1"', [3]],
])('across partitions: %s', async (text, expected) => {
  expect((await container.items.query(text).fetchAll()).resources).toEqual(expected);
});

test('groups of several partitions become one', async () => {
  const { resources } = await container.items
    .query('SELECT c.g, COUNT(1) AS k, AVG(c.n) AS mean, MAX(c.n) AS most FROM c GROUP BY c.g')
    .fetchAll();
  expect(resources).toHaveLength(4);
  expect(resources).toContainEqual({ g: 3, k: 15, mean: 31, most: 59 });
});

onStandIn('the filter on the key leaves the other partitions alone: they cost nothing', async () => {
  const charge = async (text: string) => (await container.items.query(text).fetchAll()).requestCharge;
  const [one, everything] = await Promise.all([
    charge('SELECT * FROM c WHERE c.pk = "p1" ORDER BY c.n'),
    charge('SELECT * FROM c ORDER BY c.n'),
  ]);
  expect(everything).toBeGreaterThan(one * 2);
});

test.each([
  ['in order', 'SELECT VALUE c.n FROM c ORDER BY c.n'],
  ['without order', 'SELECT VALUE c.n FROM c'],
])('pages of seven %s, each from the token of the one before, give all once', async (_, text) => {
  const found: unknown[] = [];
  let continuationToken: string | undefined;
  do {
    const options = { maxItemCount: 7, enableQueryControl: true, forceQueryPlan: true, continuationToken };
    const page = await container.items.query(text, options).fetchNext();
    found.push(...page.resources);
    continuationToken = page.continuationToken;
  } while (continuationToken);
  expect(text.includes('ORDER') ? found : numbers(found)).toEqual(all);
});

test('a batch is about one partition key, wherever that is', async () => {
  const { code } = await container.items.batch(
    [
      { operationType: 'Create', resourceBody: { id: 'x', pk: 'p3' } },
      { operationType: 'Delete', id: '3' },
    ],
    'p3',
  );
  expect(code).toBe(200);
  expect((await container.item('x', 'p3').read()).statusCode).toBe(200);
});

onStandIn('session tokens name the partition of the item', async () => {
  const token = async (pk: string) =>
    String((await container.items.upsert({ id: 's', pk })).headers['x-ms-session-token']).split(':')[0];
  const ids = await Promise.all(items.slice(0, keys).map(({ pk }) => token(pk)));
  expect([...new Set(ids)].sort()).toEqual(['0', '1', '2', '3']);
});

describe('a split', () => {
  beforeEach(() => fill());

  onStandIn('leaves two ranges in the place of one, under new ids', async () => {
    const ranges = await split('1');
    expect(ranges.map(({ id }) => id)).toEqual(['0', '4', '5', '2', '3']);
    expect(ranges.filter(({ parents }) => parents.includes('1'))).toHaveLength(2);
    expect(await container.getFeedRanges()).toHaveLength(5);
  });

  onStandIn('the old range is gone (410/1002), its halves hold what it held', async () => {
    const before = (await ask('1', 'SELECT VALUE c.n FROM c')).body.Documents ?? [];
    await split('1');
    const gone = await ask('1', 'SELECT VALUE c.n FROM c');
    expect([gone.status, gone.substatus]).toEqual([410, '1002']);
    const halves = await Promise.all(['4', '5'].map((id) => ask(id, 'SELECT VALUE c.n FROM c')));
    expect(numbers(halves.flatMap(({ body }) => body.Documents ?? []))).toEqual(numbers(before));
  });

  onStandIn('an unknown range is gone as well', async () => {
    expect(await ask('77', 'SELECT VALUE 1')).toMatchObject({ status: 410, substatus: '1002' });
  });

  onStandIn('reads and writes of items do not notice', async () => {
    await split('0');
    for (const { id, pk } of items.slice(0, keys))
      expect((await container.item(id, pk).read()).statusCode).toBe(200);
    expect((await container.items.create({ id: 'new', pk: 'p1' })).statusCode).toBe(201);
  });

  onStandIn('a new query sees the new ranges', async () => {
    await container.items.query('SELECT VALUE COUNT(1) FROM c').fetchAll();
    await split('2');
    expect((await container.items.query('SELECT VALUE COUNT(1) FROM c').fetchAll()).resources).toEqual([60]);
  });

  onStandIn('a paged query without order that is under way gives every item once', async () => {
    const iterator = container.items.query<number>('SELECT VALUE c.n FROM c', { maxItemCount: 4 });
    const found = [...(await iterator.fetchNext()).resources];
    for (const range of ['0', '1', '2', '3']) await split(range);
    // Bounded: a fault may give the same rows for ever.
    while (iterator.hasMoreResults() && found.length <= 2 * all.length)
      found.push(...(await iterator.fetchNext()).resources);
    expect(numbers(found)).toEqual(all);
  });

  onStandIn('a bulk client refreshes its ranges and goes on', async () => {
    const upserts = items.map((item) => ({
      operationType: 'Upsert' as const,
      resourceBody: { ...item, m: 1 },
    }));
    await container.items.bulk(upserts);
    await split('1');
    const results = (await container.items.bulk(upserts)) as { statusCode: number }[];
    expect(new Set(results.map(({ statusCode }) => statusCode))).toEqual(new Set([200]));
  });

  onStandIn('the change feed goes on in the halves: nothing is lost and nothing comes twice', async () => {
    const iterator = container.items.getChangeFeedIterator<{ n: number }>({
      maxItemCount: 3,
      changeFeedStartFrom: ChangeFeedStartFrom.Beginning(),
    });
    const found: number[] = [];
    const read = async () => {
      const { statusCode, result } = await iterator.readNext();
      if (statusCode === 200) found.push(...result.map(({ n }) => n));
      return statusCode;
    };
    await read();
    for (const range of ['0', '1', '2', '3']) await split(range);
    while ((await read()) === 200);
    expect(numbers(found)).toEqual(all);
  });

  onStandIn('survives a restart', async () => {
    const ranges = await split('3');
    const { id } = container;
    await account.restart();
    container = account.client.database(account.database).container(id);
    expect(await container.getFeedRanges()).toHaveLength(ranges.length);
    expect((await container.items.query('SELECT VALUE COUNT(1) FROM c').fetchAll()).resources).toEqual([60]);
  });
});

describe('hierarchical keys', () => {
  let nested: Container;
  beforeEach(async () => {
    nested = await account.container({
      partitionKey: { paths: ['/tenant', '/user', '/session'], kind: 'MultiHash' as never, version: 2 },
    });
    for (const tenant of ['t1', 't2'])
      for (const user of ['u1', 'u2'])
        for (const session of ['s1', 's2'])
          await nested.items.create({ id: `${tenant}${user}${session}`, tenant, user, session });
  });
  const ids = async (text: string, partitionKey?: string[]) =>
    (await nested.items.query<string>(text, partitionKey && { partitionKey }).fetchAll()).resources.sort();

  test.each<[key: string[], count: number]>([
    [['t1'], 4],
    [['t1', 'u2'], 2],
    [['t2', 'u1', 's2'], 1],
    [['none'], 0],
  ])('the prefix %j finds %i', async (key, count) => {
    const found = await ids('SELECT VALUE c.id FROM c', key);
    expect(found).toHaveLength(count);
    expect(found.every((id) => id.startsWith(key.join('')))).toBe(true);
  });

  test('a prefix in the filter finds the same', async () => {
    expect(await ids('SELECT VALUE c.id FROM c WHERE c.tenant = "t1" AND c.user = "u2"')).toEqual([
      't1u2s1',
      't1u2s2',
    ]);
    expect(await ids('SELECT VALUE COUNT(1) FROM c WHERE c.tenant = "t2"')).toEqual([4]);
  });

  test('the same id under two keys is two items', async () => {
    await nested.items.create({ id: 'same', tenant: 't1', user: 'u1', session: 's1' });
    await nested.items.create({ id: 'same', tenant: 't1', user: 'u1', session: 's2' });
    expect(await statusOf(nested.items.create({ id: 'same', tenant: 't1', user: 'u1', session: 's2' }))).toBe(
      409,
    );
    expect((await nested.item('same', ['t1', 'u1', 's2']).read()).resource).toMatchObject({ session: 's2' });
  });

  test('the change feed of a prefix, by its part of the hashes', async () => {
    const iterator = nested.items.getChangeFeedIterator<{ id: string }>({
      changeFeedStartFrom: ChangeFeedStartFrom.Beginning(['t1', 'u1']),
    });
    const { result } = await iterator.readNext();
    expect(result.map(({ id }) => id)).toEqual(['t1u1s1', 't1u1s2']);
  });

  test('two levels without the kind MultiHash are refused', async () => {
    expect(await statusOf(account.container({ partitionKey: { paths: ['/a', '/b'] } as never }))).not.toBe(
      'ok',
    );
  });
});

onStandIn('the change feed of each feed range has its own items', async () => {
  const ranges = [...(await container.getFeedRanges())] as FeedRange[];
  const found = await Promise.all(
    ranges.map(async (range) => {
      const iterator = container.items.getChangeFeedIterator<{ n: number }>({
        changeFeedStartFrom: ChangeFeedStartFrom.Beginning(range),
      });
      return (await iterator.readNext()).result.map(({ n }) => n);
    }),
  );
  expect(numbers(found.flat())).toEqual(all);
  expect(found.filter(({ length }) => length > 0).length).toBeGreaterThan(1);
});
