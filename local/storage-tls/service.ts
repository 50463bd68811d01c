import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCertificates } from '../certificates';
import { audiences, readSigningKey, tokenVerifier } from '../identity';
import type { Service } from '../services/service';
import { checkPrincipals, startStorageTls, type StorageIdentities } from './index';

/** What `identity/storage.json` of the data folder holds. */
export type StorageConfig = Omit<StorageIdentities, 'verify'>;

/** In the process "Local services", under `--identity`. */
export const storageTls: Service = {
  name: 'blobTls',
  async start({ dataDir, port }) {
    const dir = join(dataDir, 'identity');
    const config = JSON.parse(readFileSync(join(dir, 'storage.json'), 'utf8')) as StorageConfig;
    checkPrincipals(config.principals);
    const { jwks } = readSigningKey(dir);
    const { certFile, keyFile } = await readCertificates(join(dataDir, 'tls'));
    const common = {
      tls: { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') },
      identities: { ...config, verify: tokenVerifier(jwks, Date.now, audiences.storage) },
    };
    const blob = await startStorageTls({
      ...common,
      service: 'blob',
      port: port('blobTls'),
      plainPort: port('blob'),
    });
    const queue = await startStorageTls({
      ...common,
      service: 'queue',
      port: port('queueTls'),
      plainPort: port('queue'),
    });
    return {
      info: { blobEndpoint: blob.endpoint, queueEndpoint: queue.endpoint },
      stop: async () => void (await Promise.all([blob.stop(), queue.stop()])),
    };
  },
};
