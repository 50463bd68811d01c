import { join } from 'node:path';
import type { Service } from '../services/service';
import { startWorm } from './index';

export const worm: Service = {
  name: 'blob',
  async start({ dataDir, port }) {
    const {
      port: blobPort,
      endpoint,
      stop,
    } = await startWorm({
      port: port('blob'),
      azuritePort: port('azurite'),
      dataDir: join(dataDir, 'worm'),
    });
    return { info: { port: blobPort, endpoint }, stop };
  },
};
