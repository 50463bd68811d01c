import { cpSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Catalog } from '../../../local/cosmos/catalog';
import { Changes, type Container } from '../../../local/cosmos/container';
import { Store } from '../../../local/cosmos/store';

let dataDir: string;
let store: Store;
let catalog: Catalog;
let container: Container;
let now = 1_000_000;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'cosmos-'));
  store = new Store(dataDir);
  catalog = new Catalog(store, () => now);
  const database = catalog.createDatabase({ id: 'd' }, undefined);
  const definition = { id: 'c', partitionKey: { paths: ['/pk'] }, defaultTtl: 10 };
  container = catalog.createContainer(database, definition, undefined).state;
});
afterEach(async () => {
  jest.restoreAllMocks();
  store.close();
  await rm(dataDir, { recursive: true, force: true });
});

function create(id: string): void {
  const changes = new Changes(container, '["a"]');
  changes.put({ id, pk: 'a' }, id, null);
  container.apply(changes);
}
/** What another process would find if this one died now: only what is committed. */
const kept = () => {
  const copy = join(dataDir, 'copy');
  rmSync(copy, { recursive: true, force: true });
  for (const file of ['cosmos.db', 'cosmos.db-wal']) cpSync(join(dataDir, file), join(copy, file));
  const other = new DatabaseSync(join(copy, 'cosmos.db'));
  const rows = other.prepare(`SELECT id FROM items_${container.definition.number} ORDER BY created`).all();
  other.close();
  return rows.map(({ id }) => id);
};

test('the writes of one turn are one commit', async () => {
  const commit = jest.spyOn(store, 'commit');
  for (const id of ['1', '2', '3']) create(id);
  expect(kept()).toEqual([]);
  await catalog.commits.settled();
  expect(kept()).toEqual(['1', '2', '3']);
  expect(commit).toHaveBeenCalledTimes(1);
  expect(catalog.commits.settled()).toBeUndefined();
});

test('a commit that fails refuses the waiting requests and memory goes back to what is on disk', async () => {
  create('1');
  await catalog.commits.settled();
  jest.spyOn(store, 'commit').mockImplementationOnce(() => {
    throw new Error('disk full');
  });
  create('2');
  expect(container.get('["a"]', '2')).toBeDefined();
  await expect(catalog.commits.settled()).rejects.toMatchObject({ status: 503 });
  expect([...container.items()].map(({ row }) => row.id)).toEqual(['1']);
  expect(container.lsn).toBe(1);
  create('3');
  await catalog.commits.settled();
  expect(kept()).toEqual(['1', '3']);
});

test('a change that fails half done takes the whole turn back', async () => {
  create('1');
  const waiting = catalog.commits.settled();
  jest.spyOn(store, 'put').mockImplementationOnce(() => {
    throw new Error('disk full');
  });
  expect(() => create('2')).toThrow(/could not be written/);
  await expect(waiting).rejects.toMatchObject({ status: 503 });
  expect(catalog.commits.settled()).toBeUndefined();
  expect([container.lsn, kept()]).toEqual([0, []]);
  create('3');
  await catalog.commits.settled();
  expect(kept()).toEqual(['3']);
});

test('where writers come together the next commit waits for more of them', async () => {
  const commit = jest.spyOn(store, 'commit');
  for (const id of ['1', '2']) create(id);
  await catalog.commits.settled();
  create('3');
  await new Promise((resolve) => setImmediate(resolve));
  create('4');
  await catalog.commits.settled();
  expect(commit.mock.calls.length).toBeLessThanOrEqual(3);
  expect(kept()).toEqual(['1', '2', '3', '4']);
});

test('an item is gone in the second in which its time is over', async () => {
  create('1');
  await catalog.commits.settled();
  now += 9_000;
  expect(container.get('["a"]', '1')).toBeDefined();
  now += 1_000;
  expect(container.get('["a"]', '1')).toBeUndefined();
});

test('the sweep removes expired items from disk, and not one that was written again', async () => {
  create('1');
  create('2');
  await catalog.commits.settled();
  now += 11_000;
  create('2');
  catalog.sweep();
  await catalog.commits.settled();
  expect(kept()).toEqual(['2']);
});
