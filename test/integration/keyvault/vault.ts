import { DefaultAzureCredential, type TokenCredential } from '@azure/identity';
import { CryptographyClient, KeyClient, type KeyVaultKey } from '@azure/keyvault-keys';
import { SecretClient } from '@azure/keyvault-secrets';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { readCertificates } from '../../../local/certificates';
import { audiences, issueToken, readSigningKey, tokenVerifier } from '../../../local/identity';
import { startKeyVault, type InitialKey } from '../../../local/keyvault';

export const tenantId = randomUUID();

/** One principal for each role, named by it; `nobody` has a token and no role. */
const roles = [
  'Key Vault Administrator',
  'Key Vault Reader',
  'Key Vault Secrets Officer',
  'Key Vault Secrets User',
  'Key Vault Crypto Officer',
  'Key Vault Crypto User',
  'Key Vault Crypto Service Encryption User',
] as const;
export type Role = (typeof roles)[number] | 'nobody';

export interface Answer {
  status: number;
  challenge: string | undefined;
  body: unknown;
}

/** The URL of a real vault (RBAC model); the environment's identity must be its administrator. */
const real = process.env['MEDRELAY_CONFORMANCE_KEYVAULT'];
/** The SDK asks for tokens only where the vault is below the domain that they are for; a vault elsewhere is none of Azure's. */
const realOptions = {
  disableChallengeResourceVerification: real !== undefined && !new URL(real).hostname.includes('.vault.'),
};
/** Checks that only a stand-in can offer: other identities, another clock, and what it does not support. */
export const onStandIn = real === undefined ? test : test.skip;

export async function startVault(keys: readonly InitialKey[] = []) {
  const dataDir = mkdtempSync(join(tmpdir(), 'keyvault-'));
  const { caFile, certFile, keyFile } = await readCertificates(join(dataDir, 'tls'));
  const ca = readFileSync(caFile, 'utf8');
  const signingKey = readSigningKey(join(dataDir, 'identity'));
  let ahead = 0;
  const now = () => Date.now() + ahead;
  const options = {
    dataDir,
    tls: { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') },
    identities: {
      tenantId,
      principals: roles.map((role) => ({ id: role, roles: [role] })),
      verify: tokenVerifier(signingKey.jwks, now, audiences.keyVault),
    },
    keys,
    now,
  };
  const server = await startKeyVault({ port: 0, ...options });

  const token = (role: Role, resource = 'https://vault.azure.net', at = now()): string =>
    issueToken(signingKey, tenantId, { name: role, objectId: role, clientId: role, header: '' }, resource, at)
      .token;
  const credential = (role: Role): TokenCredential => ({
    getToken: (scopes) => {
      expect([scopes].flat()).toEqual(['https://vault.azure.net/.default']);
      return Promise.resolve({ token: token(role), expiresOnTimestamp: now() + 3_600_000 });
    },
  });
  const clientOptions = {
    // A vault on this machine is not below the domain that tokens are for.
    disableChallengeResourceVerification: true,
    tlsOptions: { ca },
    retryOptions: { maxRetries: 0 },
  };

  return {
    dataDir,
    server,
    ca,
    token,
    /** For `call`, of the identity that may do everything. */
    async bearer(): Promise<string> {
      if (real === undefined) return `Bearer ${token('Key Vault Administrator')}`;
      const { token: ours } = await new DefaultAzureCredential().getToken('https://vault.azure.net/.default');
      return `Bearer ${ours}`;
    },
    credential,
    clientOptions,
    passDays: (days: number) => void (ahead += days * 24 * 60 * 60 * 1000),
    secrets: (role: Role = 'Key Vault Administrator') =>
      real === undefined
        ? new SecretClient(server.url, credential(role), clientOptions)
        : new SecretClient(real, new DefaultAzureCredential(), realOptions),
    keys: (role: Role = 'Key Vault Administrator') =>
      real === undefined
        ? new KeyClient(server.url, credential(role), clientOptions)
        : new KeyClient(real, new DefaultAzureCredential(), realOptions),
    cryptography: (key: KeyVaultKey | string, role: Role = 'Key Vault Administrator') =>
      real === undefined
        ? new CryptographyClient(key, credential(role), clientOptions)
        : new CryptographyClient(key, new DefaultAzureCredential(), realOptions),
    /** Without an SDK, for what an SDK does not send. */
    call(
      method: string,
      path: string,
      { body, authorization }: { body?: unknown; authorization?: string } = {},
    ): Promise<Answer> {
      return new Promise((resolve, reject) => {
        const headers = { 'content-type': 'application/json', ...(authorization && { authorization }) };
        // Node trusts what NODE_EXTRA_CA_CERTS names beside the public authorities, unless it is told whom to trust.
        const trusted = real === undefined ? { ca } : {};
        const url = new URL(path, real ?? server.url);
        const outgoing = request(url, { method, headers, ...trusted }, (incoming) => {
          text(incoming).then((content) => {
            resolve({
              status: incoming.statusCode ?? 0,
              challenge: incoming.headers['www-authenticate'],
              body: content === '' ? undefined : JSON.parse(content),
            });
          }, reject);
        });
        outgoing.on('error', reject).end(typeof body === 'string' ? body : body && JSON.stringify(body));
      });
    },
    async stop() {
      await server.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

export type Vault = Awaited<ReturnType<typeof startVault>>;

/** Names that nobody has used, also in a vault that remembers what was deleted. */
export const newName = (prefix: string): string => `${prefix}-${randomUUID()}`;

/** Status, code and inner code that a call fails with, and 'ok' when it does not. */
export async function fate(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
    return 'ok';
  } catch (error) {
    const { statusCode, code, details } = error as {
      statusCode?: number;
      code?: string;
      details?: { error?: { innerError?: { code?: string } } };
    };
    if (statusCode === undefined) throw error;
    const inner = details?.error?.innerError?.code;
    return [statusCode, code, ...(inner === undefined ? [] : [inner])];
  }
}

export async function all<T>(list: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of list) items.push(item);
  return items;
}
