import type { Container } from '@azure/cosmos';
import { emulatorKey } from '../../../local/cosmos';
import { onStandIn as test, startAccount, statusOf, type Account } from './account';

// Faults on demand: the stand-in's alone.

let account: Account;
let container: Container;
beforeAll(async () => {
  account = await startAccount();
  container = await account.container();
  await container.items.create({ id: '1', pk: 'a' });
});
afterEach(() => faults('POST', {}));
afterAll(() => account.stop());

async function faults(method: string, body?: unknown, key = emulatorKey) {
  const response = await fetch(`${account.endpoint}_local/faults`, {
    method,
    headers: { 'x-local-key': key },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

test('GET shows what POST has set; what is not given has its default', async () => {
  await faults('POST', { rate: 0.2, latencyMs: 1 });
  expect(await faults('GET')).toEqual({
    status: 200,
    body: {
      ...{ rate: 0.2, statuses: [429, 503], substatus: null, times: 0, retryAfterMs: 10, latencyMs: 1 },
      ...{ lost: 0, down: false },
    },
  });
});

test.each<[name: string, body: unknown, key: string | undefined, status: number]>([
  ['another key', {}, 'bad', 401],
  ['an unknown setting', { rates: 1 }, undefined, 400],
  ['a rate above 1', { rate: 2 }, undefined, 400],
  ['no statuses', { statuses: [] }, undefined, 400],
])('%s is refused', async (_, body, key, status) => {
  expect((await faults('POST', body, key)).status).toBe(status);
});

test('503: a write fails at once, a read is tried twice; nothing is applied', async () => {
  await faults('POST', { rate: 1, statuses: [503] });
  expect(await statusOf(container.items.create({ id: '2', pk: 'a' }))).toBe(503);
  expect(await statusOf(container.item('1', 'a').read())).toBe(503);
  await faults('POST', {});
  expect((await container.item('2', 'a').read()).statusCode).toBe(404);
});

test('429: the SDK waits as told and tries again, nine times', async () => {
  await faults('POST', { rate: 1, statuses: [429], retryAfterMs: 1 });
  await expect(container.item('1', 'a').read()).rejects.toMatchObject({
    code: 429,
    headers: expect.objectContaining({ 'x-ms-throttle-retry-count': 9 }),
  });
});

test('at half of the requests the SDK gets through', async () => {
  await faults('POST', { rate: 0.5, statuses: [429], retryAfterMs: 1 });
  for (let i = 0; i < 20; i++) await container.items.upsert({ id: `half${i}`, pk: 'a' });
  await faults('POST', {});
  const { resources } = await container.items
    .query('SELECT VALUE COUNT(1) FROM c WHERE c.id LIKE "half%"')
    .fetchAll();
  expect(resources).toEqual([20]);
});

test('down hits items only', async () => {
  await faults('POST', { down: true });
  expect(await statusOf(container.items.upsert({ id: '1', pk: 'a' }))).toBe(503);
  expect(await statusOf(container.read())).toBe('ok');
});
