import { newId, Runs, startDurableApp, TASK_HUB, type DurableApp, type Status } from '../app';

let app: DurableApp;
const runs = new Runs(() => app);
beforeAll(async () => {
  app = await startDurableApp();
});
afterAll(() => app?.stop());

const running = (id: string) => runs.until(id, ({ runtimeStatus }) => runtimeStatus === 'Running');

describe('the key', () => {
  test('must be there and right', async () => {
    const url = `${app.url}/runtime/webhooks/durabletask/instances`;
    expect((await fetch(url)).status).toBe(401);
    expect((await fetch(`${url}?code=wrong`)).status).toBe(401);
    expect((await fetch(`${url}?code=${encodeURIComponent(app.systemKey)}`)).status).toBe(200);
  });

  test('is in the addresses that clients are given', async () => {
    const response = await app.call(`start/chain/${newId()}`, '');
    const urls = (await response.json()) as Record<string, string>;
    expect(response.headers.get('location')).toBe(urls['statusQueryGetUri']);
    const status = await fetch(urls['statusQueryGetUri'] ?? '');
    expect([200, 202]).toContain(status.status);
    expect(((await status.json()) as Status).instanceId).toBe(urls['id']);
  });
});

describe('the binding', () => {
  test('says everything that the library needs', async () => {
    const binding = (await (await app.call('binding')).json()) as Record<string, Record<string, string>>;
    expect(binding['taskHubName']).toBe(TASK_HUB);
    expect(binding['managementUrls']).toMatchObject({
      id: 'INSTANCEID',
      statusQueryGetUri: expect.stringMatching(
        /\/runtime\/webhooks\/durabletask\/instances\/INSTANCEID\?taskHub=ConformanceHub&connection=\w+&code=/,
      ),
      sendEventPostUri: expect.stringContaining('/raiseEvent/{eventName}?'),
      terminatePostUri: expect.stringContaining('/terminate?reason={text}&'),
      suspendPostUri: expect.stringContaining('/suspend?reason={text}&'),
      resumePostUri: expect.stringContaining('/resume?reason={text}&'),
      rewindPostUri: expect.stringContaining('/rewind?reason={text}&'),
      restartPostUri: expect.stringContaining('/restart?'),
    });
    expect(binding['creationUrls']?.['createNewInstancePostUri']).toContain(
      '/orchestrators/{functionName}[/{instanceId}]?',
    );
    expect(binding['rpcBaseUrl']).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/durabletask\/$/);
    expect(binding['baseUrl']).toMatch(/\/runtime\/webhooks\/durabletask$/);
  });
});

describe('start', () => {
  const post = (path: string, body?: string) =>
    app.api(`orchestrators/${path}`, {
      method: 'POST',
      ...(body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } }),
    });

  test('answers 202 with the addresses and when to ask', async () => {
    const response = await post('chain', '["Rome"]');
    expect(response.status).toBe(202);
    expect(response.headers.get('retry-after')).toBe('10');
    const urls = (await response.json()) as Record<string, string>;
    expect(response.headers.get('location')).toBe(urls['statusQueryGetUri']);
    expect(urls['id']).toMatch(/^[0-9a-f]{32}$/);
    expect(await runs.ended(urls['id'] ?? '')).toMatchObject({ output: ['Hello Rome'] });
  });

  test('finds the function whatever the case', async () => {
    const { id } = (await (await post(`CHAIN/${newId()}`, '["x"]')).json()) as { id: string };
    expect(await runs.ended(id)).toMatchObject({ output: ['Hello x'] });
  });

  test('of an unknown function is 400 and names those that exist', async () => {
    const response = await post('nowhere');
    expect(response.status).toBe(400);
    const text = await response.text();
    expect(text).toContain("The function 'nowhere' doesn't exist, is disabled, or is not an orchestrator");
    expect(text).toContain('chain');
  });

  test.each([['@at'], ['a'.repeat(257)], ['with%23hash'], ['with%3Fquestion'], ['with%0Aline']])(
    'refuses the id %s',
    async (id) => {
      expect((await post(`chain/${id}`)).status).toBe(400);
    },
  );

  test('takes the longest id', async () => {
    const id = `${newId()}-`.padEnd(256, 'x');
    expect((await post(`chain/${id}`)).status).toBe(202);
    await runs.ended(id);
  });

  test('of a running id is 500 and says why', async () => {
    const id = await runs.start('waits');
    await running(id);
    const response = await post(`waits/${id}`);
    expect(response.status).toBe(500);
    expect(await response.text()).toContain('OrchestrationAlreadyExistsException');
    const { error } = await runs.client('startNew', 'waits', { instanceId: id });
    expect(error).toContain('unexpected status code: 500');
    await runs.post(`instances/${id}/terminate`);
  });

  test('of a finished id replaces it', async () => {
    const id = await runs.start('chain', ['one']);
    await runs.ended(id);
    await runs.start('chain', ['two'], id);
    expect(await runs.ended(id)).toMatchObject({ output: ['Hello two'] });
  });

  test('refuses what is not JSON', async () => {
    expect((await post('chain', '{not json')).status).toBe(400);
  });

  test('without a body has no input', async () => {
    const { id } = (await (await post('echoInput')).json()) as { id: string };
    expect(await runs.ended(id)).toMatchObject({ input: null, output: { input: null } });
  });

  // axios makes the JSON text "" of the library's empty body.
  test('by the library without an input has an empty text', async () => {
    const id = newId();
    await runs.client('startNew', 'echoInput', { instanceId: id });
    expect(await runs.ended(id)).toMatchObject({ input: '' });
  });

  test('waits for the end where a timeout is given', async () => {
    const response = await post('chain?timeout=30&pollingInterval=0.05', '["x"]');
    expect([response.status, await response.json()]).toEqual([200, ['Hello x']]);
  });

  test('that waits in vain answers as the start does', async () => {
    const response = await post('waits?timeout=0.1&pollingInterval=0.05');
    expect(response.status).toBe(202);
    const { id } = (await response.json()) as { id: string };
    await runs.post(`instances/${id}/terminate`);
  });

  test('that waits for a failure answers its status', async () => {
    const query = 'timeout=30&pollingInterval=0.05';
    expect((await post(`throws?${query}`)).status).toBe(200);
    expect((await post(`throws?${query}&returnInternalServerErrorOnFailure=true`)).status).toBe(500);
  });
});

describe('status', () => {
  test('of a running instance is 202 with when and where to ask again', async () => {
    const id = await runs.start('waits', { a: 1 });
    const response = await app.api(`instances/${id}`);
    expect(response.status).toBe(202);
    expect(response.headers.get('retry-after')).toBe('5');
    expect(response.headers.get('location')).toContain(`/instances/${id}`);
    expect(await response.json()).toMatchObject({ instanceId: id, input: { a: 1 }, output: null });
    await runs.post(`instances/${id}/terminate`);
  });

  test('of a finished instance has every field', async () => {
    const { instanceId } = await runs.run('chain', ['x']);
    const response = await app.api(`instances/${instanceId}`);
    expect(response.status).toBe(200);
    const second = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(await response.json()).toEqual({
      name: 'chain',
      instanceId,
      runtimeStatus: 'Completed',
      input: ['x'],
      customStatus: null,
      output: ['Hello x'],
      createdTime: second,
      lastUpdatedTime: second,
      historyEvents: null,
    });
  });

  test('of an unknown instance is 404', async () => {
    expect((await app.api(`instances/${newId()}`)).status).toBe(404);
  });

  test('of a failed instance is 200, or 500 where that is asked for', async () => {
    const { instanceId } = await runs.run('throws');
    expect((await app.api(`instances/${instanceId}`)).status).toBe(200);
    const query = '?returnInternalServerErrorOnFailure=true';
    expect((await app.api(`instances/${instanceId}${query}`)).status).toBe(500);
    const { instanceId: fine } = await runs.run('chain');
    expect((await app.api(`instances/${fine}${query}`)).status).toBe(200);
  });

  test('leaves the input out where that is asked for', async () => {
    const { instanceId } = await runs.run('chain', ['x']);
    expect((await runs.status(instanceId, '?showInput=false')).input).toBeNull();
  });

  test('shows the history, each call told with its result', async () => {
    const { instanceId } = await runs.run('chain', ['x']);
    const { historyEvents } = await runs.status(instanceId, '?showHistory=true&showHistoryOutput=true');
    const when = expect.any(String);
    expect(historyEvents).toMatchObject([
      { EventType: 'ExecutionStarted', FunctionName: 'chain', Timestamp: when },
      {
        EventType: 'TaskCompleted',
        FunctionName: 'hello',
        Result: 'Hello x',
        ScheduledTime: when,
        Timestamp: when,
      },
      { EventType: 'ExecutionCompleted', OrchestrationStatus: 'Completed', Result: ['Hello x'] },
    ]);
    expect(historyEvents).toHaveLength(3);
    const { historyEvents: bare } = await runs.status(instanceId, '?showHistory=true&showInput=false');
    for (const event of bare ?? []) {
      for (const field of ['Result', 'Input', 'EventId', 'IsPlayed', 'TaskScheduledId'])
        expect(event).not.toHaveProperty(field);
    }
  });
});

describe('the list', () => {
  const prefix = newId();
  const ids = ['a', 'b', 'c', 'd', 'e'].map((letter) => `${prefix}-${letter}`);
  beforeAll(async () => {
    for (const id of ids) await runs.start('chain', ['x'], id);
    for (const id of ids) await runs.ended(id);
    await runs.start('waits', undefined, `${prefix}-f`);
    await running(`${prefix}-f`);
  });
  afterAll(() => runs.post(`instances/${prefix}-f/terminate`));

  const list = async (query: string, token?: string) => {
    const headers = new Headers(token ? { 'x-ms-continuation-token': token } : {});
    const response = await app.api(`instances?instanceIdPrefix=${prefix}&${query}`, { headers });
    return {
      instances: (await response.json()) as Status[],
      next: response.headers.get('x-ms-continuation-token'),
    };
  };

  test('has all of a prefix', async () => {
    const { instances, next } = await list('');
    expect(instances.map(({ instanceId }) => instanceId).sort()).toEqual([...ids, `${prefix}-f`]);
    expect(next || null).toBeNull();
  });

  test('has those of a status', async () => {
    const { instances } = await list('runtimeStatus=Running,Pending');
    expect(instances.map(({ instanceId }) => instanceId)).toEqual([`${prefix}-f`]);
  });

  test('has those of a time', async () => {
    const soon = new Date(Date.now() + 60_000).toISOString();
    expect((await list(`createdTimeFrom=${soon}`)).instances).toEqual([]);
    expect((await list(`createdTimeTo=${soon}`)).instances).toHaveLength(6);
    const past = new Date(Date.now() - 3_600_000).toISOString();
    expect((await list(`createdTimeTo=${past}`)).instances).toEqual([]);
  });

  test('comes in pages', async () => {
    const seen: string[] = [];
    let token: string | undefined;
    do {
      const page = await list('top=2', token);
      expect(page.instances.length).toBeLessThanOrEqual(2);
      seen.push(...page.instances.map(({ instanceId }) => instanceId));
      token = page.next || undefined;
    } while (token);
    expect(seen.sort()).toEqual([...ids, `${prefix}-f`]);
  });

  test('shows the input unless told otherwise', async () => {
    expect((await list('runtimeStatus=Completed')).instances[0]?.input).toEqual(['x']);
    expect((await list('runtimeStatus=Completed&showInput=false')).instances[0]?.input).toBeNull();
  });
});

describe('events over HTTP', () => {
  test('must be JSON and say so', async () => {
    const id = await runs.start('waits');
    const path = `instances/${id}/raiseEvent/go`;
    const plain = { body: '1', headers: { 'content-type': 'text/plain' } };
    expect((await app.api(path, { method: 'POST', ...plain })).status).toBe(400);
    const broken = { body: '{', headers: { 'content-type': 'application/json' } };
    expect((await app.api(path, { method: 'POST', ...broken })).status).toBe(400);
    expect((await runs.raise(id, 'go', 1)).status).toBe(202);
    expect(await runs.ended(id)).toMatchObject({ output: 1 });
  });

  test('for an unknown instance are 404', async () => {
    for (const operation of ['raiseEvent/go', 'terminate', 'suspend', 'resume', 'rewind'])
      expect((await runs.post(`instances/${newId()}/${operation}`, {})).status).toBe(404);
  });
});

test.each([
  ['GET', 'orchestrators/chain'],
  ['POST', 'instances'],
  ['PUT', 'instances/x'],
  ['GET', 'instances/x/terminate'],
  ['POST', 'instances/x/explode'],
  ['GET', 'nothing'],
])('%s %s is 404', async (method, path) => {
  expect((await app.api(path, { method })).status).toBe(404);
});

describe('the client of the library', () => {
  test('reads a status', async () => {
    const { instanceId } = await runs.run('chain', ['x']);
    const { value } = await runs.client('getStatus', instanceId, { showHistory: true, showInput: true });
    expect(value).toMatchObject({ instanceId, runtimeStatus: 'Completed', output: ['Hello x'] });
    expect((await runs.client('getStatus', newId())).error).toContain('HTTP 404');
  });

  test('lists by status and time over all pages', async () => {
    const { instanceId } = await runs.run('chain');
    const filter = { createdTimeFrom: Date.now() - 600_000, runtimeStatus: ['Completed'] };
    const { value } = await runs.client('getStatusBy', filter);
    const found = (value as Status[]).map((status) => status.instanceId);
    expect(found).toContain(instanceId);
  });

  test('raises, suspends, resumes, terminates and purges', async () => {
    const id = await runs.start('waits');
    await running(id);
    expect(await runs.client('suspend', id, 'why')).toEqual({ value: null });
    await runs.until(id, ({ runtimeStatus }) => runtimeStatus === 'Suspended');
    expect(await runs.client('resume', id, 'go on')).toEqual({ value: null });
    await running(id);
    expect(await runs.client('raiseEvent', id, 'other', { a: 1 })).toEqual({ value: null });
    expect(await runs.client('terminate', id, 'enough')).toEqual({ value: null });
    expect(await runs.ended(id)).toMatchObject({ runtimeStatus: 'Terminated', output: 'enough' });
    // 410 is no error for it.
    expect(await runs.client('raiseEvent', id, 'go', 1)).toEqual({ value: null });
    expect((await runs.client('raiseEvent', newId(), 'go', 1)).error).toContain('No instance with ID');
    expect(await runs.client('purgeInstanceHistory', id)).toEqual({ value: { instancesDeleted: 1 } });
    expect(await runs.client('purgeInstanceHistory', id)).toEqual({ value: { instancesDeleted: 0 } });
  });

  test('waits for the end, or gives the addresses', async () => {
    const done = await app.call('wait/chain/30000', ['x']);
    expect([done.status, await done.json()]).toEqual([200, ['Hello x']]);
    const failed = await app.call('wait/throws/30000', '');
    expect([failed.status, await failed.json()]).toMatchObject([500, { runtimeStatus: 'Failed' }]);
    const waiting = await app.call('wait/waits/100', '');
    expect(waiting.status).toBe(202);
    const { id } = (await waiting.json()) as { id: string };
    await runs.post(`instances/${id}/terminate`);
  });
});
