/**
 * A Functions host that kills itself: told `{ arm: n }` it ends by SIGKILL at the n-th moment from then, the moments being
 * before and after each step that its Durable backend writes down. Without that it only counts them.
 */
import { startHost } from '../../local/host';

const [appDir = '', dataDir = '', worker = '', effects = ''] = process.argv.slice(2);

let left = Infinity;
let moments = 0;
const onCommit = (): void => {
  moments += 1;
  left -= 1;
  if (left === 0) process.kill(process.pid, 'SIGKILL');
};

process.on('message', (message: { arm?: number; count?: true }) => {
  if (message.arm) left = message.arm;
  if (message.count) process.send?.({ moments });
});
process.on('disconnect', () => process.exit(0));

startHost({
  appDir,
  dataDir,
  worker,
  port: 0,
  env: { PATH: process.env['PATH'] ?? '', EFFECTS_DIR: effects },
  keys: { master: 'master-key', function: 'function-key', system: 'system-key' },
  log: () => undefined,
  durable: { onCommit },
}).then(
  ({ port }) => process.send?.({ port }),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
