import { randomBytes } from 'node:crypto';
import { fate, newName, onStandIn, startVault, tenantId, type Role, type Vault } from '../vault';

// Of a real vault the roles are given outside the data plane: these are the stand-in's alone.

let vault: Vault;
beforeAll(async () => {
  vault = await startVault();
  await vault.secrets().setSecret('secret', 'x');
  await vault.keys().createRsaKey('kek');
});
afterAll(() => vault.stop());

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const unauthorized = (code: string) => ({
  error: { code: 'Unauthorized', message: expect.stringContaining(code) as string },
});

onStandIn('a request without a token is told where to get one, before anything else is said', async () => {
  for (const path of ['/secrets/secret?api-version=7.6', '/secrets/unknown', '/nonsense']) {
    const { status, challenge, body } = await vault.call('GET', path);
    expect([status, body]).toEqual([401, unauthorized('AKV10000')]);
    expect(challenge).toBe(
      `Bearer authorization="https://login.microsoftonline.com/${tenantId}", resource="https://vault.azure.net"`,
    );
  }
});

onStandIn('a token of nobody, for another service, out of date or not ours is refused', async () => {
  const stranger = await startVault();
  const role = 'Key Vault Administrator';
  const yesterday = Date.now() - 25 * 60 * 60 * 1000;
  const tomorrow = Date.now() + 24 * 60 * 60 * 1000;
  const good = vault.token(role);
  try {
    for (const token of [
      'nonsense',
      stranger.token(role),
      vault.token(role, 'https://storage.azure.com'),
      vault.token(role, 'https://vault.azure.net', yesterday),
      vault.token(role, 'https://vault.azure.net', tomorrow),
      `${good.slice(0, -8)}AAAAAAAA`,
    ]) {
      const { status, challenge, body } = await vault.call(
        'GET',
        '/secrets/secret?api-version=7.6',
        bearer(token),
      );
      expect([status, body]).toEqual([401, unauthorized('AKV10046')]);
      expect(challenge).toContain('error="invalid_token"');
    }
  } finally {
    await stranger.stop();
  }
  expect((await vault.call('GET', '/secrets/secret?api-version=7.6', bearer(good))).status).toBe(200);
});

const readSecret = (role: Role) => vault.secrets(role).getSecret('secret');
const writeSecret = (role: Role) => vault.secrets(role).setSecret(newName('a'), 'x');
const listSecrets = (role: Role) => vault.secrets(role).listPropertiesOfSecrets().next();
const readKey = (role: Role) => vault.keys(role).getKey('kek');
const makeKey = (role: Role) => vault.keys(role).createEcKey(newName('a'));
const wrap = async (role: Role) =>
  vault.cryptography(await vault.keys().getKey('kek'), role).wrapKey('RSA-OAEP-256', randomBytes(32));
const sign = async (role: Role) =>
  vault.cryptography(await vault.keys().getKey('kek'), role).sign('RS256', randomBytes(32));
const rotate = (role: Role) => vault.keys(role).rotateKey('kek');
const calls = { readSecret, writeSecret, listSecrets, readKey, makeKey, wrap, sign, rotate };

onStandIn.each<[Role, (keyof typeof calls)[]]>([
  ['nobody', []],
  ['Key Vault Reader', ['listSecrets', 'readKey']],
  ['Key Vault Secrets User', ['readSecret', 'listSecrets']],
  ['Key Vault Secrets Officer', ['readSecret', 'writeSecret', 'listSecrets']],
  ['Key Vault Crypto Service Encryption User', ['readKey', 'wrap']],
  ['Key Vault Crypto User', ['readKey', 'wrap', 'sign']],
  ['Key Vault Crypto Officer', ['readKey', 'makeKey', 'wrap', 'sign', 'rotate']],
  ['Key Vault Administrator', Object.keys(calls) as (keyof typeof calls)[]],
])('%s may do exactly: %j', async (role, allowed) => {
  for (const [name, call] of Object.entries(calls)) {
    const expected = allowed.includes(name as keyof typeof calls)
      ? 'ok'
      : [403, 'Forbidden', 'ForbiddenByRbac'];
    const found = await fate(call(role));
    // Of a list the SDK drops the inner code.
    const short = name === 'listSecrets' && Array.isArray(expected);
    expect([name, found]).toEqual([name, short ? expected.slice(0, 2) : expected]);
  }
});

const admin = () => bearer(vault.token('Key Vault Administrator'));
const coded = (code: string) => ({ error: expect.objectContaining({ code }) as object });

onStandIn.each<[string, string, string, number, string, unknown?]>([
  ['no api-version', 'GET', '/secrets/secret', 400, 'BadParameter'],
  ['an unknown api-version', 'GET', '/secrets/secret?api-version=nope', 400, 'BadParameter'],
  ['an unknown path', 'GET', '/nonsense?api-version=7.6', 404, 'NotFound'],
  ['a method that the path lacks', 'POST', '/secrets/secret?api-version=7.6', 405, 'MethodNotAllowed'],
  ['a body that is not JSON', 'PUT', '/secrets/a?api-version=7.6', 400, 'BadParameter', '{'],
  ['a secret without a value', 'PUT', '/secrets/a?api-version=7.6', 400, 'BadParameter', {}],
  ['a value that is no text', 'PUT', '/secrets/a?api-version=7.6', 400, 'BadParameter', { value: 7 }],
  ['a page that is too large', 'GET', '/secrets?api-version=7.6&maxresults=26', 400, 'BadParameter'],
  [
    'an operation without an algorithm',
    'POST',
    '/keys/kek/wrapkey?api-version=7.6',
    400,
    'BadParameter',
    { value: 'AA' },
  ],
  [
    'a value that is not base64url',
    'POST',
    '/keys/kek/wrapkey?api-version=7.6',
    400,
    'BadParameter',
    { alg: 'RSA-OAEP-256', value: '+/==' },
  ],
  [
    'an algorithm that nobody knows',
    'POST',
    '/keys/kek/wrapkey?api-version=7.6',
    400,
    'BadParameter',
    { alg: 'ROT13', value: 'AA' },
  ],
])(
  '%s is answered with the status and code of Key Vault',
  async (_, method, path, status, code, body = undefined) => {
    const answer = await vault.call(method, path, { ...admin(), body });
    expect([answer.status, answer.body]).toEqual([status, coded(code)]);
  },
);

onStandIn.each<[string, string, string, unknown?]>([
  ['certificates', 'GET', '/certificates'],
  ['certificates', 'POST', '/certificates/a/create'],
  ['backup and restore', 'POST', '/secrets/secret/backup'],
  ['backup and restore', 'POST', '/keys/restore'],
  ['rotation policies', 'GET', '/keys/kek/rotationpolicy'],
  ['the import of keys', 'PUT', '/keys/mine'],
  ['release and attestation', 'POST', '/keys/kek/1/release'],
  ['random numbers', 'POST', '/rng'],
  ['symmetric keys (oct)', 'POST', '/keys/a/create', { kty: 'oct' }],
  ['hardware security module', 'POST', '/keys/a/create', { kty: 'RSA-HSM' }],
  ['the curve P-384', 'POST', '/keys/a/create', { kty: 'EC', crv: 'P-384' }],
  ['public exponents', 'POST', '/keys/a/create', { kty: 'RSA', public_exponent: 3 }],
  ['the algorithm RSA1_5', 'POST', '/keys/kek/wrapkey', { alg: 'RSA1_5', value: 'AA' }],
])('%s: 501, named (%s %s)', async (what, method, path, body = undefined) => {
  const answer = await vault.call(method, `${path}?api-version=7.6`, { ...admin(), body });
  expect(answer.status).toBe(501);
  expect(JSON.stringify(answer.body)).toContain(what);
});
