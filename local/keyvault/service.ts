import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCertificates } from '../certificates';
import { audiences, readSigningKey, tokenVerifier } from '../identity';
import type { Service } from '../services/service';
import { startKeyVault, type InitialKey, type VaultPrincipal } from './index';

/** What `keyvault/config.json` of the data folder holds. */
export interface VaultConfig {
  tenantId: string;
  principals: readonly VaultPrincipal[];
  keys: readonly InitialKey[];
}

/** In the process "Local services". */
export const keyVault: Service = {
  name: 'keyVault',
  async start({ dataDir: stackDir, port }) {
    const dataDir = join(stackDir, 'keyvault');
    const { tenantId, principals, keys } = JSON.parse(
      readFileSync(join(dataDir, 'config.json'), 'utf8'),
    ) as VaultConfig;
    const { certFile, keyFile } = await readCertificates(join(stackDir, 'tls'));
    const { jwks } = readSigningKey(join(stackDir, 'identity'));
    const { url, stop } = await startKeyVault({
      port: port('keyVault'),
      dataDir,
      tls: { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') },
      identities: { tenantId, principals, verify: tokenVerifier(jwks, Date.now, audiences.keyVault) },
      keys,
    });
    return { info: { url }, stop };
  },
};
