import { all, fate, newName, onStandIn, startVault, type Vault } from '../vault';

let vault: Vault;
beforeAll(async () => {
  vault = await startVault();
});
afterAll(() => vault.stop());

const deleted = async (name: string) =>
  (await vault.secrets().beginDeleteSecret(name, quick)).pollUntilDone();
const quick = { intervalInMs: 10 };

test('a secret comes back as it was set', async () => {
  const name = newName('a');
  const expiresOn = new Date('2037-01-01T00:00:00Z');
  const notBefore = new Date('2020-01-01T00:00:00Z');
  const set = await vault.secrets().setSecret(name, 'wert äöü', {
    contentType: 'text/plain',
    tags: { unit: 'icu' },
    expiresOn,
    notBefore,
  });
  const got = await vault.secrets().getSecret(name);
  expect(got).toMatchObject({
    name,
    value: 'wert äöü',
    properties: { contentType: 'text/plain', tags: { unit: 'icu' }, expiresOn, notBefore, enabled: true },
  });
  expect(got.properties.id).toBe(`${got.properties.vaultUrl}/secrets/${name}/${got.properties.version}`);
  expect(got.properties.version).toMatch(/^[0-9a-f]{32}$/);
  expect(got.properties).toMatchObject({ recoveryLevel: 'Recoverable+Purgeable', recoverableDays: 90 });
  expect(set.properties.version).toBe(got.properties.version);
});

test('times of creation and change are whole seconds of now', async () => {
  const before = Math.floor(Date.now() / 1000) * 1000;
  const { properties } = await vault.secrets().setSecret(newName('a'), 'x');
  expect(Number(properties.createdOn)).toBeGreaterThanOrEqual(before);
  expect(Number(properties.createdOn)).toBeLessThanOrEqual(Date.now());
  expect(properties.updatedOn).toEqual(properties.createdOn);
});

test('setting again makes a version; the old one stays and is found by its version', async () => {
  const name = newName('a');
  const first = await vault.secrets().setSecret(name, 'one');
  const second = await vault.secrets().setSecret(name, 'two');
  expect(second.properties.version).not.toBe(first.properties.version);
  expect((await vault.secrets().getSecret(name)).value).toBe('two');
  const { version = '' } = first.properties;
  expect((await vault.secrets().getSecret(name, { version })).value).toBe('one');
});

test('versions are listed without values', async () => {
  const name = newName('a');
  const made = [];
  for (const value of ['1', '2', '3'])
    made.push((await vault.secrets().setSecret(name, value)).properties.version);
  const listed = await all(vault.secrets().listPropertiesOfSecretVersions(name));
  expect(listed.map(({ version }) => version).sort()).toEqual(made.sort());
  expect(JSON.stringify(listed)).not.toContain('value');
});

test('versions come in pages', async () => {
  const name = newName('a');
  for (const value of ['1', '2', '3', '4', '5']) await vault.secrets().setSecret(name, value);
  const pages = await all(vault.secrets().listPropertiesOfSecretVersions(name).byPage({ maxPageSize: 2 }));
  expect(pages.map((page) => page.length)).toEqual([2, 2, 1]);
  expect(new Set(pages.flat().map(({ version }) => version)).size).toBe(5);
});

test('secrets are listed once each, in pages, without values or versions', async () => {
  const names = Array.from({ length: 5 }, () => newName('page'));
  for (const name of [...names, names[0] ?? '']) await vault.secrets().setSecret(name, 'secret-text');
  const pages = await all(vault.secrets().listPropertiesOfSecrets().byPage({ maxPageSize: 2 }));
  for (const page of pages) expect(page.length).toBeLessThanOrEqual(2);
  const found = pages.flat().filter(({ name }) => names.includes(name));
  expect(found.map(({ name }) => name).sort()).toEqual([...names].sort());
  expect(found.map(({ version }) => version)).toEqual(Array(5).fill(undefined));
  expect(JSON.stringify(pages)).not.toContain('secret-text');
});

test('names differ by more than letter case', async () => {
  const name = newName('CaSe');
  await vault.secrets().setSecret(name, 'x');
  expect((await vault.secrets().getSecret(name.toLowerCase())).value).toBe('x');
  await vault.secrets().setSecret(name.toUpperCase(), 'y');
  expect(await all(vault.secrets().listPropertiesOfSecretVersions(name))).toHaveLength(2);
});

test('an update changes attributes, tags and content type of one version, and keeps what is not named', async () => {
  const name = newName('a');
  const { properties } = await vault.secrets().setSecret(name, 'x', { contentType: 'a', tags: { old: '1' } });
  const version = properties.version ?? '';
  await vault.secrets().updateSecretProperties(name, version, { tags: { new: '2' } });
  const got = await vault.secrets().getSecret(name, { version });
  expect(got).toMatchObject({
    value: 'x',
    properties: { contentType: 'a', tags: { new: '2' }, enabled: true },
  });
  await vault.secrets().updateSecretProperties(name, version, { contentType: 'b' });
  const again = await vault.secrets().getSecret(name, { version });
  expect(again).toMatchObject({ value: 'x', properties: { contentType: 'b', tags: { new: '2' } } });
});

test('a disabled secret is not given out, and is again when enabled', async () => {
  const name = newName('a');
  const { properties } = await vault.secrets().setSecret(name, 'x', { enabled: false });
  expect(await fate(vault.secrets().getSecret(name))).toEqual([403, 'Forbidden', 'SecretDisabled']);
  await vault.secrets().updateSecretProperties(name, properties.version ?? '', { enabled: true });
  expect((await vault.secrets().getSecret(name)).value).toBe('x');
});

test('what is not there is 404 SecretNotFound', async () => {
  const name = newName('a');
  expect(await fate(vault.secrets().getSecret(name))).toEqual([404, 'SecretNotFound']);
  await vault.secrets().setSecret(name, 'x');
  const version = '0'.repeat(32);
  expect(await fate(vault.secrets().getSecret(name, { version }))).toEqual([404, 'SecretNotFound']);
  expect(await fate(deleted(newName('a')))).toEqual([404, 'SecretNotFound']);
  expect(await fate(vault.secrets().getDeletedSecret(name))).toEqual([404, 'SecretNotFound']);
});

test('a deleted secret is gone, is listed as deleted, and its name is taken', async () => {
  const name = newName('a');
  await vault.secrets().setSecret(name, 'x', { tags: { a: 'b' } });
  await deleted(name);
  expect(await fate(vault.secrets().getSecret(name))).toEqual([404, 'SecretNotFound']);
  expect(await fate(vault.secrets().setSecret(name, 'y'))).toEqual([
    409,
    'Conflict',
    'ObjectIsDeletedButRecoverable',
  ]);
  const names = (await all(vault.secrets().listPropertiesOfSecrets())).map((each) => each.name);
  expect(names).not.toContain(name);
  const found = await vault.secrets().getDeletedSecret(name);
  expect(found).toMatchObject({ name, properties: { tags: { a: 'b' } } });
  expect(found.recoveryId).toMatch(new RegExp(`/deletedsecrets/${name}$`));
  expect(Number(found.scheduledPurgeDate) - Number(found.deletedOn)).toBe(90 * 86_400_000);
  const gone = (await all(vault.secrets().listDeletedSecrets())).filter((each) => each.name === name);
  expect(gone).toHaveLength(1);
});

test('a deleted secret is recovered with all its versions', async () => {
  const name = newName('a');
  const first = await vault.secrets().setSecret(name, 'one');
  await vault.secrets().setSecret(name, 'two');
  await deleted(name);
  await (await vault.secrets().beginRecoverDeletedSecret(name, quick)).pollUntilDone();
  expect((await vault.secrets().getSecret(name)).value).toBe('two');
  const { version = '' } = first.properties;
  expect((await vault.secrets().getSecret(name, { version })).value).toBe('one');
  expect(await fate(vault.secrets().getDeletedSecret(name))).toEqual([404, 'SecretNotFound']);
});

test('a purged secret cannot be recovered, and its name is free', async () => {
  const name = newName('a');
  await vault.secrets().setSecret(name, 'one');
  await deleted(name);
  await vault.secrets().purgeDeletedSecret(name);
  expect(await fate(vault.secrets().getDeletedSecret(name))).toEqual([404, 'SecretNotFound']);
  await vault.secrets().setSecret(name, 'two');
  expect(await all(vault.secrets().listPropertiesOfSecretVersions(name))).toHaveLength(1);
});

test('only what is deleted can be purged', async () => {
  const name = newName('a');
  await vault.secrets().setSecret(name, 'one');
  expect(await fate(vault.secrets().purgeDeletedSecret(name))).toEqual([404, 'SecretNotFound']);
  expect((await vault.secrets().getSecret(name)).value).toBe('one');
});

onStandIn('after 90 days a deleted secret is gone for good', async () => {
  const own = await startVault();
  try {
    await own.secrets().setSecret('old', 'x');
    await (await own.secrets().beginDeleteSecret('old', quick)).pollUntilDone();
    own.passDays(89.9);
    expect((await own.secrets().getDeletedSecret('old')).name).toBe('old');
    own.passDays(0.2);
    expect(await fate(own.secrets().getDeletedSecret('old'))).toEqual([404, 'SecretNotFound']);
    expect(await fate(own.secrets().setSecret('old', 'y'))).toBe('ok');
  } finally {
    await own.stop();
  }
});

test.each<[string, () => Promise<unknown>]>([
  ['a value of more than 25 KB', () => vault.secrets().setSecret(newName('a'), 'x'.repeat(25_601))],
  ['a name with other characters', () => vault.secrets().setSecret('under_score', 'x')],
  ['a name of more than 127 characters', () => vault.secrets().setSecret('x'.repeat(128), 'x')],
  [
    'more than 15 tags',
    () =>
      vault.secrets().setSecret(newName('a'), 'x', {
        tags: Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`t${i}`, ''])),
      }),
  ],
])('%s is 400 BadParameter', async (_, call) => {
  expect(await fate(call())).toEqual([400, 'BadParameter']);
});

test('a value of 25 KB and a name of 127 characters are the largest', async () => {
  const name = newName('x').padEnd(127, 'x');
  await vault.secrets().setSecret(name, 'x'.repeat(25_600));
  expect((await vault.secrets().getSecret(name)).value).toHaveLength(25_600);
});
