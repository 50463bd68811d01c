import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Service } from '../services/service';
import { startIdentity, type Tenant } from './index';

/** In the process "Local services": `identity/tenant.json` of the data folder says who there is. */
export const identity: Service = {
  name: 'identity',
  async start({ dataDir: stackDir, port }) {
    const dataDir = join(stackDir, 'identity');
    const tenant = JSON.parse(readFileSync(join(dataDir, 'tenant.json'), 'utf8')) as Tenant;
    const { endpoint, stop } = await startIdentity({ port: port('identity'), dataDir, tenant });
    return { info: { endpoint }, stop };
  },
};
