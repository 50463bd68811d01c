import {
  ChangeFeedStartFrom,
  StatusCodes,
  type ChangeFeedIteratorOptions,
  type Container,
} from '@azure/cosmos';
import { onStandIn, startAccount, type Account } from './account';

let account: Account;
let container: Container;

beforeAll(async () => {
  account = await startAccount();
});
afterAll(() => account.stop());
beforeEach(async () => {
  container = await account.container();
});

const write = async (...ids: string[]) => {
  for (const id of ids) await container.items.upsert({ id, pk: id.slice(0, 1), at: Date.now() });
};

/** All there is now, and where it ends. */
async function drain(options: ChangeFeedIteratorOptions) {
  const iterator = container.items.getChangeFeedIterator<{ id: string; _lsn: number }>(options);
  const pages: string[][] = [];
  for (;;) {
    const response = await iterator.readNext();
    if (response.statusCode === StatusCodes.NotModified) {
      return { ids: pages.flat(), pages, continuation: response.continuationToken };
    }
    pages.push(response.result.map(({ id }) => id));
  }
}

test('each item once, at its newest version, in the order of the changes', async () => {
  await write('a1', 'a2', 'b1');
  await write('a1');
  await container.item('a2', 'a').delete();
  expect((await drain({ changeFeedStartFrom: ChangeFeedStartFrom.Beginning() })).ids).toEqual(['b1', 'a1']);
});

test('pages of two', async () => {
  await write('a1', 'a2', 'a3', 'a4', 'a5');
  const { pages } = await drain({ maxItemCount: 2, changeFeedStartFrom: ChangeFeedStartFrom.Beginning() });
  expect(pages).toEqual([['a1', 'a2'], ['a3', 'a4'], ['a5']]);
});

onStandIn('documents carry _lsn, which grows', async () => {
  await write('a1', 'a2');
  const iterator = container.items.getChangeFeedIterator<{ _lsn: number }>({
    changeFeedStartFrom: ChangeFeedStartFrom.Beginning(),
  });
  const { result, etag } = (await iterator.readNext()) as unknown as {
    result: { _lsn: number }[];
    etag: string;
  };
  expect(result.map(({ _lsn }) => _lsn)).toEqual([1, 2]);
  expect(etag ?? '"2"').toBe('"2"');
});

onStandIn('a continuation goes on where it ended, also after a restart', async () => {
  await write('a1');
  const { continuation } = await drain({ changeFeedStartFrom: ChangeFeedStartFrom.Beginning() });
  await write('a2');
  await account.restart();
  container = account.client.database(account.database).container(container.id);
  await write('a3');
  expect((await drain({ changeFeedStartFrom: ChangeFeedStartFrom.Continuation(continuation) })).ids).toEqual([
    'a2',
    'a3',
  ]);
});

test('from now: only what comes later', async () => {
  await write('a1');
  const iterator = container.items.getChangeFeedIterator<{ id: string }>({
    changeFeedStartFrom: ChangeFeedStartFrom.Now(),
  });
  expect((await iterator.readNext()).statusCode).toBe(304);
  await write('a2');
  expect((await iterator.readNext()).result.map(({ id }) => id)).toEqual(['a2']);
  expect((await iterator.readNext()).statusCode).toBe(304);
});

onStandIn('from a time', async () => {
  await write('a1');
  account.passSeconds(100);
  await write('a2');
  const { resource } = await container.item('a2', 'a').read<{ _ts: number }>();
  const from = new Date(((resource?._ts ?? 0) - 50) * 1000);
  expect((await drain({ changeFeedStartFrom: ChangeFeedStartFrom.Time(from) })).ids).toEqual(['a2']);
});

test('of one partition key', async () => {
  await write('a1', 'b1', 'a2', 'b2');
  const { ids } = await drain({ maxItemCount: 1, changeFeedStartFrom: ChangeFeedStartFrom.Beginning('b') });
  expect(ids).toEqual(['b1', 'b2']);
});

test('of a feed range', async () => {
  await write('a1', 'b1');
  const [range] = await container.getFeedRanges();
  if (range === undefined) throw new Error('no feed range');
  expect((await drain({ changeFeedStartFrom: ChangeFeedStartFrom.Beginning(range) })).ids).toEqual([
    'a1',
    'b1',
  ]);
});

onStandIn('expired items do not appear', async () => {
  container = await account.container({ defaultTtl: 10 });
  await write('a1');
  account.passSeconds(11);
  await write('a2');
  expect(
    (await drain({ maxItemCount: 1, changeFeedStartFrom: ChangeFeedStartFrom.Beginning() })).ids,
  ).toEqual(['a2']);
});
