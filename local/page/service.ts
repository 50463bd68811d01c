import type { Service } from '../services/service';
import { startPage } from './index';

export const page: Service = {
  name: 'page',
  async start({ dataDir, port }) {
    const { port: actual, url, stop } = await startPage({ port: port('page'), dataDir });
    return { info: { port: actual, url }, stop };
  },
};
