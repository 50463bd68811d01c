import {
  ChangeFeedMode,
  ChangeFeedPolicy,
  ChangeFeedRetentionTimeSpan,
  ChangeFeedStartFrom,
  StatusCodes,
  type ChangeFeedIteratorOptions,
  type Container,
} from '@azure/cosmos';
import { onStandIn as test, startAccount, statusOf, type Account } from '../account';

// All versions and deletes needs continuous backup, which an account gets by hand and pays for: the stand-in's alone.

let account: Account;
let container: Container;
beforeAll(async () => {
  account = await startAccount({ partitions: 2 });
});
afterAll(() => account.stop());
beforeEach(async () => {
  container = await account.container({ changeFeedPolicy: policy(10) });
});

const policy = (minutes: number) => new ChangeFeedPolicy(ChangeFeedRetentionTimeSpan.fromMinutes(minutes));

interface Change {
  current?: { id: string; n?: number };
  metadata: {
    operationType: string;
    lsn: number;
    crts: number;
    previousImageLSN?: number;
    timeToLiveExpired?: boolean;
    id?: string;
    partitionKey?: Record<string, unknown>;
  };
}

/** Reads from where it was called; each call of the answer gives what came since. */
async function follow(options: Partial<ChangeFeedIteratorOptions> = {}) {
  const iterator = container.items.getChangeFeedIterator<Change>({
    changeFeedMode: ChangeFeedMode.AllVersionsAndDeletes,
    changeFeedStartFrom: ChangeFeedStartFrom.Now(),
    ...options,
  });
  const next = async () => {
    const changes: Change[] = [];
    let token = '';
    for (;;) {
      const { statusCode, result, continuationToken } = await iterator.readNext();
      token = continuationToken;
      if (statusCode === StatusCodes.NotModified) return { changes, token };
      changes.push(...result);
    }
  };
  // The position "now" is taken by the first reading.
  await next();
  return next;
}

const types = (changes: readonly Change[]) => changes.map(({ metadata }) => metadata.operationType);

test('each version and the delete of an item, in their order', async () => {
  const next = await follow();
  await container.items.create({ id: '1', pk: 'a', n: 1 });
  await container.items.upsert({ id: '1', pk: 'a', n: 2 });
  await container.item('1', 'a').patch([{ op: 'incr', path: '/n', value: 1 }]);
  await container.item('1', 'a').delete();
  const { changes } = await next();
  expect(types(changes)).toEqual(['create', 'replace', 'replace', 'delete']);
  expect(changes.map(({ current }) => current?.n)).toEqual([1, 2, 3, undefined]);
});

test('each change knows the LSN of the version before', async () => {
  const next = await follow();
  await container.items.create({ id: '1', pk: 'a' });
  await container.items.upsert({ id: '1', pk: 'a' });
  await container.item('1', 'a').delete();
  const [create, replace, remove] = (await next()).changes.map(({ metadata }) => metadata);
  expect(create).not.toHaveProperty('previousImageLSN');
  expect(replace?.previousImageLSN).toBe(create?.lsn);
  expect(remove?.previousImageLSN).toBe(replace?.lsn);
  expect(remove?.lsn).toBeGreaterThan(replace?.lsn ?? 0);
});

test('a delete names the item by its id and partition key, and has no current version', async () => {
  const next = await follow();
  await container.items.create({ id: '1', pk: 'a' });
  await container.item('1', 'a').delete();
  const remove = (await next()).changes.at(-1);
  expect(remove).not.toHaveProperty('current');
  expect(remove?.metadata).toMatchObject({ id: '1', partitionKey: { pk: 'a' }, timeToLiveExpired: false });
});

test('what happened before the position does not come', async () => {
  await container.items.create({ id: '1', pk: 'a' });
  const next = await follow();
  await container.items.create({ id: '2', pk: 'a' });
  expect((await next()).changes.map(({ current }) => current?.id)).toEqual(['2']);
});

test('a batch gives every step, a failed one none', async () => {
  const next = await follow();
  const create = (id: string) => ({ operationType: 'Create', resourceBody: { id, pk: 'a' } }) as const;
  await container.items.batch([create('1'), create('2'), { operationType: 'Delete', id: '1' }], 'a');
  await container.items.batch([create('3'), create('2')], 'a');
  expect(types((await next()).changes)).toEqual(['create', 'create', 'delete']);
});

test('of one partition key', async () => {
  const next = await follow({ changeFeedStartFrom: ChangeFeedStartFrom.Now('b') });
  await container.items.create({ id: '1', pk: 'a' });
  await container.items.create({ id: '2', pk: 'b' });
  expect((await next()).changes.map(({ current }) => current?.id)).toEqual(['2']);
});

test('a continuation goes on where it ended', async () => {
  const next = await follow();
  await container.items.create({ id: '1', pk: 'a' });
  const { token } = await next();
  await container.item('1', 'a').delete();
  const again = container.items.getChangeFeedIterator<Change>({
    changeFeedMode: ChangeFeedMode.AllVersionsAndDeletes,
    changeFeedStartFrom: ChangeFeedStartFrom.Continuation(token),
  });
  const found: Change[] = [];
  for (let i = 0; i < 4; i++) found.push(...(await again.readNext()).result);
  expect(types(found)).toEqual(['delete']);
});

test('an item that expires is deleted by its time to live', async () => {
  container = await account.container({ changeFeedPolicy: policy(10), defaultTtl: 5 });
  const next = await follow();
  await container.items.create({ id: '1', pk: 'a' });
  account.passSeconds(6);
  await account.local('sweep', {});
  const { changes } = await next();
  expect(types(changes)).toEqual(['create', 'delete']);
  expect(changes[1]?.metadata).toMatchObject({ id: '1', timeToLiveExpired: true });
});

test('versions older than the retention are gone', async () => {
  const next = await follow();
  await container.items.create({ id: '1', pk: 'a' });
  account.passSeconds(11 * 60);
  await container.items.create({ id: '2', pk: 'a' });
  expect((await next()).changes.map(({ current }) => current?.id)).toEqual(['2']);
});

test('the newest versions alone come in the other mode of the same container', async () => {
  await container.items.create({ id: '1', pk: 'a', n: 1 });
  await container.items.upsert({ id: '1', pk: 'a', n: 2 });
  const iterator = container.items.getChangeFeedIterator<{ n: number }>({
    changeFeedStartFrom: ChangeFeedStartFrom.Beginning('a'),
  });
  expect((await iterator.readNext()).result.map(({ n }) => n)).toEqual([2]);
});

test.each([
  ['from the beginning', ChangeFeedStartFrom.Beginning('a')],
  ['from a time', ChangeFeedStartFrom.Time(new Date(0), 'a')],
])('%s there are no versions: 400', async (_, changeFeedStartFrom) => {
  const iterator = container.items.getChangeFeedIterator({
    changeFeedMode: ChangeFeedMode.AllVersionsAndDeletes,
    changeFeedStartFrom,
  });
  expect(await statusOf(iterator.readNext())).toBe(400);
});

test('a container without a retention keeps no versions: 400', async () => {
  container = await account.container();
  const iterator = container.items.getChangeFeedIterator({
    changeFeedMode: ChangeFeedMode.AllVersionsAndDeletes,
    changeFeedStartFrom: ChangeFeedStartFrom.Now('a'),
  });
  expect(await statusOf(iterator.readNext())).toBe(400);
});
