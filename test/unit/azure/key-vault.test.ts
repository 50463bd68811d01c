import { classifyAzureError } from '../../../src/lib/azure';
import { keyVaultWrap, type VaultKeys } from '../../../src/lib/azure/key-vault';

const version = (digit: string) => digit.repeat(32);
const failing = (statusCode: number) => Promise.reject(Object.assign(new Error('quoted'), { statusCode }));

function fake(overrides: Partial<VaultKeys> = {}): VaultKeys & { current: string; asked: number } {
  return {
    current: version('a'),
    asked: 0,
    currentVersion() {
      this.asked += 1;
      return Promise.resolve(this.current);
    },
    wrap: (name, used, key) => Promise.resolve(Buffer.from(`${name} ${used} ${Buffer.from(key).toString()}`)),
    unwrap: (name, used, wrapped) =>
      Promise.resolve(Buffer.from(`${name} ${used} ${Buffer.from(wrapped).toString()}`)),
    ...overrides,
  };
}

it('names the version beside each wrapped key, and unwraps by that version', async () => {
  const wrap = keyVaultWrap(fake());
  const { keyId, wrapped } = await wrap.wrap(Buffer.from('k'));
  expect([keyId, String(wrapped)]).toEqual([
    `vault:medrelay-kek/${version('a')}`,
    `medrelay-kek ${version('a')} k`,
  ]);
  expect(String(await wrap.unwrap(`vault:other/${version('b')}`, Buffer.from('w')))).toBe(
    `other ${version('b')} w`,
  );
});

it('asks for the current version once an hour', async () => {
  let now = 0;
  const keys = fake();
  const wrap = keyVaultWrap(keys, () => now);
  await wrap.wrap(Buffer.from('k'));
  keys.current = version('b');
  now = 3_599_999;
  expect((await wrap.wrap(Buffer.from('k'))).keyId).toContain(version('a'));
  expect(keys.asked).toBe(1);
  now = 3_600_000;
  expect((await wrap.wrap(Buffer.from('k'))).keyId).toContain(version('b'));
});

it.each([
  [429, 'throttled'],
  [503, 'unavailable'],
  [403, 'denied'],
])('leaves a %i of the vault what it is: %s', async (status, kind) => {
  const wrap = keyVaultWrap(fake({ unwrap: () => failing(status), currentVersion: () => failing(status) }));
  const id = `vault:medrelay-kek/${version('a')}`;
  for (const call of [wrap.wrap(Buffer.from('k')), wrap.unwrap(id, Buffer.from('w'))])
    expect(classifyAzureError(await call.catch((error: unknown) => error)).kind).toBe(kind);
});

it.each([
  ['a version that the vault lacks', 404, 'KEY_KEEPER_MISSING'],
  ['bytes that were changed', 400, 'KEY_UNWRAP_FAILED'],
])('says of %s what to do', async (_, status, code) => {
  const wrap = keyVaultWrap(fake({ unwrap: () => failing(status) }));
  const call = wrap.unwrap(`vault:medrelay-kek/${version('a')}`, Buffer.from('w'));
  await expect(call).rejects.toMatchObject({ code });
  await expect(call).rejects.not.toThrow(/quoted/);
});

it.each(['file:k1', 'https://v.vault.azure.net/keys/medrelay-kek/1', `vault:../secrets/${version('a')}`, ''])(
  'sends nothing to an address that data names: %j',
  async (keyId) => {
    const unwrap = jest.fn<Promise<Uint8Array>, []>();
    await expect(keyVaultWrap(fake({ unwrap })).unwrap(keyId, Buffer.from('w'))).rejects.toMatchObject({
      code: 'KEY_KEEPER_MISSING',
    });
    expect(unwrap).not.toHaveBeenCalled();
  },
);

it('says which key a vault has to hold', async () => {
  const call = keyVaultWrap(fake({ currentVersion: () => failing(404) })).wrap(Buffer.from('k'));
  await expect(call).rejects.toThrow(/no key named medrelay-kek.*RSA, 3072 bits/);
});
