import type { Container, PatchOperation } from '@azure/cosmos';
import { onStandIn, startAccount, statusOf, type Account } from './account';

let account: Account;
let container: Container;
let next = 0;

beforeAll(async () => {
  account = await startAccount();
  container = await account.container();
});
afterAll(() => account.stop());

/** A fresh item, so that tests do not meet. */
async function create(properties: object = {}) {
  const { resource } = await container.items.create({ id: `item${next++}`, pk: 'a', ...properties });
  if (resource === undefined) throw new Error('nothing was created');
  return { ...resource, item: container.item(resource.id, 'a') };
}
const ifMatch = (condition: string) => ({ accessCondition: { type: 'IfMatch', condition } });
const ifNoneMatch = (condition: string) => ({ accessCondition: { type: 'IfNoneMatch', condition } });

test('create answers 201 with the system properties and headers', async () => {
  const response = await container.items.create({ id: 'first', pk: 'a', text: 'grüße 😀' });
  expect(response.statusCode).toBe(201);
  expect(response.resource).toMatchObject({
    id: 'first',
    text: 'grüße 😀',
    _etag: expect.stringMatching(/^".+"$/),
    _rid: expect.any(String),
    _self: expect.stringMatching(/\/docs\/.+\/$/),
    _attachments: 'attachments/',
    _ts: expect.any(Number),
  });
  expect(response.headers['etag']).toBe(response.resource?._etag);
  expect(response.headers['x-ms-session-token']).toMatch(/^\d+:-?\d+#\d+/);
  expect(response.headers['x-ms-activity-id']).toMatch(/^[0-9a-f-]{36}$/);
  expect(response.requestCharge).toBeGreaterThan(1);
});

test('read, replace, upsert, delete', async () => {
  const { id, item, _etag, _rid } = await create({ n: 1 });
  expect((await item.read()).resource).toMatchObject({ n: 1 });
  const replaced = await item.replace({ id, pk: 'a', n: 2 });
  expect(replaced.resource).toMatchObject({ n: 2, _rid });
  expect(replaced.resource?._etag).not.toBe(_etag);
  expect((await container.items.upsert({ id, pk: 'a', n: 3 })).statusCode).toBe(200);
  expect((await container.items.upsert({ id: `${id}x`, pk: 'a' })).statusCode).toBe(201);
  expect((await item.delete()).statusCode).toBe(204);
  expect((await item.read()).statusCode).toBe(404);
  expect(await statusOf(item.delete())).toBe(404);
  expect(await statusOf(item.replace({ id, pk: 'a' }))).toBe(404);
});

test('the same id in two partitions is two items, in one a conflict', async () => {
  const { id } = await create();
  expect((await container.items.create({ id, pk: 'b' })).statusCode).toBe(201);
  expect(await statusOf(container.items.create({ id, pk: 'a' }))).toBe(409);
});

describe('conditions', () => {
  test('IfMatch: replace, upsert, delete and patch of another version are 412', async () => {
    const { id, item, _etag } = await create();
    await item.replace({ id, pk: 'a', n: 2 });
    const old = ifMatch(_etag);
    expect(await statusOf(item.replace({ id, pk: 'a' }, old))).toBe(412);
    expect(await statusOf(container.items.upsert({ id, pk: 'a' }, old))).toBe(412);
    expect(await statusOf(item.delete(old))).toBe(412);
    expect(await statusOf(item.patch([{ op: 'set', path: '/n', value: 9 }], old))).toBe(412);
    const { resource, etag } = await item.read();
    expect(resource).toMatchObject({ n: 2 });
    expect(await statusOf(item.replace({ id, pk: 'a', n: 3 }, ifMatch(etag)))).toBe('ok');
    expect(await statusOf(item.replace({ id, pk: 'a', n: 4 }, ifMatch('*')))).toBe('ok');
  });

  test('IfNoneMatch: an unchanged item reads as 304, an upsert of an existing one with * is 409', async () => {
    const { id, item, _etag } = await create();
    expect((await item.read(ifNoneMatch(_etag))).statusCode).toBe(304);
    expect((await item.read(ifNoneMatch('"other"'))).statusCode).toBe(200);
    expect(await statusOf(container.items.upsert({ id, pk: 'a' }, ifNoneMatch('*')))).toBe(409);
  });
});

describe('refused', () => {
  test.each(['a/b', 'a\\b', 'a?b', 'a#b'])('the id %s', async (id) => {
    expect(await statusOf(container.items.create({ id, pk: 'a' }))).not.toBe('ok');
    const response = await container.items.batch(
      [{ operationType: 'Create', resourceBody: { id, pk: 'a' } }],
      'a',
    );
    expect(response.result?.[0]?.statusCode).toBe(400);
  });

  test('an item above 2 MB is 413, one just below is kept', async () => {
    const size = 2 * 1024 * 1024;
    expect(await statusOf(container.items.create({ id: 'big', pk: 'a', text: 'x'.repeat(size) }))).toBe(413);
    expect((await container.item('big', 'a').read()).statusCode).toBe(404);
    expect(
      await statusOf(container.items.create({ id: 'large', pk: 'a', text: 'x'.repeat(size - 500) })),
    ).toBe('ok');
  });

  test('a body far above every limit is 413 as well', async () => {
    expect(await statusOf(container.items.create({ id: 'huge', pk: 'a', text: 'x'.repeat(17e6) }))).toBe(413);
  });

  test('another partition key in the body than in the header is 400/1001', async () => {
    const { id, item } = await create();
    await expect(item.replace({ id, pk: 'b' })).rejects.toMatchObject({ code: 400, substatus: 1001 });
  });

  test('changing the id by a replace', async () => {
    const { item } = await create();
    expect(await statusOf(item.replace({ id: 'other', pk: 'a' }))).toBe(400);
  });

  test.each([0, -2, 1.5, 'x'])('the ttl %s', async (ttl) => {
    expect(await statusOf(create({ ttl }))).not.toBe('ok');
  });
});

test('hostile property names stay properties', async () => {
  const text = '{"id":"hostile","pk":"a","__proto__":{"x":1},"constructor":2,"toString":null}';
  await container.items.create(JSON.parse(text));
  const { resource } = await container.item('hostile', 'a').read<Record<string, unknown>>();
  expect(Object.keys(resource ?? {})).toEqual(
    expect.arrayContaining(['__proto__', 'constructor', 'toString']),
  );
  const query =
    'SELECT VALUE c["__proto__"].x FROM c WHERE c.id = "hostile" AND c.hasOwnProperty = undefined';
  expect((await container.items.query(query).fetchAll()).resources).toEqual([]);
  const found = await container.items.query('SELECT c["__proto__"] FROM c WHERE c.id = "hostile"').fetchAll();
  expect(JSON.stringify(found.resources)).toBe('[{"__proto__":{"x":1}}]');
});

describe('partition keys', () => {
  test.each<[name: string, value: unknown]>([
    ['a number', 1.5],
    ['a boolean', false],
    ['null', null],
    ['an empty string', ''],
    ['unicode', 'ä😀"\\'],
    ['nothing', undefined],
  ])('%s', async (_, pk) => {
    const keys = await account.container({ partitionKey: '/deep/pk' as never });
    await keys.items.create({ id: '1', deep: pk === undefined ? {} : { pk } });
    await keys.items.create({ id: '1', deep: { pk: 'other' } });
    expect((await keys.item('1', pk as string).read()).statusCode).toBe(200);
    expect((await keys.item('1', 'none').read()).statusCode).toBe(404);
    const all = await keys.items.query('SELECT VALUE COUNT(1) FROM c').fetchAll();
    expect(all.resources).toEqual([2]);
  });

  // A preview feature that an account is enabled for, and that works in the background there.
  onStandIn('deleting all items of one key leaves the others', async () => {
    const keys = await account.container();
    for (const [id, pk] of [
      ['1', 'a'],
      ['2', 'a'],
      ['1', 'b'],
    ])
      await keys.items.create({ id, pk });
    await keys.deleteAllItemsForPartitionKey('a');
    expect((await keys.items.query('SELECT c.id, c.pk FROM c').fetchAll()).resources).toEqual([
      { id: '1', pk: 'b' },
    ]);
  });
});

describe('patch', () => {
  const start = { n: 1, list: [1, 2, 3], home: { city: 'Bern' } };
  // The SDK's type does not know 'move'.
  test.each<[name: string, operations: object[], expected: object]>([
    ['add a property', [{ op: 'add', path: '/x', value: null }], { x: null }],
    ['add replaces a property', [{ op: 'add', path: '/n', value: 5 }], { n: 5 }],
    ['add inserts into an array', [{ op: 'add', path: '/list/1', value: 9 }], { list: [1, 9, 2, 3] }],
    ['add appends to an array', [{ op: 'add', path: '/list/-', value: 9 }], { list: [1, 2, 3, 9] }],
    ['set overwrites an element', [{ op: 'set', path: '/list/1', value: 9 }], { list: [1, 9, 3] }],
    ['set goes deep', [{ op: 'set', path: '/home/zip', value: 1 }], { home: { city: 'Bern', zip: 1 } }],
    ['replace', [{ op: 'replace', path: '/home/city', value: 'Genf' }], { home: { city: 'Genf' } }],
    ['remove an element', [{ op: 'remove', path: '/list/0' }], { list: [2, 3] }],
    ['incr', [{ op: 'incr', path: '/n', value: 2.5 }], { n: 3.5 }],
    ['incr of nothing starts at 0', [{ op: 'incr', path: '/m', value: -1 }], { m: -1 }],
    ['move', [{ op: 'move', from: '/home/city', path: '/city' }], { city: 'Bern', home: {} }],
    ['escaped path', [{ op: 'set', path: '/a~1b~0', value: 1 }], { 'a/b~': 1 }],
    [
      'operations see each other',
      [
        { op: 'set', path: '/o', value: {} },
        { op: 'incr', path: '/o/n', value: 1 },
      ],
      { o: { n: 1 } },
    ],
  ])('%s', async (_, operations, expected) => {
    const { item } = await create(start);
    const { resource, statusCode } = await item.patch(operations as PatchOperation[]);
    expect([statusCode, resource]).toEqual([
      200,
      expect.objectContaining({ ...expected, _etag: expect.any(String) }),
    ]);
    expect((await item.read()).resource).toEqual(resource);
  });

  test.each<[name: string, operations: PatchOperation[]]>([
    ['replace of nothing', [{ op: 'replace', path: '/none', value: 1 }]],
    ['remove of nothing', [{ op: 'remove', path: '/none' }]],
    ['incr of a text', [{ op: 'incr', path: '/home/city', value: 1 }]],
    ['no parent', [{ op: 'set', path: '/none/x', value: 1 }]],
    ['an index out of bounds', [{ op: 'add', path: '/list/9', value: 1 }]],
    ['the id', [{ op: 'set', path: '/id', value: 'x' }]],
    ['the partition key', [{ op: 'set', path: '/pk', value: 'x' }]],
    ['a system property', [{ op: 'set', path: '/_ts', value: 1 }]],
    [
      'a good operation and a bad one',
      [
        { op: 'set', path: '/n', value: 9 },
        { op: 'remove', path: '/none' },
      ],
    ],
    ['eleven operations', Array.from({ length: 11 }, () => ({ op: 'incr', path: '/n', value: 1 }) as const)],
  ])('%s is 400 and changes nothing', async (_, operations) => {
    const { item, _etag } = await create(start);
    expect(await statusOf(item.patch(operations))).toBe(400);
    expect((await item.read()).etag).toBe(_etag);
  });

  test('a condition', async () => {
    const { item } = await create(start);
    const operations: PatchOperation[] = [{ op: 'incr', path: '/n', value: 1 }];
    expect(await statusOf(item.patch({ condition: 'from c where c.n = 2', operations }))).toBe(412);
    expect(await statusOf(item.patch({ condition: 'from c where c.n = 1', operations }))).toBe('ok');
    expect(await statusOf(item.patch({ condition: 'from c where', operations }))).toBe(400);
  });
});

describe('unique keys', () => {
  let unique: Container;
  beforeAll(async () => {
    unique = await account.container({
      uniqueKeyPolicy: { uniqueKeys: [{ paths: ['/a', '/b/c'] }, { paths: ['/mail'] }] },
    });
    await unique.items.create({ id: '1', pk: 'x', a: 1, b: { c: 1 }, mail: 'm1' });
  });

  test.each([
    ['the same pair', 'x', { a: 1, b: { c: 1 }, mail: 'm2' }, 409],
    ['half of a pair', 'x', { a: 1, b: { c: 2 }, mail: 'm3' }, 'ok'],
    ['the single key', 'x', { a: 2, mail: 'm1' }, 409],
    ['another partition', 'y', { a: 1, b: { c: 1 }, mail: 'm1' }, 'ok'],
  ])('%s', async (name, pk, properties, expected) => {
    expect(await statusOf(unique.items.create({ id: name, pk, ...properties }))).toBe(expected);
  });

  onStandIn('a value is free again after its holder changed or went, also after a restart', async () => {
    await unique.items.upsert({ id: '1', pk: 'x', a: 7, mail: 'm7' });
    expect(await statusOf(unique.items.create({ id: '2', pk: 'x', a: 1, b: { c: 1 }, mail: 'm1' }))).toBe(
      'ok',
    );
    await unique.item('2', 'x').delete();
    await account.restart();
    container = account.client.database(account.database).container(container.id);
    unique = account.client.database(account.database).container(unique.id);
    expect(await statusOf(unique.items.create({ id: '3', pk: 'x', a: 7, mail: 'm9' }))).toBe(409);
    expect(await statusOf(unique.items.create({ id: '3', pk: 'x', a: 1, b: { c: 1 }, mail: 'm1' }))).toBe(
      'ok',
    );
  });

  test('inside a batch', async () => {
    const create = (id: string, mail: string) =>
      ({ operationType: 'Create', resourceBody: { id, pk: 'z', a: id, mail } }) as const;
    const { result } = await unique.items.batch([create('1', 'm'), create('2', 'm')], 'z');
    expect(result?.map(({ statusCode }) => statusCode)).toEqual([424, 409]);
    const swapped = await unique.items.batch(
      [create('1', 'm'), { operationType: 'Delete', id: '1' }, create('2', 'm')],
      'z',
    );
    expect(swapped.result?.map(({ statusCode }) => statusCode)).toEqual([201, 204, 201]);
  });
});

describe('time to live', () => {
  onStandIn.each<[name: string, defaultTtl: number | undefined, ttl: number | undefined, lives: boolean]>([
    ['the default of the container', 10, undefined, false],
    ['a longer life of the item', 10, 100, true],
    ['for ever by the item', 10, -1, true],
    ['a ttl in a container that has it on', -1, 10, false],
    ['no ttl in a container that has it on', -1, undefined, true],
    ['a ttl in a container that has it off', undefined, 10, true],
  ])('%s', async (_, defaultTtl, ttl, lives) => {
    const short = await account.container(defaultTtl === undefined ? {} : { defaultTtl });
    await short.items.create({ id: '1', pk: 'a', ...(ttl !== undefined && { ttl }) });
    account.passSeconds(11);
    expect((await short.item('1', 'a').read()).statusCode).toBe(lives ? 200 : 404);
    expect((await short.items.readAll().fetchAll()).resources).toHaveLength(lives ? 1 : 0);
    const again = await statusOf(short.items.create({ id: '1', pk: 'a' }));
    expect(again).toBe(lives ? 409 : 'ok');
  });

  onStandIn('writing an item again prolongs its life', async () => {
    const short = await account.container({ defaultTtl: 10 });
    await short.items.create({ id: '1', pk: 'a' });
    account.passSeconds(6);
    await short.items.upsert({ id: '1', pk: 'a' });
    account.passSeconds(6);
    expect((await short.item('1', 'a').read()).statusCode).toBe(200);
  });
});
