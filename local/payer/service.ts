import { join } from 'node:path';
import type { Service } from '../services/service';
import { startPayer } from './index';

export const payer: Service = {
  name: 'payer',
  async start({ dataDir, port }) {
    const { stop, ...info } = await startPayer({ port: port('payer'), dataDir: join(dataDir, 'payer') });
    return { info, stop };
  },
};
