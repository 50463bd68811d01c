import { buildSync } from 'esbuild';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { KeyClient, CryptographyClient } from '@azure/keyvault-keys';
import { SecretClient } from '@azure/keyvault-secrets';
import { readSigningKey } from '../../../local/identity';
import { startVault, type Vault } from './vault';

const root = join(__dirname, '..', '..', '..');
/** Below node_modules, so that the packages left out of the bundle are found from there. */
const bundle = join(root, 'node_modules', '.cache', `keyvault-${process.pid}`, 'services.js');

// Its certificates, signing key and clients; the vault that is killed is a process on the same folder.
let helper: Vault;
const running = new Set<ChildProcess>();
beforeAll(async () => {
  helper = await startVault();
  mkdirSync(join(bundle, '..'), { recursive: true });
  buildSync({
    stdin: {
      contents: `
        import { readFileSync } from 'node:fs';
        import { startKeyVault } from './local/keyvault';
        import { audiences, tokenVerifier } from './local/identity';
        const { dataDir, cert, key, tenantId, jwks } = JSON.parse(process.env.VAULT ?? '');
        const principals = [{ id: 'Key Vault Administrator', roles: ['Key Vault Administrator'] }];
        const verify = tokenVerifier(jwks, Date.now, audiences.keyVault);
        const tls = { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
        startKeyVault({ port: 0, dataDir, tls, identities: { tenantId, principals, verify } })
          .then(({ url }) => console.log(url));`,
      resolveDir: root,
      loader: 'ts',
    },
    bundle: true,
    platform: 'node',
    packages: 'external',
    outfile: bundle,
  });
});
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(join(bundle, '..'), { recursive: true, force: true });
  await helper.stop();
});

async function startProcess(dataDir: string): Promise<{ url: string; kill(): Promise<void> }> {
  const settings = {
    dataDir,
    cert: join(helper.dataDir, 'tls', 'localhost.pem'),
    key: join(helper.dataDir, 'tls', 'localhost.key'),
    tenantId: 'tenant',
    jwks: readSigningKey(join(helper.dataDir, 'identity')).jwks,
  };
  const env = { ...process.env, VAULT: JSON.stringify(settings) };
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', bundle], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.add(child);
  const [url] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return {
    url,
    async kill() {
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
      running.delete(child);
    },
  };
}

test('what was answered survives kill -9: secrets, versions, keys, deletions', async () => {
  const dataDir = join(helper.dataDir, 'killed');
  const credential = helper.credential('Key Vault Administrator');
  let server = await startProcess(dataDir);
  let secrets = new SecretClient(server.url, credential, helper.clientOptions);
  let keys = new KeyClient(server.url, credential, helper.clientOptions);
  const key = await keys.createRsaKey('kek');
  const options = helper.clientOptions;
  const { result } = await new CryptographyClient(key, credential, options).wrapKey(
    'RSA-OAEP-256',
    Buffer.from('k'),
  );
  for (let round = 0; round < 3; round += 1) {
    await secrets.setSecret('counter', String(round));
    await secrets.setSecret(`deleted-${round}`, 'x');
    await (await secrets.beginDeleteSecret(`deleted-${round}`, { intervalInMs: 10 })).pollUntilDone();
    await server.kill();
    server = await startProcess(dataDir);
    secrets = new SecretClient(server.url, credential, options);
    keys = new KeyClient(server.url, credential, options);
    expect((await secrets.getSecret('counter')).value).toBe(String(round));
    expect((await secrets.getDeletedSecret(`deleted-${round}`)).name).toBe(`deleted-${round}`);
  }
  const versions = [];
  for await (const { version } of secrets.listPropertiesOfSecretVersions('counter')) versions.push(version);
  expect(versions).toHaveLength(3);
  const again = new CryptographyClient(await keys.getKey('kek'), credential, options);
  expect(Buffer.from((await again.unwrapKey('RSA-OAEP-256', result)).result).toString()).toBe('k');
  for (const file of ['keyvault.db', 'keyvault.db-wal'])
    expect(statSync(join(dataDir, file)).mode & 0o777).toBe(0o600);
  await server.kill();
});
