import { newId, Runs, startDurableApp, type DurableApp } from '../app';

let app: DurableApp;
const runs = new Runs(() => app);
beforeAll(async () => {
  app = await startDurableApp();
});
afterAll(() => app?.stop());

const running = (id: string) => runs.until(id, ({ runtimeStatus }) => runtimeStatus === 'Running');
const typesOf = async (id: string): Promise<unknown[]> => {
  const { historyEvents } = await runs.status(id, '?showHistory=true');
  return (historyEvents ?? []).map(({ EventType }) => EventType);
};

describe('timers', () => {
  test('fire, and the time of the orchestrator has gone on by then', async () => {
    const { output } = await runs.run('timer', { milliseconds: 300 });
    expect(output).toBeGreaterThanOrEqual(300);
  });

  test('of the past fire at once', async () => {
    expect(await runs.run('timerInThePast')).toMatchObject({ output: 'fired' });
  });

  test('win over an event that does not come', async () => {
    expect(await runs.run('eventOrTimeout', { milliseconds: 100 })).toMatchObject({ output: 'timeout' });
  });

  test('that are cancelled let the orchestration end', async () => {
    const id = await runs.start('eventOrTimeout', { milliseconds: 3_600_000 });
    await running(id);
    await runs.raise(id, 'approval', { by: 'x' });
    expect(await runs.ended(id)).toMatchObject({ output: { by: 'x' } });
    expect(await typesOf(id)).toEqual([
      'ExecutionStarted',
      'TimerCreated',
      'EventRaised',
      'ExecutionCompleted',
    ]);
  });

  test('that are not cancelled keep the orchestration from ending', async () => {
    const id = await runs.start('eventOrTimeout', { milliseconds: 1500, keepsTimer: true });
    await running(id);
    await runs.raise(id, 'approval', 1);
    const status = await runs.ended(id);
    expect(status.output).toBe(1);
    expect(await typesOf(id)).toEqual([
      'ExecutionStarted',
      'TimerCreated',
      'EventRaised',
      'TimerFired',
      'ExecutionCompleted',
    ]);
  });
});

describe('external events', () => {
  test('are delivered in the order in which they were raised', async () => {
    const id = await runs.start('events', { count: 4 });
    for (let n = 1; n <= 4; n += 1) await runs.raise(id, 'item', { n });
    expect(await runs.ended(id)).toMatchObject({ output: [1, 2, 3, 4].map((n) => ({ n })) });
  });

  test('of several names are waited for together', async () => {
    const id = await runs.start('twoEvents');
    await runs.raise(id, 'right', 'r');
    await runs.raise(id, 'left', 'l');
    expect(await runs.ended(id)).toMatchObject({ output: ['l', 'r'] });
  });

  test('that come before anybody waits are kept', async () => {
    const id = await runs.start('eventAfterWork', { milliseconds: 200 });
    expect((await runs.raise(id, 'early', 'kept')).status).toBe(202);
    expect(await runs.ended(id)).toMatchObject({ output: 'kept' });
  });

  test.each([[null], ['text'], [0], [{ deep: [{ a: 1 }] }]])('carry %j', async (data) => {
    const id = await runs.start('waits');
    await runs.raise(id, 'go', data);
    expect((await runs.ended(id)).output).toEqual(data);
  });

  test('of a name that nobody waits for change nothing', async () => {
    const id = await runs.start('waits');
    await runs.raise(id, 'other', 1);
    await runs.raise(id, 'go', 2);
    expect(await runs.ended(id)).toMatchObject({ output: 2 });
  });
});

describe('suspend and resume', () => {
  test('hold everything back and let it go', async () => {
    const id = await runs.start('waits');
    await running(id);
    expect((await runs.post(`instances/${id}/suspend?reason=hold`)).status).toBe(202);
    await runs.until(id, ({ runtimeStatus }) => runtimeStatus === 'Suspended');
    expect((await runs.raise(id, 'go', 'late')).status).toBe(202);
    expect((await runs.status(id)).runtimeStatus).toBe('Suspended');
    expect((await runs.post(`instances/${id}/resume?reason=go`)).status).toBe(202);
    expect(await runs.ended(id)).toMatchObject({ runtimeStatus: 'Completed', output: 'late' });
    const types = await typesOf(id);
    expect(types).toEqual(expect.arrayContaining(['ExecutionSuspended', 'ExecutionResumed']));
  });

  test('keep the order of what came meanwhile', async () => {
    const id = await runs.start('events', { count: 3 });
    await running(id);
    await runs.post(`instances/${id}/suspend`);
    await runs.until(id, ({ runtimeStatus }) => runtimeStatus === 'Suspended');
    for (const n of [1, 2, 3]) await runs.raise(id, 'item', n);
    await runs.post(`instances/${id}/resume`);
    expect(await runs.ended(id)).toMatchObject({ output: [1, 2, 3] });
  });

  test('are refused where they make no sense', async () => {
    const id = await runs.start('waits');
    await running(id);
    expect((await runs.post(`instances/${id}/resume`)).status).toBe(500);
    await runs.post(`instances/${id}/suspend`);
    await runs.until(id, ({ runtimeStatus }) => runtimeStatus === 'Suspended');
    const again = await runs.post(`instances/${id}/suspend`);
    expect(again.status).toBe(500);
    expect(await again.text()).toContain('in the Suspended state');
    await runs.post(`instances/${id}/terminate`);
    expect((await runs.ended(id)).runtimeStatus).toBe('Terminated');
  });
});

describe('terminate', () => {
  test('ends an instance at once, its reason is the output', async () => {
    const id = await runs.start('eventOrTimeout', { milliseconds: 3_600_000 });
    await running(id);
    expect((await runs.post(`instances/${id}/terminate?reason=not%20needed`)).status).toBe(202);
    expect(await runs.ended(id)).toMatchObject({ runtimeStatus: 'Terminated', output: 'not needed' });
  });

  test('leaves nothing that could still be told', async () => {
    const id = await runs.start('waits');
    await runs.post(`instances/${id}/terminate?reason=x`);
    await runs.ended(id);
    for (const operation of ['raiseEvent/go', 'terminate', 'suspend', 'resume', 'rewind']) {
      expect([operation, (await runs.post(`instances/${id}/${operation}`, {})).status]).toEqual([
        operation,
        410,
      ]);
    }
  });
});

describe('rewind', () => {
  const permit = (key: string) => app.call(`permit/${key}`, '');

  test.each([
    ['an activity', false],
    ['a sub-orchestration', true],
  ])('does what failed again and keeps what succeeded: %s', async (_, child) => {
    const key = newId();
    const id = await runs.start('needsPermit', { key, child });
    expect(await runs.ended(id)).toMatchObject({ runtimeStatus: 'Failed' });
    await permit(key);
    expect((await runs.post(`instances/${id}/rewind?reason=permitted`)).status).toBe(202);
    const status = await runs.until(id, ({ runtimeStatus }) => runtimeStatus === 'Completed');
    expect(status.output).toEqual(['Hello first', 'permitted', 'Hello last']);
    const done = (await (await app.call('runs')).json()) as { input: unknown; instance: string }[];
    const first = done.filter(({ instance, input }) => instance === id && input === 'first');
    expect(first).toHaveLength(1);
  });

  test('of an orchestrator that throws by itself fails again', async () => {
    const { instanceId, lastUpdatedTime } = await runs.run('throws');
    await runs.post(`instances/${instanceId}/rewind?reason=x`);
    const status = await runs.ended(instanceId);
    expect(status.runtimeStatus).toBe('Failed');
    expect(status.lastUpdatedTime >= lastUpdatedTime).toBe(true);
  });

  test('is only for failed instances', async () => {
    const id = await runs.start('waits');
    await running(id);
    const refused = await runs.post(`instances/${id}/rewind?reason=x`);
    expect(refused.status).toBe(500);
    expect(await refused.text()).toContain('only supported on failed orchestration instances');
    await runs.post(`instances/${id}/terminate`);
  });
});

describe('restart', () => {
  test('runs the same with the same input under a new id', async () => {
    const { instanceId } = await runs.run('chain', ['Bern']);
    const response = await runs.post(`instances/${instanceId}/restart`);
    expect(response.status).toBe(202);
    const { id } = (await response.json()) as { id: string };
    expect(id).not.toBe(instanceId);
    expect(await runs.ended(id)).toMatchObject({ name: 'chain', input: ['Bern'], output: ['Hello Bern'] });
  });

  test('keeps the id where that is asked for', async () => {
    const { instanceId } = await runs.run('chain', ['Bern']);
    const response = await runs.post(`instances/${instanceId}/restart?restartWithNewInstanceId=false`);
    expect(await response.json()).toMatchObject({ id: instanceId });
    expect(await runs.ended(instanceId)).toMatchObject({ output: ['Hello Bern'] });
  });

  test('of an unknown instance is refused', async () => {
    expect((await runs.post(`instances/${newId()}/restart`)).status).toBe(400);
  });
});

describe('purge', () => {
  test('removes an instance', async () => {
    const { instanceId } = await runs.run('chain');
    const purged = await app.api(`instances/${instanceId}`, { method: 'DELETE' });
    expect([purged.status, await purged.json()]).toEqual([200, { instancesDeleted: 1 }]);
    expect((await app.api(`instances/${instanceId}`)).status).toBe(404);
    expect((await app.api(`instances/${instanceId}`, { method: 'DELETE' })).status).toBe(404);
  });

  test('by filter removes what has ended in that time and with that status', async () => {
    const from = new Date(Date.now() - 5_000).toISOString();
    const completed = await runs.run('chain');
    const failed = await runs.run('throws');
    const alive = await runs.start('waits');
    await running(alive);
    const query = `instances?createdTimeFrom=${from}&createdTimeTo=${new Date(Date.now() + 5_000).toISOString()}`;
    const purged = await app.api(`${query}&runtimeStatus=Failed`, { method: 'DELETE' });
    expect(purged.status).toBe(200);
    expect((await app.api(`instances/${failed.instanceId}`)).status).toBe(404);
    expect((await app.api(`instances/${completed.instanceId}`)).status).toBe(200);
    expect((await app.api(`${query}&runtimeStatus=Running`, { method: 'DELETE' })).status).toBe(404);
    expect((await app.api(query, { method: 'DELETE' })).status).toBe(200);
    expect((await app.api(`instances/${completed.instanceId}`)).status).toBe(404);
    expect((await app.api(`instances/${alive}`)).status).toBe(202);
    const later = `instances?createdTimeFrom=${new Date(Date.now() + 60_000).toISOString()}`;
    expect((await app.api(later, { method: 'DELETE' })).status).toBe(404);
    await runs.post(`instances/${alive}/terminate`);
  });

  test('by filter needs a beginning', async () => {
    expect((await app.api('instances/', { method: 'DELETE' })).status).toBe(400);
  });
});
