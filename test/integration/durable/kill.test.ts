import { join } from 'node:path';
import { durableDrill } from '../../drills/durable';
import { buildLocal, root } from '../host/support';

const built = buildLocal({
  worker: 'local/host/worker/main.ts',
  host: 'test/drills/durable-host.ts',
});
afterAll(() => built.remove());

// All moments are for `npm run drill:durable`.
test('a workflow survives SIGKILL wherever it strikes', async () => {
  const result = await durableDrill({
    root,
    scripts: { host: join(built.dir, 'host.js'), worker: join(built.dir, 'worker.js') },
    rounds: 2,
    points: 6,
    say: () => undefined,
  });
  expect(result.faults).toEqual([]);
  expect(result.killed + result.missed).toBe(6);
  expect(result.killed).toBeGreaterThanOrEqual(4);
}, 240_000);
