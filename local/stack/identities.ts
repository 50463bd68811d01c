import { randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCertificates } from '../certificates';
import { readSigningKey, type ManagedPrincipal, type Tenant } from '../identity';
import type { VaultConfig } from '../keyvault/service';
import type { StorageConfig } from '../storage-tls/service';
import { StackError, messageOf } from './errors';
import type { Topology } from './topology';

/** Who there is in this data folder, what each may do, and by what they trust each other. */
export interface StackIdentities {
  /** What the app runs as. */
  app: ManagedPrincipal;
  /** The person at the command line. */
  operator: ManagedPrincipal;
  cosmosFile: string;
  serviceBusFile: string;
  certFile: string;
  keyFile: string;
  /** The stack's authority, and what the environment trusted before. */
  trustFile: string;
}

/** Names and ids are made once and kept; rights are those of the topology at each start. */
export async function prepareIdentities(dataDir: string, topology: Topology): Promise<StackIdentities> {
  const dir = privateFolder(join(dataDir, 'identity'));
  const { jwks } = readSigningKey(dir);
  const tenant = readTenant(join(dir, 'tenant.json'));
  const [app, operator] = ['app', 'operator'].map((name) =>
    tenant.principals.find((each) => each.name === name),
  );
  if (!app || !operator)
    throw new StackError(
      `${join(dir, 'tenant.json')} is damaged: it must hold app and operator. Delete it to get new ones.`,
    );
  const { Cosmos, ServiceBus, Storage, KeyVault } = topology.AppIdentity;

  const cosmosFile = join(dir, 'cosmos.json');
  write(cosmosFile, { jwks, principals: Cosmos.map((grant) => ({ id: app.objectId, ...grant })) });
  const serviceBusFile = join(dir, 'service-bus.json');
  write(serviceBusFile, { jwks, principals: [{ id: app.objectId, roles: ServiceBus }] });
  const storage: StorageConfig = {
    tenantId: tenant.tenantId,
    principals: [{ id: app.objectId, roles: Storage }],
  };
  write(join(dir, 'storage.json'), storage);
  const vault: VaultConfig = {
    tenantId: tenant.tenantId,
    principals: [
      { id: app.objectId, roles: KeyVault },
      { id: operator.objectId, roles: ['Key Vault Administrator'] },
    ],
    keys: topology.KeyVault.keys,
  };
  write(join(privateFolder(join(dataDir, 'keyvault')), 'config.json'), vault);

  const tls = join(dataDir, 'tls');
  const { caFile, certFile, keyFile } = await readCertificates(tls);
  const trustFile = join(tls, 'trust.pem');
  writeFileSync(trustFile, readFileSync(caFile, 'utf8') + trustedBefore());
  return { app, operator, cosmosFile, serviceBusFile, certFile, keyFile, trustFile };
}

/** NODE_EXTRA_CA_CERTS names one file alone: what a company's proxy needs goes into ours. */
function trustedBefore(): string {
  const file = process.env['NODE_EXTRA_CA_CERTS'];
  if (!file) return '';
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new StackError(`NODE_EXTRA_CA_CERTS names ${file}, which cannot be read: ${messageOf(error)}.`);
  }
}

function readTenant(file: string): Tenant {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Tenant;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      throw new StackError(`${file} cannot be read (${messageOf(error)}). Delete it to get new identities.`);
  }
  const principal = (name: string): ManagedPrincipal => ({
    name,
    objectId: randomUUID(),
    clientId: randomUUID(),
    header: randomBytes(32).toString('base64url'),
  });
  const tenant = { tenantId: randomUUID(), principals: [principal('app'), principal('operator')] };
  write(file, tenant);
  return tenant;
}

function privateFolder(dir: string): string {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  return dir;
}

/** Whole or not at all, and for its owner alone. */
function write(file: string, content: object): void {
  writeFileSync(`${file}.tmp`, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.tmp`, file);
}
