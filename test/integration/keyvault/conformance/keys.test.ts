import {
  createHash,
  createPublicKey,
  createVerify,
  constants,
  publicEncrypt,
  randomBytes,
} from 'node:crypto';
import type { KeyVaultKey, SignatureAlgorithm } from '@azure/keyvault-keys';
import { all, fate, newName, onStandIn, startVault, type Vault } from '../vault';

let vault: Vault;
let rsa: KeyVaultKey;
let ec: KeyVaultKey;
beforeAll(async () => {
  vault = await startVault();
  rsa = await vault.keys().createRsaKey(newName('rsa'), { keySize: 2048 });
  ec = await vault.keys().createEcKey(newName('ec'), { curve: 'P-256' });
});
afterAll(() => vault.stop());

const quick = { intervalInMs: 10 };
const deleted = async (name: string) => (await vault.keys().beginDeleteKey(name, quick)).pollUntilDone();
const base64url = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('base64url');
const publicKeyOf = ({ key }: KeyVaultKey) =>
  createPublicKey({
    key:
      key?.kty === 'EC'
        ? { kty: 'EC', crv: 'P-256', x: base64url(key.x), y: base64url(key.y) }
        : { kty: 'RSA', n: base64url(key?.n), e: base64url(key?.e) },
    format: 'jwk',
  });

test.each([2048, 3072, 4096])('an RSA key of %i bits', async (keySize) => {
  const key = await vault.keys().createRsaKey(newName('rsa'), { keySize });
  expect(key.key?.n).toHaveLength(keySize / 8);
  expect(base64url(key.key?.e)).toBe('AQAB');
  expect(key).toMatchObject({ keyType: 'RSA', properties: { enabled: true, recoverableDays: 90 } });
  expect(key.id).toBe(`${key.properties.vaultUrl}/keys/${key.name}/${key.properties.version}`);
});

test('a key of the curve P-256', () => {
  expect(ec.key).toMatchObject({ kty: 'EC', crv: 'P-256' });
  expect([ec.key?.x?.length, ec.key?.y?.length]).toEqual([32, 32]);
  expect(ec.keyOperations).toEqual(['sign', 'verify']);
});

test('no part of a private key leaves the vault', async () => {
  const { body } = await vault.call('GET', `/keys/${rsa.name}?api-version=7.6`, {
    authorization: await vault.bearer(),
  });
  expect(Object.keys((body as { key: object }).key).sort()).toEqual(['e', 'key_ops', 'kid', 'kty', 'n']);
  for (const key of [rsa, ec]) {
    const shown = (await vault.keys().getKey(key.name)).key ?? {};
    for (const part of ['d', 'p', 'q', 'dp', 'dq', 'qi'] as const) expect(shown[part]).toBeUndefined();
  }
});

test.each(['RSA-OAEP', 'RSA-OAEP-256'] as const)('%s wraps a key and unwraps it', async (algorithm) => {
  const dataKey = randomBytes(32);
  const { result, keyID } = await vault.cryptography(rsa).wrapKey(algorithm, dataKey);
  expect(keyID).toBe(rsa.id);
  expect(result).toHaveLength(256);
  expect(Buffer.from(result)).not.toEqual((await vault.cryptography(rsa).wrapKey(algorithm, dataKey)).result);
  expect(Buffer.from((await vault.cryptography(rsa).unwrapKey(algorithm, result)).result)).toEqual(dataKey);
});

test.each(['RSA-OAEP', 'RSA-OAEP-256'] as const)('%s encrypts and decrypts', async (algorithm) => {
  const plaintext = Buffer.from('potassium');
  const { result: ciphertext } = await vault.cryptography(rsa).encrypt({ algorithm, plaintext });
  const { result } = await vault.cryptography(rsa).decrypt({ algorithm, ciphertext });
  expect(Buffer.from(result).toString()).toBe('potassium');
});

test('it decrypts what was encrypted outside with the public key', async () => {
  const key = publicKeyOf(rsa);
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  const ciphertext = publicEncrypt({ key, padding, oaepHash: 'sha256' }, Buffer.from('outside'));
  const { result } = await vault.cryptography(rsa).decrypt({ algorithm: 'RSA-OAEP-256', ciphertext });
  expect(Buffer.from(result).toString()).toBe('outside');
});

test('what was changed, or wrapped by another algorithm, does not open', async () => {
  const { result } = await vault.cryptography(rsa).wrapKey('RSA-OAEP-256', randomBytes(32));
  expect(await fate(vault.cryptography(rsa).unwrapKey('RSA-OAEP', result))).toEqual([400, 'BadParameter']);
  result[7] = (result[7] ?? 0) ^ 1;
  expect(await fate(vault.cryptography(rsa).unwrapKey('RSA-OAEP-256', result))).toEqual([
    400,
    'BadParameter',
  ]);
});

test('OAEP takes what fits into the key and not a byte more', async () => {
  const most = 256 - 2 * 32 - 2;
  const wrap = (bytes: number) => vault.cryptography(rsa).wrapKey('RSA-OAEP-256', randomBytes(bytes));
  expect(await fate(wrap(most))).toBe('ok');
  expect(await fate(wrap(most + 1))).toEqual([400, 'BadParameter']);
});

const data = Buffer.from('what is signed');
const signatures: [SignatureAlgorithm, string][] = [
  ['RS256', 'sha256'],
  ['RS384', 'sha384'],
  ['RS512', 'sha512'],
  ['PS256', 'sha256'],
  ['PS384', 'sha384'],
  ['PS512', 'sha512'],
  ['ES256', 'sha256'],
];
test.each(signatures)('%s signs a digest, and node:crypto verifies it', async (algorithm, hash) => {
  const key = algorithm === 'ES256' ? ec : rsa;
  const digest = createHash(hash).update(data).digest();
  const { result } = await vault.cryptography(key).sign(algorithm, digest);
  const options = algorithm.startsWith('PS')
    ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : { dsaEncoding: 'ieee-p1363' as const };
  expect(
    createVerify(hash)
      .update(data)
      .verify({ key: publicKeyOf(key), ...options }, result),
  ).toBe(true);
});

test.each(signatures)('%s verifies its own signature, and no changed one', async (algorithm, hash) => {
  const client = vault.cryptography(algorithm === 'ES256' ? ec : rsa);
  const digest = createHash(hash).update(data).digest();
  const { result: signature } = await client.sign(algorithm, digest);
  expect((await client.verify(algorithm, digest, signature)).result).toBe(true);
  const other = createHash(hash).update('other').digest();
  expect((await client.verify(algorithm, other, signature)).result).toBe(false);
  signature[5] = (signature[5] ?? 0) ^ 1;
  expect((await client.verify(algorithm, digest, signature)).result).toBe(false);
  expect((await client.verify(algorithm, digest, signature.subarray(1))).result).toBe(false);
});

test('a hundred ES256 signatures are all good', async () => {
  const client = vault.cryptography(ec);
  const key = { key: publicKeyOf(ec), dsaEncoding: 'ieee-p1363' as const };
  for (let i = 0; i < 100; i += 1) {
    const bytes = Buffer.from(`message ${i}`);
    const { result } = await client.sign('ES256', createHash('sha256').update(bytes).digest());
    expect(createVerify('sha256').update(bytes).verify(key, result)).toBe(true);
  }
});

test('signData hashes what is given', async () => {
  const { result } = await vault.cryptography(ec).signData('ES256', data);
  expect((await vault.cryptography(ec).verifyData('ES256', data, result)).result).toBe(true);
});

test('a digest of the wrong length is 400', async () => {
  expect(await fate(vault.cryptography(rsa).sign('RS256', randomBytes(31)))).toEqual([400, 'BadParameter']);
});

test('a key signs only by the algorithms of its kind', async () => {
  expect(await fate(vault.cryptography(rsa).sign('ES256', randomBytes(32)))).toEqual([400, 'BadParameter']);
  expect(await fate(vault.cryptography(ec).sign('RS256', randomBytes(32)))).toEqual([400, 'BadParameter']);
});

test('a key does only what its operations allow', async () => {
  const key = await vault.keys().createRsaKey(newName('a'), { keyOps: ['wrapKey', 'unwrapKey'] });
  expect(key.keyOperations).toEqual(['wrapKey', 'unwrapKey']);
  // By its id alone, or the SDK refuses by itself.
  const { body, status } = await vault.call(
    'POST',
    `/keys/${key.name}/${key.properties.version}/sign?api-version=7.6`,
    {
      authorization: await vault.bearer(),
      body: { alg: 'RS256', value: randomBytes(32).toString('base64url') },
    },
  );
  expect([status, body]).toEqual([
    403,
    {
      error: {
        code: 'Forbidden',
        message: 'Operation sign is not permitted on this key.',
        innererror: { code: 'KeyOperationForbidden' },
      },
    },
  ]);
});

test('rotation makes a version of the same kind; the old one still unwraps', async () => {
  const name = newName('rotated');
  const first = await vault.keys().createRsaKey(name, { keySize: 3072, keyOps: ['wrapKey', 'unwrapKey'] });
  const { result } = await vault.cryptography(first).wrapKey('RSA-OAEP-256', Buffer.from('data key'));
  const second = await vault.keys().rotateKey(name);
  expect(second.properties.version).not.toBe(first.properties.version);
  expect(second.key?.n).toHaveLength(3072 / 8);
  expect(second.key?.n).not.toEqual(first.key?.n);
  expect(second.keyOperations).toEqual(['wrapKey', 'unwrapKey']);
  expect((await vault.keys().getKey(name)).properties.version).toBe(second.properties.version);
  const unwrapped = await vault.cryptography(first.id ?? '').unwrapKey('RSA-OAEP-256', result);
  expect(Buffer.from(unwrapped.result).toString()).toBe('data key');
  expect(await fate(vault.cryptography(second).unwrapKey('RSA-OAEP-256', result))).toEqual([
    400,
    'BadParameter',
  ]);
});

test('versions and keys are listed in pages, without key material', async () => {
  const names = Array.from({ length: 3 }, () => newName('list'));
  for (const name of names) await vault.keys().createEcKey(name);
  await vault.keys().createEcKey(names[0] ?? '');
  const pages = await all(vault.keys().listPropertiesOfKeys().byPage({ maxPageSize: 2 }));
  for (const page of pages) expect(page.length).toBeLessThanOrEqual(2);
  const found = pages.flat().filter(({ name }) => names.includes(name));
  expect(found.map(({ name }) => name).sort()).toEqual([...names].sort());
  const versions = await all(vault.keys().listPropertiesOfKeyVersions(names[0] ?? ''));
  expect(new Set(versions.map(({ version }) => version)).size).toBe(2);
});

test('an update changes attributes, tags and operations of one version', async () => {
  const { name, properties } = await vault.keys().createRsaKey(newName('a'), { tags: { a: '1' } });
  const changed = await vault.keys().updateKeyProperties(name, properties.version ?? '', {
    enabled: false,
    keyOps: ['verify'],
  });
  expect(changed).toMatchObject({
    keyOperations: ['verify'],
    properties: { enabled: false, tags: { a: '1' } },
  });
});

test('a disabled key can be seen and not used', async () => {
  const key = await vault.keys().createEcKey(newName('a'), { enabled: false });
  expect((await vault.keys().getKey(key.name)).properties.enabled).toBe(false);
  expect(await fate(vault.cryptography(key.id ?? '').sign('ES256', randomBytes(32)))).toEqual([
    403,
    'Forbidden',
    'KeyDisabled',
  ]);
});

test('an expired key verifies and does not sign; so does one that is not yet valid', async () => {
  const digest = randomBytes(32);
  for (const [change, inner] of [
    [{ expiresOn: new Date(Date.now() - 60_000) }, 'KeyExpired'],
    [{ notBefore: new Date(Date.now() + 3_600_000) }, 'KeyNotYetValid'],
  ] as const) {
    const key = await vault.keys().createEcKey(newName('a'));
    const { result } = await vault.cryptography(key).sign('ES256', digest);
    await vault.keys().updateKeyProperties(key.name, key.properties.version ?? '', change);
    // By the key as it was: the SDK itself looks at the times of the key it holds.
    expect(await fate(vault.cryptography(key).sign('ES256', digest))).toEqual([403, 'Forbidden', inner]);
    expect((await vault.cryptography(key).verify('ES256', digest, result)).result).toBe(true);
  }
});

test('what is not there is 404 KeyNotFound', async () => {
  expect(await fate(vault.keys().getKey(newName('a')))).toEqual([404, 'KeyNotFound']);
  expect(await fate(vault.keys().getKey(rsa.name, { version: '0'.repeat(32) }))).toEqual([
    404,
    'KeyNotFound',
  ]);
  expect(await fate(vault.keys().rotateKey(newName('a')))).toEqual([404, 'KeyNotFound']);
});

test('a deleted key neither unwraps nor takes a new version; recovered, it unwraps again', async () => {
  const name = newName('a');
  const key = await vault.keys().createRsaKey(name);
  const { result } = await vault.cryptography(key).wrapKey('RSA-OAEP-256', Buffer.from('k'));
  await deleted(name);
  expect(await fate(vault.cryptography(key).unwrapKey('RSA-OAEP-256', result))).toEqual([404, 'KeyNotFound']);
  expect(await fate(vault.keys().createRsaKey(name))).toEqual([
    409,
    'Conflict',
    'ObjectIsDeletedButRecoverable',
  ]);
  const gone = await vault.keys().getDeletedKey(name);
  expect(gone.properties.recoveryId).toMatch(new RegExp(`/deletedkeys/${name}$`));
  expect((await all(vault.keys().listDeletedKeys())).map((each) => each.name)).toContain(name);
  expect((await all(vault.keys().listPropertiesOfKeys())).map((each) => each.name)).not.toContain(name);
  await (await vault.keys().beginRecoverDeletedKey(name, quick)).pollUntilDone();
  const unwrapped = await vault.cryptography(key).unwrapKey('RSA-OAEP-256', result);
  expect(Buffer.from(unwrapped.result).toString()).toBe('k');
});

test('a purged key is gone', async () => {
  const name = newName('a');
  await vault.keys().createEcKey(name);
  await deleted(name);
  await vault.keys().purgeDeletedKey(name);
  expect(await fate(vault.keys().getDeletedKey(name))).toEqual([404, 'KeyNotFound']);
  expect(await fate(vault.keys().createEcKey(name))).toBe('ok');
});

test('secrets and keys have names of their own', async () => {
  const name = newName('both');
  await vault.keys().createEcKey(name);
  expect(await fate(vault.secrets().getSecret(name))).toEqual([404, 'SecretNotFound']);
  await vault.secrets().setSecret(name, 'x');
  await deleted(name);
  expect((await vault.secrets().getSecret(name)).value).toBe('x');
});

test.each<[string, () => Promise<unknown>]>([
  ['a size that RSA keys do not have', () => vault.keys().createRsaKey(newName('a'), { keySize: 1024 })],
  ['an unknown kind', () => vault.keys().createKey(newName('a'), 'DSA')],
  ['an operation that the kind lacks', () => vault.keys().createEcKey(newName('a'), { keyOps: ['wrapKey'] })],
])('%s is 400 BadParameter', async (_, call) => {
  expect(await fate(call())).toEqual([400, 'BadParameter']);
});

onStandIn('keys of a deployment are there from the start, and made only once', async () => {
  const own = await startVault([{ name: 'kek', kty: 'RSA', keySize: 3072 }]);
  try {
    expect((await own.keys().getKey('kek')).key?.n).toHaveLength(384);
    expect(await all(own.keys().listPropertiesOfKeyVersions('kek'))).toHaveLength(1);
  } finally {
    await own.stop();
  }
});
