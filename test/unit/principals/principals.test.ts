import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createPrincipals, maySee, principalSchema, type PrincipalConfig } from '../../../src/lib/principals';

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function jwt(
  claims: object,
  key: KeyObject = ec.privateKey,
  header: object = { alg: 'ES256', kid: 'k1' },
): string {
  const body = `${encode(header)}.${encode(claims)}`;
  const signature = sign('sha256', Buffer.from(body), { key, dsaEncoding: 'ieee-p1363' });
  return `${body}.${signature.toString('base64url')}`;
}

let server: Server;
let config: PrincipalConfig[];
let asked = 0;
let status = 200;
const now = (): number => Math.floor(Date.now() / 1000);
const claims = (more: object = {}): object => ({
  ...{ iss: 'https://login.example.org/', aud: 'api://medrelay', sub: 'u-7', name: 'Ann', azp: 'review-app' },
  ...{ tenants: ['north', '*'], roles: ['audit.read', 'admin'], exp: now() + 300 },
  ...more,
});

beforeAll(async () => {
  server = createServer((_, answer) => {
    asked += 1;
    answer.setHeader('content-type', 'application/json');
    answer.statusCode = status;
    answer.end(
      JSON.stringify({
        keys: [{ ...ec.publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'ES256', use: 'sig' }],
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  config = [
    {
      kind: 'client',
      name: 'portal',
      keySha256: [createHash('sha256').update('portal-key').digest('hex')],
      tenants: ['north', 'south'],
      roles: ['audit.read'],
    },
    {
      kind: 'issuer',
      issuer: 'https://login.example.org/',
      audience: 'api://medrelay',
      jwksUri: `http://127.0.0.1:${port}/keys`,
      tenants: ['*'],
      roles: ['audit.read', 'audit.phi'],
      claims: {},
    },
  ].map((each) => principalSchema.parse(each));
});
afterAll(() => void server.close());

const production = () => createPrincipals(config, { isDevelopment: false });

test('a key is a named client with its tenants and roles', async () => {
  expect(await production().authenticate({ functionKey: 'portal-key' })).toEqual({
    client: 'portal',
    tenants: ['north', 'south'],
    roles: ['audit.read'],
  });
  for (const functionKey of ['another', '', undefined])
    expect(
      await production().authenticate({ ...(functionKey !== undefined && { functionKey }) }),
    ).toMatchObject({
      status: 403,
      code: 'CLIENT_UNKNOWN',
    });
});

test("on a developer's machine any key the host accepts will do", async () => {
  const principals = createPrincipals([], { isDevelopment: true });
  expect(await principals.authenticate({ functionKey: 'k' })).toMatchObject({
    client: 'development',
    tenants: ['*'],
  });
  expect(await principals.authenticate({})).toMatchObject({ status: 403 });
});

test('a token is a person with no more than the issuer may give', async () => {
  const principals = production();
  const bearer = jwt(claims());
  expect(await principals.authenticate({ bearer })).toEqual({
    client: 'review-app',
    user: { id: 'u-7', name: 'Ann' },
    tenants: ['north'],
    roles: ['audit.read'],
  });
  await principals.authenticate({ bearer });
  expect(asked).toBe(1);
});

test('a person through a client may do what both may', async () => {
  const bearer = jwt(claims({ tenants: ['north', 'west'], roles: 'audit.read audit.phi' }));
  expect(await production().authenticate({ functionKey: 'portal-key', bearer })).toEqual({
    client: 'portal',
    user: { id: 'u-7', name: 'Ann' },
    tenants: ['north'],
    roles: ['audit.read'],
  });
});

test.each<[string, () => string, string]>([
  ['expired', () => jwt(claims({ exp: now() - 3600 })), 'TOKEN_INVALID'],
  ['without an end', () => jwt(claims({ exp: undefined })), 'TOKEN_INVALID'],
  ['not yet valid', () => jwt(claims({ nbf: now() + 3600 })), 'TOKEN_INVALID'],
  ['for another app', () => jwt(claims({ aud: 'api://other' })), 'TOKEN_INVALID'],
  ['of another issuer', () => jwt(claims({ iss: 'https://evil.example.org/' })), 'TOKEN_ISSUER_UNKNOWN'],
  ['signed by another key', () => jwt(claims(), other.privateKey), 'TOKEN_INVALID'],
  ['unsigned', () => `${encode({ alg: 'none' })}.${encode(claims())}.`, 'TOKEN_INVALID'],
  ['with a shared secret', () => jwt(claims(), ec.privateKey, { alg: 'HS256', kid: 'k1' }), 'TOKEN_INVALID'],
  ['without a user', () => jwt(claims({ sub: undefined })), 'TOKEN_INVALID'],
  [
    'changed',
    () => jwt(claims()).replace(/\.[^.]+\./, `.${encode(claims({ sub: 'root' }))}.`),
    'TOKEN_INVALID',
  ],
  ['not a token', () => 'hello', 'TOKEN_INVALID'],
])('a token that is %s lets nobody in', async (_, token, code) => {
  const denied = await production().authenticate({ functionKey: 'portal-key', bearer: token() });
  expect(denied).toMatchObject({ status: 401, code });
  expect(JSON.stringify(denied)).not.toMatch(/u-7|Ann|evil/);
});

test('an issuer that is in trouble is no fault of the caller', async () => {
  status = 500;
  const answer = production().authenticate({ bearer: jwt(claims()) });
  await expect(answer).rejects.toMatchObject({ code: 'ISSUER_AWAY' });
  status = 200;
});

test('an issuer that is away is no fault of the caller', async () => {
  const away = config.map((each) =>
    'jwksUri' in each ? { ...each, jwksUri: 'http://127.0.0.1:1/keys' } : each,
  );
  const principals = createPrincipals(away, { isDevelopment: false });
  await expect(principals.authenticate({ bearer: jwt(claims()) })).rejects.toMatchObject({
    code: 'ISSUER_AWAY',
  });
});

test('tenants are seen by name or all together', () => {
  const principal = { client: 'x', roles: [], tenants: ['north'] };
  expect([maySee(principal, 'north'), maySee(principal, 'nort'), maySee(principal, '*')]).toEqual([
    true,
    false,
    false,
  ]);
  expect(maySee({ ...principal, tenants: ['*'] }, 'north')).toBe(true);
});

test('keys travel over https', () => {
  const wrong = { ...config[1], jwksUri: 'http://login.example.org/keys' };
  expect(principalSchema.safeParse(wrong).success).toBe(false);
});
