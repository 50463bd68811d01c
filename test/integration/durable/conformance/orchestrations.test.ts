import { newId, Runs, startDurableApp, type DurableApp } from '../app';

let app: DurableApp;
const runs = new Runs(() => app);
beforeAll(async () => {
  app = await startDurableApp();
});
afterAll(() => app?.stop());

const outputOf = async (name: string, input?: unknown): Promise<unknown> => {
  const status = await runs.run(name, input);
  expect(status.runtimeStatus).toBe('Completed');
  return status.output;
};
const failed = (output: string) => ({ runtimeStatus: 'Failed', output });

describe('activities', () => {
  test('run one after the other', async () => {
    expect(await outputOf('chain')).toEqual(['Hello Tokyo', 'Hello Seattle', 'Hello London']);
  });

  test('fan out and in', async () => {
    expect(await outputOf('fanOut', { count: 12 })).toBe(506);
  });

  test.each([
    [{ a: [1, null, 'x'] }, { type: 'object', input: { a: [1, null, 'x'] } }],
    [[1, 2], { type: 'object', input: [1, 2] }],
    ['text', { type: 'string', input: 'text' }],
    ['123', { type: 'string', input: '123' }],
    [7.5, { type: 'number', input: 7.5 }],
    [false, { type: 'boolean', input: false }],
    ['Zürich \u{1f469}‍⚕️ "quoted"\n', { type: 'string', input: 'Zürich \u{1f469}‍⚕️ "quoted"\n' }],
  ])('get %j as their input', async (input, seen) => {
    expect(await outputOf('echoInput', input)).toEqual({ input, seen });
  });

  test('that throw reach the orchestrator as an exception', async () => {
    const output = (await outputOf('catches')) as { caught: string; then: string };
    expect(output.caught).toContain("Activity function 'fail' failed: no luck");
    expect(output.then).toBe('Hello again');
  });

  test('that nobody catches fail the orchestration', async () => {
    const status = await runs.run('fails');
    expect(status.runtimeStatus).toBe('Failed');
    expect(status.output).toMatch(
      /^Orchestrator function 'fails' failed: Activity function 'fail' failed: no luck/,
    );
  });

  test('that do not exist are named', async () => {
    const status = await runs.run('unknownActivity');
    expect(status.runtimeStatus).toBe('Failed');
    expect(status.output).toContain(
      "The function 'nowhere' doesn't exist, is disabled, or is not an activity function.",
    );
  });
});

describe('an orchestrator', () => {
  test('that throws fails', async () => {
    expect(await runs.run('throws')).toMatchObject(
      failed("Orchestrator function 'throws' failed: from the orchestrator"),
    );
  });

  test('that yields anything but a task is told so', async () => {
    const status = await runs.run('yieldsNothing');
    expect(status.runtimeStatus).toBe('Failed');
    expect(status.output).toContain('programming constraint violation');
  });

  test('sees the same facts on every replay', async () => {
    const before = Math.floor(Date.now() / 1000) * 1000 - 60_000;
    const id = await runs.start('facts');
    const { output } = await runs.ended(id);
    const facts = output as Record<string, string>;
    expect(facts).toMatchObject({ instanceId: id, parentInstanceId: null, version: '' });
    expect(facts['guid']).toMatch(/^[0-9a-f-]{36}$/);
    expect(Date.parse(facts['before'] ?? '')).toBeGreaterThan(before);
  });

  test('nests Task.all', async () => {
    expect(await outputOf('nested')).toEqual([[['Hello a', 'Hello b'], 'Hello c'], 'Hello d']);
  });

  test('catches the first failure of Task.all', async () => {
    expect(await outputOf('allFails')).toContain("Activity function 'fail' failed: one");
  });

  test('goes on with the winner of Task.any and does not end before the loser has', async () => {
    const status = await runs.run('first');
    expect(status).toMatchObject({ runtimeStatus: 'Completed', output: 'Hello quick' });
    const { historyEvents } = await runs.status(status.instanceId, '?showHistory=true');
    const done = historyEvents?.filter(({ EventType }) => EventType === 'TaskCompleted');
    expect(done?.map(({ FunctionName }) => FunctionName)).toEqual(['hello', 'slow']);
  });

  test('sets a custom status that is seen while it runs and after', async () => {
    const id = await runs.start('status');
    const running = await runs.until(id, ({ customStatus }) => customStatus !== null);
    expect(running.customStatus).toEqual({ step: 'waiting', list: [1, 2] });
    expect(running.output).toBeNull();
    await runs.raise(id, 'go', null);
    expect(await runs.ended(id)).toMatchObject({ customStatus: 'done', output: 'ok' });
  });
});

describe('retries', () => {
  test('go on until an attempt succeeds', async () => {
    const input = { key: newId(), failures: 2, attempts: 3 };
    expect(await outputOf('retries', input)).toEqual({ done: 'attempt 3', then: 'Hello after' });
  });

  test('of a first attempt that succeeds take no timer', async () => {
    const status = await runs.run('retries', { key: newId(), failures: 0, attempts: 3 });
    expect(status.output).toEqual({ done: 'attempt 1', then: 'Hello after' });
    const { historyEvents } = await runs.status(status.instanceId, '?showHistory=true');
    expect(historyEvents?.some(({ EventType }) => EventType === 'TimerCreated')).toBe(false);
  });

  test('end after the last attempt with its failure', async () => {
    const status = await runs.run('retries', { key: newId(), failures: 9, attempts: 3 });
    const output = status.output as { caught: string; then: string };
    expect(output.caught).toContain('attempt 3');
    expect(output.then).toBe('Hello after');
    // Two delays, and one after the last attempt that keeps old histories valid.
    const { historyEvents } = await runs.status(status.instanceId, '?showHistory=true');
    expect(historyEvents?.filter(({ EventType }) => EventType === 'TimerCreated')).toHaveLength(3);
  });

  test('wait longer each time, and never longer than the maximum', async () => {
    const more = { backoffCoefficient: 4, maxRetryIntervalInMilliseconds: 300 };
    const status = await runs.run('retries', { key: newId(), failures: 3, attempts: 4, first: 50, more });
    expect(status.output).toMatchObject({ done: 'attempt 4' });
    const { historyEvents } = await runs.status(status.instanceId, '?showHistory=true');
    const waits = (historyEvents ?? [])
      .filter(({ EventType }) => EventType === 'TimerCreated')
      .map(({ FireAt, Timestamp }) => Date.parse(String(FireAt)) - Date.parse(String(Timestamp)));
    expect(waits).toEqual([50, 200, 300]);
  });

  test('run side by side', async () => {
    expect(await outputOf('retriesInParallel', { key: newId() })).toEqual([
      'attempt 1',
      'attempt 2',
      'attempt 3',
    ]);
  });
});

describe('sub-orchestrations', () => {
  test('give their result to the parent and know it', async () => {
    const id = await runs.start('parent', { child: 'facts' });
    const { output } = await runs.ended(id);
    expect(output).toMatchObject({ child: { parentInstanceId: id } });
  });

  test('have the id they are given', async () => {
    const id = newId();
    const status = await runs.run('parent', { child: 'chain', input: ['Oslo'], id });
    expect(status.output).toEqual({ child: ['Hello Oslo'] });
    expect(await runs.status(id)).toMatchObject({ runtimeStatus: 'Completed', output: ['Hello Oslo'] });
  });

  test('run side by side', async () => {
    expect(await outputOf('parents')).toEqual([['Hello c1'], ['Hello c2'], ['Hello c3']]);
  });

  test('that fail reach the parent as an exception', async () => {
    const output = (await outputOf('parent', { child: 'throws' })) as { caught: string };
    expect(output.caught).toContain("Orchestrator function 'throws' failed: from the orchestrator");
  });

  test('that do not exist are named', async () => {
    const output = (await outputOf('parent', { child: 'nowhere' })) as { caught: string };
    expect(output.caught).toContain("The function 'nowhere' doesn't exist");
  });

  test('that are terminated fail the call', async () => {
    const id = newId();
    const parent = await runs.start('parent', { child: 'waits', id });
    await runs.until(id, ({ runtimeStatus }) => runtimeStatus === 'Running');
    await runs.post(`instances/${id}/terminate?reason=enough`);
    const { output } = await runs.ended(parent);
    expect((output as { caught: string }).caught).toContain('enough');
  });

  test('of an earlier execution of their parent are not heard', async () => {
    const [parent, old, current] = [newId(), newId(), newId()];
    const isRunning = (id: string) => runs.until(id, ({ runtimeStatus }) => runtimeStatus === 'Running');
    await runs.start('parent', { child: 'waits', id: old }, parent);
    await isRunning(old);
    await runs.post(`instances/${parent}/terminate`);
    await runs.ended(parent);
    await runs.start('parent', { child: 'waits', id: current }, parent);
    await isRunning(current);
    await runs.raise(old, 'go', 'old');
    await runs.ended(old);
    await runs.raise(current, 'go', 'new');
    expect(await runs.ended(parent)).toMatchObject({ output: { child: 'new' } });
  });

  test('are retried, each attempt an instance of its own', async () => {
    expect(await outputOf('retriesChild', { key: newId(), failures: 2, attempts: 3 })).toBe('attempt 3');
  });
});

describe('continue as new', () => {
  test('starts over with a new input and a history of its own', async () => {
    const status = await runs.run('countdown', { left: 3 });
    expect(status).toMatchObject({ runtimeStatus: 'Completed', output: [3, 2, 1], input: { left: 0 } });
    const { historyEvents } = await runs.status(status.instanceId, '?showHistory=true');
    expect(historyEvents?.filter(({ EventType }) => EventType === 'TaskCompleted')).toHaveLength(1);
  });

  // In .NET a flag preserves them; the extension does not set it for JavaScript.
  test('drops an event that was delivered and not waited for', async () => {
    const id = await runs.start('forgets', { milliseconds: 1500 });
    await runs.until(id, ({ runtimeStatus }) => runtimeStatus === 'Running');
    await runs.raise(id, 'early', 1);
    expect(await runs.ended(id)).toMatchObject({ output: 'dropped' });
  });

  test('loses no event that has not been delivered', async () => {
    const id = await runs.start('collector', { count: 5 });
    for (let n = 1; n <= 5; n += 1) expect((await runs.raise(id, 'item', n)).status).toBe(202);
    const { output } = await runs.ended(id);
    expect([...(output as number[])].sort()).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('callHttp', () => {
  const far = (polls: number) => `${app.url}/api/far/${newId()}/${polls}`;

  test('gets an answer', async () => {
    const output = (await outputOf('http', { url: far(0) })) as { status: number; headers: object };
    expect(output).toMatchObject({ status: 200, content: 'GET' });
    expect(output.headers).toMatchObject({ 'x-seen': '1' });
    // Headers of the content are not among those of the answer.
    expect(output.headers).not.toHaveProperty('content-type');
  });

  test('sends a body and headers', async () => {
    const headers = { 'Content-Type': 'application/json' };
    const input = { url: far(0), method: 'POST', body: { a: 1 }, headers };
    expect(await outputOf('http', input)).toMatchObject({ content: 'POST application/json {"a":1}' });
  });

  test('follows 202 and Location until the answer is another', async () => {
    const status = await runs.run('http', { url: far(1), method: 'POST' });
    expect(status.output).toMatchObject({ status: 200, headers: { 'x-seen': '2', 'x-method': 'GET' } });
  });

  test('takes 202 as it is when polling is off', async () => {
    expect(await outputOf('http', { url: far(1), polls: false })).toMatchObject({ status: 202 });
  });

  test('gives the status of a refusal, not an exception', async () => {
    expect(await outputOf('http', { url: `${app.url}/api/nowhere` })).toMatchObject({ status: 404 });
  });

  test('throws where nobody answers', async () => {
    expect(await outputOf('http', { url: 'http://127.0.0.1:9/' })).toEqual({ caught: true });
  });
});

test('locks need a newer extension, which the library says', async () => {
  const status = await runs.run('locks');
  expect(status.runtimeStatus).toBe('Failed');
  expect(status.output).toContain('schema V4');
});
