import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  sign as signDigest,
  verify,
  type KeyObject,
} from 'node:crypto';
import { classifyAzureError, createCheckpointSigner } from '../../../src/lib/azure';
import { keyVaultSigner, type VaultSigning } from '../../../src/lib/azure/checkpoint-signer';
import type { Config } from '../../../src/lib/config';

const failing = (statusCode: number) => Promise.reject(Object.assign(new Error('quoted'), { statusCode }));
const ecKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** Signs a digest as it is: node would hash once more, so the digest of the text stands for the text. */
function fake(overrides: Partial<VaultSigning> = {}): VaultSigning & {
  readonly keys: Map<string, { publicKey: KeyObject; privateKey: KeyObject }>;
  current: string;
  asked: number;
} {
  const keys = new Map([['v1', ecKey()]]);
  return {
    keys,
    current: 'v1',
    asked: 0,
    currentVersion() {
      this.asked += 1;
      return Promise.resolve(this.current);
    },
    versions: () => Promise.resolve([...keys.keys()]),
    publicKey: (_, version) => Promise.resolve(keys.get(version)?.publicKey.export({ format: 'jwk' }) ?? {}),
    sign: (_, version, digest) => {
      const pair = keys.get(version);
      if (!pair) return failing(404);
      return Promise.resolve(
        signDigest('sha256', digest, { key: pair.privateKey, dsaEncoding: 'ieee-p1363' }),
      );
    },
    ...overrides,
  };
}
const keyOf = (spki: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });

it('gives what everybody verifies: DER, also where r or s begin with zeros or ones', async () => {
  const vault = fake();
  const signer = keyVaultSigner(vault);
  const lengths = new Set<number>();
  for (let i = 0; i < 600; i++) {
    const text = Buffer.from(`text ${i}`);
    const { signature, publicKey } = await signer.sign(text);
    lengths.add(signature.length);
    const digest = createHash('sha256').update(text).digest();
    expect(verify('sha256', digest, keyOf(publicKey), signature)).toBe(true);
  }
  expect(lengths.size).toBeGreaterThan(2);
  expect(vault.asked).toBe(1);
});

it('encodes the smallest and the largest numbers', async () => {
  const raw = (r: string, s: string) => Buffer.from(r.padStart(64, '0') + s.padStart(64, '0'), 'hex');
  const der = async (r: string, s: string) =>
    Buffer.from(
      (await keyVaultSigner(fake({ sign: () => Promise.resolve(raw(r, s)) })).sign(Buffer.from('x')))
        .signature,
    ).toString('hex');
  expect(await der('1', '80')).toBe('3007' + '020101' + '02020080');
  expect(await der('0', 'ff'.repeat(32))).toBe('3026' + '020100' + '022100' + 'ff'.repeat(32));
  await expect(
    keyVaultSigner(fake({ sign: () => Promise.resolve(Buffer.alloc(63)) })).sign(Buffer.from('x')),
  ).rejects.toMatchObject({ code: 'SEAL_SIGNATURE_INVALID' });
});

it('signs by the rotated key after an hour, and gives the public keys of every version', async () => {
  let now = 0;
  const vault = fake();
  const signer = keyVaultSigner(vault, () => now);
  const old = await signer.sign(Buffer.from('x'));
  vault.keys.set('v2', ecKey());
  vault.current = 'v2';
  now = 3_599_999;
  expect((await signer.sign(Buffer.from('x'))).publicKey).toEqual(old.publicKey);
  now = 3_600_000;
  const young = await signer.sign(Buffer.from('x'));
  expect(young.publicKey).not.toEqual(old.publicKey);
  expect(await signer.publicKeys()).toEqual([old.publicKey, young.publicKey]);
});

it('says that the key is missing, and leaves passing trouble what it is', async () => {
  const gone = keyVaultSigner(fake({ versions: () => failing(404), currentVersion: () => failing(404) }));
  await expect(gone.publicKeys()).rejects.toMatchObject({ code: 'SEAL_KEY_MISSING' });
  await expect(gone.sign(Buffer.from('x'))).rejects.toMatchObject({ code: 'SEAL_KEY_MISSING' });
  let works = false;
  const vault = fake();
  const publicKey = vault.publicKey;
  vault.publicKey = (...args) => (works ? publicKey(...args) : failing(503));
  const flaky = keyVaultSigner(vault);
  expect(classifyAzureError(await flaky.publicKeys().catch((error: unknown) => error)).kind).toBe(
    'unavailable',
  );
  works = true;
  expect(await flaky.publicKeys()).toHaveLength(1);
});

it('refuses where no vault keeps the key', async () => {
  const signer = createCheckpointSigner({ keyVault: undefined } as Config);
  await expect(signer.sign(Buffer.from('x'))).rejects.toMatchObject({ code: 'SEAL_KEY_MISSING' });
  await expect(signer.publicKeys()).rejects.toMatchObject({ code: 'SEAL_KEY_MISSING' });
});

it('leaves out a version that may not be read, and nothing else that fails', async () => {
  const vault = fake();
  vault.keys.set('v2', ecKey());
  const ofFirst = keyVaultSigner(vault).publicKeys();
  const refusing = (version: string, status: number) => ({
    ...vault,
    publicKey: (name: string, each: string) =>
      each === version ? failing(status) : vault.publicKey(name, each),
  });
  const [first, second] = await ofFirst;
  expect(await keyVaultSigner(refusing('v1', 403)).publicKeys()).toEqual([second]);
  expect(await keyVaultSigner(refusing('v2', 403)).publicKeys()).toEqual([first]);
  await expect(keyVaultSigner(refusing('v1', 503)).publicKeys()).rejects.toMatchObject({ statusCode: 503 });
  vault.keys.delete('v2');
  await expect(keyVaultSigner(refusing('v1', 403)).publicKeys()).rejects.toMatchObject({ statusCode: 403 });
});
