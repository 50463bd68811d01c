import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { CosmosClient } from '@azure/cosmos';
import { startCosmos, type Cosmos } from '../../../local/cosmos';
import { startIdentity, type IdentityEndpoint } from '../../../local/identity';
import { createAzure, createDataKeyStore, createKeyWrap, type Azure } from '../../../src/lib/azure';
import { loadConfig, type Config } from '../../../src/lib/config';
import { createFieldCipher, createKeyCustodian, type FieldCipher } from '../../../src/lib/security';
import { startVault, tenantId as directory, type Vault } from '../keyvault/vault';

// The production adapters over the wire: Key Vault's stand-in wraps, Cosmos DB's keeps.

const folder = mkdtempSync(join(tmpdir(), 'medrelay-custody-'));
const trusted = getCACertificates('default');
const before = { ...process.env };
let vault: Vault;
let identity: IdentityEndpoint;
let cosmos: Cosmos;
let azure: Azure;
let config: Config;

beforeAll(async () => {
  [vault, cosmos] = await Promise.all([
    startVault([{ name: 'medrelay-kek', kty: 'RSA', keySize: 3072 }]),
    startCosmos({ port: 0, dataDir: join(folder, 'cosmos') }),
  ]);
  const role = 'Key Vault Crypto Service Encryption User';
  const app = { name: 'app', objectId: role, clientId: 'app', header: 'secret' };
  const dataDir = join(vault.dataDir, 'identity');
  identity = await startIdentity({ port: 0, dataDir, tenant: { tenantId: directory, principals: [app] } });
  process.env['IDENTITY_ENDPOINT'] = identity.endpoint;
  process.env['IDENTITY_HEADER'] = app.header;
  setDefaultCACertificates([...trusted, readFileSync(join(vault.dataDir, 'tls', 'ca.pem'), 'utf8')]);
  const client = new CosmosClient(cosmos.connectionString);
  const { database } = await client.databases.createIfNotExists({ id: 'audit' });
  await database.containers.createIfNotExists({ id: 'keys', partitionKey: '/pk' });
  client.dispose();
  config = loadConfig({
    ServiceBusConnection__fullyQualifiedNamespace: 'x',
    CosmosDBConnection: cosmos.connectionString,
    AzureWebJobsStorage: 'UseDevelopmentStorage=true',
    DEFAULT_TENANT: 'demo',
    KEY_VAULT_URL: vault.server.url,
    KEY_VAULT_URL__credential: 'managedidentity',
  });
  azure = createAzure(config.connections);
}, 120_000);

afterAll(async () => {
  process.env = before;
  setDefaultCACertificates(trusted);
  await azure?.close();
  await Promise.all([identity?.stop(), vault?.stop(), cosmos?.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

/** A process of its own: own caches, same services. */
const cipherOf = (): FieldCipher =>
  createFieldCipher({ keyWrap: createKeyWrap(config), store: createDataKeyStore(azure) });
const custodian = () => createKeyCustodian(createKeyWrap(config), createDataKeyStore(azure));
const at = '2026-03-05T08:00:00Z';
const place = { id: 'e1', path: 'patient.name' };
const text = (plain: string) => Buffer.from(plain, 'utf8');

test('after a rotation every data key is wrapped anew, once, and all ciphertexts open as before', async () => {
  const first = cipherOf();
  const sealed = await Promise.all(
    ['north', 'south'].map(async (tenantId) => ({
      tenantId,
      field: (await first.sealer(tenantId, 'phi', at)).seal(text('DOE'), place),
      ofPerson: (await first.sealer(tenantId, 'pii', at, 'Patient/7')).seal(text('JANE'), place),
      body: await first.sealBody(tenantId, at, text('MSH|'), 'hash'),
      index: await first.blindIndex(tenantId, 'identifier.value', '123'),
    })),
  );
  const secretBefore = await createDataKeyStore(azure).read(
    'north',
    subjectDocument(sealed[0]?.ofPerson.kid),
  );

  const { properties } = await vault.keys().rotateKey('medrelay-kek');
  const seen: number[] = [];
  const done = await custodian().rewrap(({ rewrapped }) => seen.push(rewrapped));
  // Per tenant: phi, mac, subject, raw, index. Secrets of persons are wrapped under `subject` and stay as they are.
  expect(done).toEqual({ keys: 10, rewrapped: 10 });
  expect(seen.at(-1)).toBe(10);
  expect(await custodian().rewrap()).toEqual({ keys: 10, rewrapped: 0 });
  for await (const { key } of createDataKeyStore(azure).dataKeys())
    expect(key.keyId).toBe(`vault:medrelay-kek/${properties.version}`);
  expect(await createDataKeyStore(azure).read('north', subjectDocument(sealed[0]?.ofPerson.kid))).toEqual(
    secretBefore,
  );

  const later = cipherOf();
  for (const { tenantId, field, ofPerson, body, index } of sealed) {
    expect(String(await later.open(tenantId, field, place))).toBe('DOE');
    expect(String(await later.open(tenantId, ofPerson, place))).toBe('JANE');
    expect(String(await later.openBody(tenantId, body, 'hash'))).toBe('MSH|');
    expect(await later.blindIndex(tenantId, 'identifier.value', '123')).toBe(index);
  }
});

test('a shredded person is unreadable, nobody else is, and no new secret takes its place', async () => {
  const tenantId = 'shred';
  const writer = cipherOf();
  const sealFor = async (subject: string, plain: string) =>
    (await writer.sealer(tenantId, 'phi', at, subject)).seal(text(plain), place);
  const [gone, other] = [await sealFor('Patient/1', 'DOE'), await sealFor('Patient/2', 'ROE')];
  expect(await custodian().shred(tenantId, 'Patient/1', at)).toBe('shredded');
  expect(await custodian().shred(tenantId, 'Patient/1', at)).toBe('was shredded');

  const reader = cipherOf();
  await expect(reader.open(tenantId, gone, place)).rejects.toMatchObject({ code: 'SHREDDED' });
  expect(String(await reader.open(tenantId, other, place))).toBe('ROE');
  // A process that still holds the secret, and one that does not: both write, neither makes a secret.
  const afterwards = [
    await sealFor('Patient/1', 'again'),
    (await reader.sealer(tenantId, 'phi', at, 'Patient/1')).seal(text('new'), place),
  ];
  for (const each of afterwards)
    await expect(cipherOf().open(tenantId, each, place)).rejects.toMatchObject({ code: 'SHREDDED' });
  expect(await createDataKeyStore(azure).read(tenantId, subjectDocument(gone.kid))).toEqual({
    id: subjectDocument(gone.kid),
    keyId: '',
    wrapped: '',
    shreddedAt: at,
  });
});

test('a person without a secret can be shredded before anything is sealed', async () => {
  expect(await custodian().shred('early', 'Patient/9', at)).toBe('nothing sealed');
  const sealed = (await cipherOf().sealer('early', 'phi', at, 'Patient/9')).seal(text('x'), place);
  await expect(cipherOf().open('early', sealed, place)).rejects.toMatchObject({ code: 'SHREDDED' });
});

test('a secret that vanished without a tombstone is not called shredded', async () => {
  const sealed = (await cipherOf().sealer('lost', 'phi', at, 'Patient/3')).seal(text('x'), place);
  const keys = await azure.container('audit/keys');
  await keys.item(subjectDocument(sealed.kid), 'lost').delete();
  await expect(cipherOf().open('lost', sealed, place)).rejects.toMatchObject({ code: 'KEY_UNKNOWN' });
});

const subjectDocument = (kid = ''): string => `subject.${kid.slice(kid.indexOf('.') + 1)}`;
