import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { startIdentity, type IdentityEndpoint } from '../../../local/identity';
import { classifyAzureError, createKeyWrap } from '../../../src/lib/azure';
import { loadConfig } from '../../../src/lib/config';
import { keyFileWrap } from '../../../src/lib/security';
import { startVault, tenantId, type Vault } from './vault';

// The production adapter with the production SDK and credential, against the stand-ins over the wire.

let vault: Vault;
let identity: IdentityEndpoint;
const folder = mkdtempSync(join(tmpdir(), 'key-wrap-'));
const keyFile = join(folder, 'kek.json');
const trusted = getCACertificates('default');
const before = { ...process.env };
const role = 'Key Vault Crypto Service Encryption User';

beforeAll(async () => {
  vault = await startVault([{ name: 'medrelay-kek', kty: 'RSA', keySize: 3072 }]);
  const app = { name: 'app', objectId: role, clientId: 'app', header: 'secret' };
  const dataDir = join(vault.dataDir, 'identity');
  identity = await startIdentity({ port: 0, dataDir, tenant: { tenantId, principals: [app] } });
  process.env['IDENTITY_ENDPOINT'] = identity.endpoint;
  process.env['IDENTITY_HEADER'] = app.header;
  setDefaultCACertificates([...trusted, readFileSync(join(vault.dataDir, 'tls', 'ca.pem'), 'utf8')]);
});
afterAll(async () => {
  process.env = before;
  setDefaultCACertificates(trusted);
  await identity.stop();
  await vault.stop();
  rmSync(folder, { recursive: true, force: true });
});

const config = (settings: Record<string, string> = {}) =>
  loadConfig({
    ServiceBusConnection__fullyQualifiedNamespace: 'x',
    CosmosDBConnection__accountEndpoint: 'https://x',
    AzureWebJobsStorage: 'UseDevelopmentStorage=true',
    DEFAULT_TENANT: 'demo',
    KEY_VAULT_URL: vault.server.url,
    KEY_VAULT_URL__credential: 'managedidentity',
    ...settings,
  });

test('what the vault wraps it unwraps, also after a rotation, and new keys go under the new version', async () => {
  const wrap = createKeyWrap(config());
  const dataKey = randomBytes(32);
  const old = await wrap.wrap(dataKey);
  expect(old.keyId).toMatch(/^vault:medrelay-kek\/[0-9a-f]{32}$/);
  expect(old.wrapped).toHaveLength(384);
  const { properties } = await vault.keys().rotateKey('medrelay-kek');
  const young = createKeyWrap(config());
  expect((await young.wrap(dataKey)).keyId).toBe(`vault:medrelay-kek/${properties.version}`);
  expect(Buffer.from(await young.unwrap(old.keyId, old.wrapped))).toEqual(dataKey);
});

test('data of a key file goes on opening beside the vault; new keys are the vault’s', async () => {
  const dataKey = randomBytes(32);
  const old = await keyFileWrap(keyFile, 'Development').wrap(dataKey);
  const both = createKeyWrap(
    config({ MEDRELAY_KEY_FILE: keyFile, AZURE_FUNCTIONS_ENVIRONMENT: 'Development' }),
  );
  expect(Buffer.from(await both.unwrap(old.keyId, old.wrapped))).toEqual(dataKey);
  const young = await both.wrap(dataKey);
  expect(young.keyId).toMatch(/^vault:/);
  expect(Buffer.from(await both.unwrap(young.keyId, young.wrapped))).toEqual(dataKey);
  await expect(createKeyWrap(config()).unwrap(old.keyId, old.wrapped)).rejects.toMatchObject({
    code: 'KEY_KEEPER_MISSING',
  });
});

test('a changed data key and an unknown version are said to be so', async () => {
  const wrap = createKeyWrap(config());
  const { keyId, wrapped } = await wrap.wrap(randomBytes(32));
  wrapped[9] = (wrapped[9] ?? 0) ^ 1;
  await expect(wrap.unwrap(keyId, wrapped)).rejects.toMatchObject({ code: 'KEY_UNWRAP_FAILED' });
  const unknown = `vault:medrelay-kek/${'0'.repeat(32)}`;
  await expect(wrap.unwrap(unknown, wrapped)).rejects.toMatchObject({ code: 'KEY_KEEPER_MISSING' });
});

test('a vault that is away is passing trouble', async () => {
  const gone = createKeyWrap(config({ KEY_VAULT_URL: 'https://localhost:9/' }));
  const error: unknown = await gone.wrap(randomBytes(32)).catch((cause: unknown) => cause);
  expect(classifyAzureError(error).kind).toBe('unavailable');
});
