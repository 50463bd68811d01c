import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { VirtualClock } from '../../../local/durable';
import { appFolder, buildLocal, runHost, until } from '../host/support';
import { newId, Runs, startDurableApp, type DurableApp, type Status } from './app';

/** What only a stand-in can show: a clock of its own, its end and beginning, its settings. */

const local = ({ local: found }: DurableApp) => {
  if (!found) throw new Error('These tests need a host of their own.');
  return found;
};
const hostJson = (durableTask: object): Record<string, string> => ({
  'host.json': JSON.stringify({ version: '2.0', extensions: { durableTask } }),
});

describe('a clock that the test moves', () => {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1));
  const DAY = 86_400_000;
  let app: DurableApp;
  const runs = new Runs(() => app);
  beforeAll(async () => {
    app = await startDurableApp({ clock });
  });
  afterAll(() => app?.stop());

  test('makes ten days of waiting a matter of moments', async () => {
    const id = await runs.start('timer', { milliseconds: 10 * DAY });
    for (let legs = 0; (await runs.status(id)).runtimeStatus !== 'Completed'; legs += 1) {
      expect(legs).toBeLessThan(5);
      const next = await until(() => clock.next);
      clock.advance(next - clock.now());
      await until(async () => {
        const { runtimeStatus } = await runs.status(id);
        return runtimeStatus === 'Completed' || (clock.next ?? 0) > clock.now() || undefined;
      });
    }
    const status = await runs.status(id, '?showHistory=true');
    expect(status.output).toBe(10 * DAY);
    expect(status.createdTime).toBe('2026-01-01T00:00:00Z');
    expect(status.historyEvents?.filter(({ EventType }) => EventType === 'TimerFired')).toHaveLength(4);
  });

  test('decides a race between a deadline and an event', async () => {
    const id = await runs.start('eventOrTimeout', { milliseconds: DAY });
    await until(() => clock.next);
    clock.advance(DAY - 1);
    expect((await runs.status(id)).runtimeStatus).toBe('Running');
    clock.advance(1);
    expect(await runs.ended(id)).toMatchObject({ output: 'timeout' });
  });
});

describe('a host that stops and starts again', () => {
  let app: DurableApp;
  const runs = new Runs(() => app);
  beforeAll(async () => {
    app = await startDurableApp();
  });
  afterAll(() => app?.stop());

  test('goes on with everything', async () => {
    const waits = await runs.start('waits');
    const timer = await runs.start('timer', { milliseconds: 700 });
    const done = await runs.run('chain');
    const key = newId();
    await runs.post(`entities/Counter/${key}?op=add`, 3);
    await until(async () => (await app.api(`entities/Counter/${key}`)).status === 200 || undefined);
    await runs.until(waits, ({ runtimeStatus }) => runtimeStatus === 'Running');
    await local(app).restart();
    expect(existsSync(join(local(app).dataDir, 'durable/durable.db'))).toBe(true);
    expect(await runs.status(done.instanceId)).toEqual(done);
    expect(await (await app.api(`entities/Counter/${key}`)).json()).toBe(3);
    await runs.raise(waits, 'go', 'after');
    expect(await runs.ended(waits)).toMatchObject({ output: 'after' });
    expect((await runs.ended(timer)).output).toBeGreaterThanOrEqual(700);
  });

  test('refuses a task hub that is not its own', async () => {
    const response = await app.api('instances?taskHub=Other');
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('ConformanceHub');
    expect((await app.api('instances?taskHub=conformancehub')).status).toBe(200);
  });

  test('runs no orchestrator by hand', async () => {
    const response = await fetch(`${app.url}/admin/functions/chain`, {
      method: 'POST',
      headers: { 'x-functions-key': 'master-key', 'content-type': 'application/json' },
      body: '{"input":""}',
    });
    expect(response.status).toBe(400);
  });
});

describe('a worker that dies', () => {
  test('loses nothing: what it ran is run again', async () => {
    const app = await startDurableApp({
      files: {
        'src/dies.js': `
          const { existsSync, writeFileSync } = require('node:fs');
          const { join } = require('node:path');
          const df = require('durable-functions');
          df.app.activity('dies', { handler: () => {
            const mark = join(__dirname, 'died');
            if (existsSync(mark)) return 'second life';
            writeFileSync(mark, '');
            process.kill(process.pid, 'SIGKILL');
          } });
          df.app.orchestration('mortal', function* (context) { return yield context.df.callActivity('dies'); });`,
      },
    });
    const runs = new Runs(() => app);
    try {
      // Not by a function of the app: it would die with the worker.
      const started = await runs.post('orchestrators/mortal');
      const { id } = (await started.json()) as { id: string };
      expect(await runs.ended(id)).toMatchObject({ runtimeStatus: 'Completed', output: 'second life' });
    } finally {
      await app.stop();
    }
  });
});

describe('settings of host.json', () => {
  test('without the local endpoint the library uses the public API', async () => {
    const app = await startDurableApp({ files: hostJson({ localRpcEndpointEnabled: false }) });
    const runs = new Runs(() => app);
    try {
      const id = await runs.start('waits');
      expect(await runs.client('raiseEvent', id, 'go', { a: 1 })).toEqual({ value: null });
      expect(await runs.ended(id)).toMatchObject({ output: { a: 1 } });
      const { value } = await runs.client('getStatus', id);
      expect((value as Status).runtimeStatus).toBe('Completed');
    } finally {
      await app.stop();
    }
  });

  test('existing instances are replaced, inputs stored and versions given where they say so', async () => {
    const app = await startDurableApp({
      files: hostJson({
        overridableExistingInstanceStates: 'AnyState',
        storeInputsInOrchestrationHistory: true,
        defaultVersion: '2.0',
        unheardOf: 1,
      }),
    });
    const runs = new Runs(() => app);
    try {
      const id = await runs.start('waits');
      await runs.until(id, ({ runtimeStatus }) => runtimeStatus === 'Running');
      await runs.start('facts', {}, id);
      expect((await runs.ended(id)).output).toMatchObject({ version: '2.0' });
      const versioned = await app.api('orchestrators/facts?version=3.1', { method: 'POST' });
      const { id: other } = (await versioned.json()) as { id: string };
      expect((await runs.ended(other)).output).toMatchObject({ version: '3.1' });
      expect(local(app).lines.join('\n')).toContain('extensions.durableTask.unheardOf is not known here');
    } finally {
      await app.stop();
    }
  });

  test('a host without a folder for the state says so', async () => {
    const built = buildLocal({ worker: 'local/host/worker/main.ts' });
    const folder = appFolder({}, 'durable-app');
    try {
      const starting = runHost(join(built.dir, 'worker.js'), {
        appDir: folder.dir,
        env: { TASK_HUB: 'Hub' },
      });
      await expect(starting).rejects.toThrow('start it with --data DIR');
    } finally {
      built.remove();
      folder.remove();
    }
  });
});
