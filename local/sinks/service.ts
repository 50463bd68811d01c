import { join } from 'node:path';
import type { Service } from '../services/service';
import { startSinks } from './index';

export const sinks: Service = {
  name: 'sinks',
  async start({ dataDir, port }) {
    const { stop, ...info } = await startSinks({
      port: port('sinks'),
      smtpPort: port('smtp'),
      dataDir: join(dataDir, 'sinks'),
    });
    return { info, stop };
  },
};
