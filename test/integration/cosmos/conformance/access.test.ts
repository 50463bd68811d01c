import { createSign, generateKeyPairSync } from 'node:crypto';
import { ChangeFeedStartFrom, CosmosClient, type Container } from '@azure/cosmos';
import { tokenVerifier } from '../../../../local/cosmos';
import { onStandIn as test, startAccount, type Account } from '../account';

// A real account's role assignments are made outside the data plane: the stand-in's alone.

const prefix = 'Microsoft.DocumentDB/databaseAccounts/';
const containers = `${prefix}sqlDatabases/containers`;
const metadata = `${prefix}readMetadata`;

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;

let account: Account;
let owned: Container;
const clients: CosmosClient[] = [];

beforeAll(async () => {
  account = await startAccount({
    identities: {
      principals: [
        { id: 'reader', dataActions: ['Cosmos DB Built-in Data Reader'] },
        { id: 'contributor', dataActions: ['Cosmos DB Built-in Data Contributor'] },
        { id: 'creator', dataActions: [metadata, `${containers}/items/create`, `${containers}/items/read`] },
        { id: 'upserter', dataActions: [metadata, `${containers}/items/upsert`] },
        { id: 'archiver', dataActions: [metadata, `${containers}/items/read`, `${containers}/items/delete`] },
        { id: 'elsewhere', dataActions: [metadata, `${containers}/*`], scope: '/dbs/other' },
        { id: 'here', dataActions: [metadata, `${containers}/*`], scope: '/dbs/test' },
        { id: 'blind', dataActions: [`${containers}/items/*`] },
      ],
      verify: tokenVerifier({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: '1' }] }, Date.now),
    },
  });
  owned = await account.container();
});
afterAll(async () => {
  for (const client of clients) client.dispose();
  await account.stop();
});
beforeEach(() => owned.items.upsert({ id: 'old', pk: 'a', n: 1 }));

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

function token(oid: string, { key = privateKey, exp = Date.now() / 1000 + 600, alg = 'RS256' } = {}): string {
  const signed = `${encode({ alg, typ: 'JWT', kid: '1' })}.${encode({ oid, exp, nbf: 0 })}`;
  return `${signed}.${createSign('sha256').update(signed).sign(key).toString('base64url')}`;
}

/** The SDK gives its own credentials to TLS endpoints alone; the header is what it would send. */
function as(jwt: string): Container {
  const client = new CosmosClient({
    endpoint: account.endpoint,
    tokenProvider: async () => `type=aad&ver=1.0&sig=${jwt}`,
  });
  clients.push(client);
  return client.database(owned.database.id).container(owned.id);
}

type Call = (container: Container) => Promise<unknown>;
const calls = {
  create: (c) => c.items.create({ id: `${Math.random()}`, pk: 'a' }),
  read: (c) => c.item('old', 'a').read(),
  replace: (c) => c.item('old', 'a').replace({ id: 'old', pk: 'a', n: 2 }),
  patch: (c) => c.item('old', 'a').patch([{ op: 'incr', path: '/n', value: 1 }]),
  upsert: (c) => c.items.upsert({ id: 'old', pk: 'a' }),
  delete: (c) => c.item('old', 'a').delete(),
  query: (c) => c.items.query('SELECT * FROM c').fetchAll(),
  feed: (c) =>
    c.items.getChangeFeedIterator({ changeFeedStartFrom: ChangeFeedStartFrom.Beginning('a') }).readNext(),
  batch: (c) =>
    c.items.batch([{ operationType: 'Create', resourceBody: { id: `${Math.random()}`, pk: 'a' } }], 'a'),
  'batch with a replace': (c) =>
    c.items.batch(
      [
        { operationType: 'Create', resourceBody: { id: `${Math.random()}`, pk: 'a' } },
        { operationType: 'Replace', id: 'old', resourceBody: { id: 'old', pk: 'a' } },
      ],
      'a',
    ),
  definition: (c) => c.read(),
} satisfies Record<string, Call>;
type CallName = keyof typeof calls;

const mayDo: Record<string, CallName[]> = {
  reader: ['read', 'query', 'feed', 'definition'],
  contributor: Object.keys(calls) as CallName[],
  creator: ['create', 'read', 'batch', 'definition'],
  upserter: ['upsert', 'definition'],
  archiver: ['read', 'delete', 'definition'],
  elsewhere: [],
  here: Object.keys(calls) as CallName[],
  // Without metadata the SDK does not even find the account.
  blind: [],
  unknown: [],
};

describe.each(Object.entries(mayDo))('%s', (principal, allowed) => {
  test.each(Object.keys(calls) as CallName[])('%s', async (name) => {
    const call: Call = calls[name];
    const outcome = call(as(token(principal)));
    if (allowed.includes(name)) await expect(outcome).resolves.toBeDefined();
    else await expect(outcome).rejects.toThrow('Request blocked by Auth');
  });
});

test('a refusal names the action that is missing, with substatus 5301', async () => {
  await expect(calls.replace(as(token('creator')))).rejects.toMatchObject({
    code: 403,
    substatus: 5301,
    message: expect.stringContaining(`${containers}/items/replace`),
  });
});

test('a refused batch changes nothing', async () => {
  const count = async () =>
    (await owned.items.query('SELECT VALUE COUNT(1) FROM c', { partitionKey: 'a' }).fetchAll()).resources;
  const before = await count();
  await expect(calls['batch with a replace'](as(token('creator')))).rejects.toThrow('blocked by Auth');
  expect(await count()).toEqual(before);
});

test('containers are not made with a token: 403 with substatus 5300', async () => {
  const { database } = as(token('contributor'));
  await expect(database.containers.create({ id: 'new', partitionKey: '/pk' })).rejects.toMatchObject({
    code: 403,
    substatus: 5300,
  });
});

test.each<[name: string, jwt: () => string]>([
  ['of another signer', () => token('contributor', { key: stranger })],
  ['that has expired', () => token('contributor', { exp: Date.now() / 1000 - 1 })],
  ['without a signature', () => token('contributor').replace(/[^.]+$/, '')],
  ['of another algorithm', () => token('contributor', { alg: 'none' })],
  ['that is not one', () => 'nonsense'],
])('a token %s is refused: 401', async (_, jwt) => {
  await expect(calls.read(as(jwt()))).rejects.toMatchObject({ code: 401 });
});

test('without identities the account knows no tokens', async () => {
  const other = await startAccount();
  const client = new CosmosClient({
    endpoint: other.endpoint,
    tokenProvider: async () => `type=aad&ver=1.0&sig=${token('contributor')}`,
  });
  await expect(client.database('d').read()).rejects.toMatchObject({ code: 401 });
  client.dispose();
  await other.stop();
});
