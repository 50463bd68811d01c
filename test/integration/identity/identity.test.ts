import { DefaultAzureCredential, ManagedIdentityCredential } from '@azure/identity';
import { createPublicKey, verify, type JsonWebKey } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startIdentity, type IdentityEndpoint, type ManagedPrincipal } from '../../../local/identity';

const tenantId = '11111111-2222-4333-8444-555555555555';
const principal = (name: string, digit: string): ManagedPrincipal => ({
  name,
  objectId: `0000000${digit}-0000-4000-8000-000000000000`,
  clientId: `c000000${digit}-0000-4000-8000-000000000000`,
  header: `header of ${name}`,
});
const app = principal('app', '1');
const operator = principal('operator', '2');

const dataDir = mkdtempSync(join(tmpdir(), 'identity-'));
let endpoint: IdentityEndpoint;
const before = { ...process.env };
const start = () => startIdentity({ port: 0, dataDir, tenant: { tenantId, principals: [app, operator] } });
beforeAll(async () => {
  endpoint = await start();
  process.env['IDENTITY_ENDPOINT'] = endpoint.endpoint;
  process.env['IDENTITY_HEADER'] = app.header;
});
afterAll(async () => {
  process.env = before;
  await endpoint.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

const decoded = (part = '') =>
  JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
const claimsOf = (token: string) => decoded(token.split('.')[1]);

async function ask(query: Record<string, string>, header: string | undefined = app.header) {
  const url = `${endpoint.endpoint}?${new URLSearchParams(query).toString()}`;
  const answer = await fetch(url, { headers: header === undefined ? {} : { 'x-identity-header': header } });
  return { status: answer.status, body: (await answer.json()) as Record<string, string> };
}
const good = { 'api-version': '2019-08-01', resource: 'https://vault.azure.net' };

test.each([
  ['Key Vault', 'https://vault.azure.net'],
  ['Service Bus', 'https://servicebus.azure.net/'],
  ['Cosmos DB', 'https://account.documents.azure.com'],
  ['a Cosmos DB of this machine', 'https://localhost:8081'],
  ['Storage', 'https://storage.azure.com'],
])('ManagedIdentityCredential gets a token for %s', async (_, resource) => {
  const { token, expiresOnTimestamp } = await new ManagedIdentityCredential().getToken(
    `${resource}/.default`,
  );
  expect(claimsOf(token)).toMatchObject({
    aud: resource,
    iss: `https://sts.windows.net/${tenantId}/`,
    tid: tenantId,
    oid: app.objectId,
    sub: app.objectId,
    appid: app.clientId,
    ver: '1.0',
  });
  expect(expiresOnTimestamp).toBeGreaterThan(Date.now() + 23 * 3_600_000);
  // The credential counts from its own clock in whole seconds.
  expect(Math.abs(expiresOnTimestamp - Number(claimsOf(token)['exp']) * 1000)).toBeLessThan(60_000);
});

test('DefaultAzureCredential finds the endpoint by itself', async () => {
  const { token } = await new DefaultAzureCredential().getToken('https://vault.azure.net/.default');
  expect(claimsOf(token)).toMatchObject({ oid: app.objectId });
});

test('a user-assigned identity is asked for by its client id', async () => {
  const { token } = await new ManagedIdentityCredential({ clientId: app.clientId }).getToken(
    'https://storage.azure.com/.default',
  );
  expect(claimsOf(token)).toMatchObject({ oid: app.objectId });
});

test('anybody can verify a token by the published keys', async () => {
  const { body } = await ask(good);
  const configuration = await fetch(new URL('/.well-known/openid-configuration', endpoint.endpoint));
  const { jwks_uri: uri, issuer } = (await configuration.json()) as { jwks_uri: string; issuer: string };
  const { keys } = (await (await fetch(uri)).json()) as { keys: (JsonWebKey & { kid: string })[] };
  const [head = '', claims = '', signature = ''] = (body['access_token'] ?? '').split('.');
  const jwk = keys.find(({ kid }) => kid === decoded(head)['kid']);
  expect(decoded(head)).toMatchObject({ alg: 'RS256', typ: 'JWT' });
  expect(decoded(claims)['iss']).toBe(issuer);
  expect(Object.keys(jwk ?? {}).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
  const key = createPublicKey({ key: jwk ?? {}, format: 'jwk' });
  expect(verify('sha256', Buffer.from(`${head}.${claims}`), key, Buffer.from(signature, 'base64url'))).toBe(
    true,
  );
});

test('the header says who asks, and only for that one are tokens given', async () => {
  const { body } = await ask(good, operator.header);
  expect(claimsOf(body['access_token'] ?? '')).toMatchObject({ oid: operator.objectId });
  const { status } = await ask({ ...good, client_id: operator.clientId });
  expect(status).toBe(400);
});

test.each<[string, number, Record<string, string>, string?]>([
  ['no header', 401, good, ''],
  ['another header', 401, good, `${app.header}x`],
  ['no resource', 400, { 'api-version': '2019-08-01' }],
  ['an unknown resource', 400, { ...good, resource: 'https://graph.microsoft.com' }],
  [
    'a resource that only begins like one',
    400,
    { ...good, resource: 'https://vault.azure.net.evil.example' },
  ],
  ['another version of the API', 400, { ...good, 'api-version': '2017-09-01' }],
  ['no version of the API', 400, { resource: good.resource }],
])('%s is answered %i', async (_, status, query, header = app.header) => {
  expect((await ask(query, header)).status).toBe(status);
});

test('tokens outlive a restart, because the key is kept, for its owner alone', async () => {
  const kid = async () => decoded(((await ask(good)).body['access_token'] ?? '').split('.')[0])['kid'];
  const first = await kid();
  await endpoint.stop();
  endpoint = await start();
  expect(await kid()).toBe(first);
  expect(statSync(join(dataDir, 'signing-key.pem')).mode & 0o777).toBe(0o600);
});
