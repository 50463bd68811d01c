import { newId, Runs, startDurableApp, type DurableApp } from '../app';

let app: DurableApp;
const runs = new Runs(() => app);
beforeAll(async () => {
  app = await startDurableApp();
});
afterAll(() => app?.stop());

const read = (key: string, name = 'Counter') => app.api(`entities/${name}/${key}`);
const signal = (key: string, op: string, data?: unknown) =>
  runs.post(`entities/Counter/${key}?op=${op}`, data);
const LIMIT_MS = 60_000;

async function reaches(key: string, wanted: unknown): Promise<void> {
  let seen: unknown;
  for (const end = Date.now() + LIMIT_MS; Date.now() < end;) {
    const response = await read(key);
    seen = response.status === 200 ? await response.json() : undefined;
    if (seen === wanted) return;
    await new Promise((wake) => setTimeout(wake, 25));
  }
  throw new Error(`Counter ${key} is ${String(seen)}, not ${String(wanted)}.`);
}

test('an entity without a state does not exist', async () => {
  expect((await read(newId())).status).toBe(404);
});

test('signals over HTTP change the state, in order', async () => {
  const key = newId();
  for (const amount of [1, 2, 3, 4]) expect((await signal(key, 'add', amount)).status).toBe(202);
  await reaches(key, 10);
});

test('the name of an entity has no case, its key has', async () => {
  const key = newId();
  await signal(`${key}-A`, 'add', 1);
  await signal(`${key}-a`, 'add', 2);
  await reaches(`${key}-A`, 1);
  expect(await (await read(`${key}-A`, 'cOUNTER')).json()).toBe(1);
  await reaches(`${key}-a`, 2);
});

test('an orchestration signals and calls', async () => {
  const key = newId();
  expect(await runs.run('counts', { key })).toMatchObject({ output: { value: 7, after: 10 } });
  await reaches(key, 10);
});

test('operations of several orchestrations do not overlap', async () => {
  const key = newId();
  const ids = await Promise.all([1, 2, 3, 4, 5].map(() => runs.start('counts', { key })));
  for (const id of ids) expect(await runs.ended(id)).toMatchObject({ runtimeStatus: 'Completed' });
  await reaches(key, 50);
});

test('an operation that throws reaches the caller as an exception', async () => {
  expect(await runs.run('entityFails', { key: newId() })).toMatchObject({ output: 'caught' });
});

test('an entity signals another', async () => {
  const [one, other] = [newId(), newId()];
  await signal(one, 'add', 4);
  await signal(one, 'tell', other);
  await reaches(other, 4);
});

test('an entity that deletes itself is gone', async () => {
  const key = newId();
  await signal(key, 'add', 1);
  await reaches(key, 1);
  expect((await app.api(`entities/Counter/${key}`, { method: 'DELETE' })).status).toBe(202);
  await reaches(key, undefined);
});

test('a purge removes an entity', async () => {
  const key = newId();
  await signal(key, 'add', 1);
  await reaches(key, 1);
  const purged = await app.api(`instances/${encodeURIComponent(`@counter@${key}`)}`, { method: 'DELETE' });
  expect(purged.status).toBe(200);
  await reaches(key, undefined);
});

test('a list shows the entities of a name, with their state where asked for', async () => {
  const key = newId();
  await signal(key, 'add', 6);
  await reaches(key, 6);
  const list = (await (await app.api('entities/Counter?fetchState=true&top=1000')).json()) as object[];
  expect(list).toContainEqual({
    entityId: { name: 'counter', key },
    lastOperationTime: expect.any(String),
    state: 6,
  });
  const bare = (await (await app.api('entities/Counter?top=1000')).json()) as object[];
  expect(bare[0]).not.toHaveProperty('state');
});

test('a signal for an entity function that does not exist is refused', async () => {
  const response = await runs.post('entities/Nobody/x?op=add', 1);
  expect(response.status).toBe(400);
  expect(await response.text()).toContain("The function 'Nobody' doesn't exist");
});

test('the client of the library signals and reads', async () => {
  const target = { name: 'Counter', key: newId() };
  expect(await runs.client('readEntityState', target)).toMatchObject({ value: { entityExists: false } });
  expect(await runs.client('signalEntity', target, 'add', 8)).toEqual({ value: null });
  await reaches(target.key, 8);
  expect(await runs.client('readEntityState', target)).toEqual({
    value: { entityExists: true, entityState: 8 },
  });
});
