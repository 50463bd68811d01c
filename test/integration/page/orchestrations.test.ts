import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPage, type Page } from '../../../local/page';
import { startDurableApp, type DurableApp } from '../durable/app';
import { until } from '../host/support';

let app: DurableApp;
let page: Page;
let dataDir: string;

beforeAll(async () => {
  app = await startDurableApp();
  dataDir = mkdtempSync(join(tmpdir(), 'page-'));
  page = await startPage({ port: 0, dataDir });
});
afterAll(async () => {
  await page.stop();
  await app.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

const ask = (path: string): Promise<Response> => fetch(`${page.url}/api/${path}`);

test('says that the stack is starting while there is no stack.json', async () => {
  const response = await ask('orchestrations');
  expect([response.status, await response.json()]).toEqual([503, { message: 'The stack is starting.' }]);
});

test('orchestrations, the newest first, and the history of one', async () => {
  const stack = { host: { url: app.url }, functionKeys: { master: 'master-key' } };
  writeFileSync(join(dataDir, 'stack.json'), JSON.stringify(stack));
  for (const id of ['first one', 'second']) {
    const body = JSON.stringify({ n: 1 });
    await app.api(`/orchestrators/echoInput/${encodeURIComponent(id)}`, { method: 'POST', body });
    // Times are told in seconds.
    const created = Date.now();
    await until(() => (Math.floor(Date.now() / 1000) > Math.floor(created / 1000) ? true : undefined));
  }
  const list = await until(async () => {
    const all = (await (await ask('orchestrations')).json()) as {
      instanceId: string;
      runtimeStatus: string;
    }[];
    return all.length === 2 && all.every(({ runtimeStatus }) => runtimeStatus === 'Completed')
      ? all
      : undefined;
  });
  expect(list.map(({ instanceId }) => instanceId)).toEqual(['second', 'first one']);
  const one = (await (await ask('orchestration?id=first%20one')).json()) as {
    input: unknown;
    historyEvents: { EventType: string }[];
  };
  expect(one.input).toEqual({ n: 1 });
  expect(one.historyEvents.map(({ EventType }) => EventType)).toEqual([
    'ExecutionStarted',
    'TaskCompleted',
    'ExecutionCompleted',
  ]);
  expect((await ask('orchestration?id=nowhere')).status).toBe(404);
});

test('what does not answer is named', async () => {
  const stack = { host: { url: 'http://127.0.0.1:1' }, functionKeys: { master: 'x' } };
  writeFileSync(join(dataDir, 'stack.json'), JSON.stringify(stack));
  const response = await ask('functions');
  expect([response.status, await response.json()]).toEqual([
    502,
    { message: 'The Functions host does not answer.' },
  ]);
});
