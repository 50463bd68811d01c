import { CosmosClient } from '@azure/cosmos';
import { onStandIn, startAccount, statusOf, type Account } from './account';

let account: Account;
beforeAll(async () => {
  account = await startAccount();
});
afterAll(() => account.stop());

onStandIn('the account document leads back to the same host and port', async () => {
  const { resource } = await account.client.getDatabaseAccount();
  expect(resource?.writableLocations.map((location) => location.databaseAccountEndpoint)).toEqual([
    account.endpoint,
  ]);
  expect(resource?.consistencyPolicy).toBe('Session');
});

test.each([
  ['another key', () => Buffer.from('wrong key').toString('base64'), 401],
  ['the key', () => account.key, 'ok'],
])('%s', async (_, key, expected) => {
  const client = new CosmosClient({ endpoint: account.endpoint, key: key() });
  expect(await statusOf(client.databases.readAll().fetchAll())).toBe(expected);
  client.dispose();
});

test('a request without authorization is refused, whatever it asks for', async () => {
  for (const path of ['', 'dbs', 'dbs/x/colls/y/docs/z']) {
    expect((await fetch(account.endpoint + path)).status).toBe(401);
  }
});

test('databases: create, conflict, read, list, query, delete', async () => {
  const { databases } = account.client;
  const [one, two] = [`${account.database}-one`, `${account.database}-two`] as const;
  const { resource, statusCode } = await databases.create({ id: one });
  expect([statusCode, resource?.id, resource?._rid]).toEqual([201, one, expect.any(String)]);
  expect(await statusOf(databases.create({ id: one }))).toBe(409);
  expect((await databases.createIfNotExists({ id: one })).statusCode).toBe(200);
  expect((await databases.createIfNotExists({ id: two, throughput: 400 })).statusCode).toBe(201);
  const all = (await databases.readAll().fetchAll()).resources.map(({ id }) => id);
  expect(all.filter((id) => id.startsWith(account.database))).toEqual([one, two]);
  const { resources } = await databases.query(`SELECT * FROM d WHERE d.id = "${two}"`).fetchAll();
  expect(resources.map(({ id }: { id?: string }) => id)).toEqual([two]);
  expect((await account.client.database(two).readOffer()).resource?.content?.offerThroughput).toBe(400);
  await account.client.database(two).delete();
  expect(await statusOf(account.client.database(two).read())).toBe(404);
});

test('containers: definition, conflict, list, replace, delete', async () => {
  const { database } = await account.client.databases.createIfNotExists({ id: `${account.database}-colls` });
  const definition = { id: 'c', partitionKey: { paths: ['/a/b'] }, defaultTtl: -1, throughput: 1000 };
  const { container, resource } = await database.containers.create(definition);
  expect(resource).toMatchObject({
    id: 'c',
    partitionKey: { paths: ['/a/b'] },
    defaultTtl: -1,
    indexingPolicy: { indexingMode: 'consistent' },
    _self: expect.stringMatching(/^dbs\/.+\/colls\/.+\/$/),
  });
  expect(await statusOf(database.containers.create(definition))).toBe(409);
  expect((await database.containers.createIfNotExists(definition)).statusCode).toBe(200);
  expect((await database.containers.readAll().fetchAll()).resources).toHaveLength(1);
  const offer = await container.readOffer();
  expect(offer.resource?.content?.offerThroughput).toBe(1000);
  await offer.offer?.replace({ ...offer.resource, content: { offerThroughput: 2000 } } as never);
  expect((await container.readOffer()).resource?.content?.offerThroughput).toBe(2000);
  const { resource: replaced } = await container.replace({ ...resource, id: 'c', defaultTtl: 60 } as never);
  expect(replaced?.defaultTtl).toBe(60);
  expect(await statusOf(container.replace({ id: 'c', partitionKey: { paths: ['/other'] } }))).toBe(400);
  await container.delete();
  expect(await statusOf(container.read())).toBe(404);
  expect(await statusOf(container.items.create({ id: '1', a: { b: 1 } }))).toBe(404);
});

test.each([
  ['no path', { paths: [] }],
  ['four levels', { paths: ['/a', '/b', '/c', '/d'] }],
  ['a path without a slash', { paths: ['a'] }],
])('a partition key with %s is refused', async (_, partitionKey) => {
  const { database } = await account.client.databases.createIfNotExists({ id: `${account.database}-colls` });
  expect(
    await statusOf(database.containers.create({ id: 'bad', partitionKey: partitionKey as never })),
  ).not.toBe('ok');
});

test('a container made again under the same name is empty and has another _rid', async () => {
  const { database } = await account.client.databases.createIfNotExists({ id: `${account.database}-again` });
  const first = await database.containers.create({ id: 'c', partitionKey: '/pk' });
  await first.container.items.create({ id: '1', pk: 'a' });
  await first.container.delete();
  const second = await database.containers.create({ id: 'c', partitionKey: '/pk' });
  expect(second.resource?._rid).not.toBe(first.resource?._rid);
  expect((await second.container.items.readAll().fetchAll()).resources).toEqual([]);
});

test('the feed ranges of a container are the whole hash range', async () => {
  const container = await account.container();
  expect(await container.getFeedRanges()).toHaveLength(1);
});

onStandIn('what is not supported says so', async () => {
  const container = await account.container();
  await expect(container.scripts.storedProcedures.create({ id: 's', body: 'x' })).rejects.toMatchObject({
    code: 400,
    message: expect.stringContaining('not supported by the local endpoint'),
  });
});
