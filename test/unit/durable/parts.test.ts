import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, VirtualClock } from '../../../local/durable/clock';
import { entityName, entityOutcome, entityPayload, type EntityRequest } from '../../../local/durable/entity';
import { EventType, netTime, recorded, type HistoryEvent } from '../../../local/durable/history';
import { Lane } from '../../../local/durable/lane';
import { newProgress } from '../../../local/durable/progress';
import { rewound } from '../../../local/durable/rewind';
import { readDurableSettings } from '../../../local/durable/settings';
import { historyView } from '../../../local/durable/status';
import { Store } from '../../../local/durable/store';
import { clientBinding } from '../../../local/durable/urls';

const at = (event: Parameters<typeof recorded>[0], id = -1): HistoryEvent => recorded(event, netTime(0), id);
const task = (id: number, Name = 'a', Input = '["x"]') =>
  at({ EventType: EventType.TaskScheduled, Name, Version: '', Input }, id);
const completed = (id: number) =>
  at({ EventType: EventType.TaskCompleted, TaskScheduledId: id, Result: '1' });
const failure = (id: number) =>
  at({ EventType: EventType.TaskFailed, TaskScheduledId: id, Reason: 'r', Details: 'd' });
const mark = () => at({ EventType: EventType.OrchestratorStarted });
const end = () => at({ EventType: EventType.ExecutionCompleted, OrchestrationStatus: 3, Result: 'why' });

describe('rewind', () => {
  test('takes the failures away and does what failed again', () => {
    const history = [mark(), task(0), mark(), completed(0), task(1), mark(), failure(1), end()];
    const result = rewound(history, { ...newProgress(), nextId: 2, seen: 2 });
    expect(result?.calls).toEqual([{ task: 1, kind: 'activity', name: 'a', input: '"x"' }]);
    expect(result?.progress.open).toEqual({ 1: { kind: 'call' } });
    expect(result?.history.map(({ EventType: type }) => type)).not.toContain(EventType.TaskFailed);
    expect(result?.history).toHaveLength(6);
  });

  test('rewinds children that failed', () => {
    const child = { InstanceId: 'c', Name: 'child', Version: '', Input: null };
    const history = [
      at({ EventType: EventType.SubOrchestrationInstanceCreated, ...child }, 0),
      at({
        EventType: EventType.SubOrchestrationInstanceFailed,
        TaskScheduledId: 0,
        Reason: 'r',
        Details: 'd',
      }),
      end(),
    ];
    expect(rewound(history, newProgress())).toMatchObject({ calls: [], children: ['c'] });
  });

  test('is not possible where more was scheduled after the failure', () => {
    expect(rewound([task(0), failure(0), task(1), completed(1), end()], newProgress())).toBeUndefined();
  });
});

describe('the view of a history', () => {
  const history = [
    mark(),
    task(0),
    mark(),
    completed(0),
    end(),
    at({ EventType: EventType.OrchestratorCompleted }),
  ];

  test('tells a call with its result', () => {
    expect(historyView(history, true, true)).toEqual([
      {
        EventType: 'TaskCompleted',
        Timestamp: netTime(0),
        Result: 1,
        ScheduledTime: netTime(0),
        FunctionName: 'a',
        Input: '["x"]',
      },
      {
        EventType: 'ExecutionCompleted',
        Timestamp: netTime(0),
        OrchestrationStatus: 'Failed',
        Result: 'why',
      },
    ]);
  });

  test('shows a call without a result by itself, and leaves out what is not asked for', () => {
    expect(historyView([task(0)], false, false)).toEqual([
      { EventType: 'TaskScheduled', Timestamp: netTime(0), Name: 'a' },
    ]);
    expect(historyView(history, false, false)[0]).not.toHaveProperty('Result');
  });
});

describe('settings', () => {
  const lines: string[] = [];
  const read = (section: unknown, site?: string) =>
    readDurableSettings(
      section,
      (text) => text.replace('%HUB%', 'FromSetting'),
      site,
      (line) => lines.push(line),
    );
  beforeEach(() => void lines.splice(0));

  test.each([
    [undefined, undefined, 'TestHubName'],
    [undefined, 'my-site-01', 'mysite01'],
    ['MyHub', 'my-site', 'MyHub'],
    ['%HUB%', undefined, 'FromSetting'],
  ])('the hub %s of site %s is %s', (hubName, site, wanted) => {
    expect(read(hubName === undefined ? {} : { hubName }, site).hubName).toBe(wanted);
  });

  test.each([['1abc'], ['a-b'], ['ab'], ['a'.repeat(46)]])('refuses the hub name %s', (hubName) => {
    expect(() => read({ hubName })).toThrow('task hub name');
  });

  test('are read whatever their case', () => {
    expect(
      read({ MAXCONCURRENTACTIVITYFUNCTIONS: 3, storeInputsInOrchestrationHistory: true }),
    ).toMatchObject({
      maxConcurrentActivities: 3,
      storesInputs: true,
      replacesRunning: false,
      localRpc: true,
    });
  });

  test.each([[0], [-1], [1.5], ['5']])('refuses %j as a number of functions', (value) => {
    expect(() => read({ maxConcurrentOrchestratorFunctions: value })).toThrow('whole number above 0');
  });

  test('names what it does not know and is silent about what has no effect here', () => {
    read({ storageProvider: { type: 'mssql' }, tracing: {}, somethingNew: 1 });
    expect(lines).toEqual([expect.stringContaining('somethingNew')]);
  });

  test('refuses an unknown rule for existing instances', () => {
    expect(() => read({ overridableExistingInstanceStates: 'Some' })).toThrow('NonRunningStates or AnyState');
  });
});

describe('entities', () => {
  const call: EntityRequest = {
    op: 'get',
    signal: false,
    input: null,
    id: 'r',
    parent: 'i',
    parentExecution: 'e',
  };
  const signal: EntityRequest = { op: 'add', signal: true, input: '1', id: 's' };

  test.each([
    ['@counter@a@b', { name: 'counter', key: 'a@b' }],
    ['@counter@', { name: 'counter', key: '' }],
    ['counter', undefined],
  ])('%s is %j', (id, name) => {
    expect(entityName(id)).toEqual(name);
  });

  test('get their batch as the library reads it', () => {
    expect(JSON.parse(entityPayload('@c@k', { exists: true, state: '5' }, [signal]))).toEqual({
      self: { name: 'c', key: 'k' },
      exists: true,
      state: '5',
      batch: [{ name: 'add', input: '1', isSignal: true }],
    });
  });

  test('answer calls alone, an error as one, and signal on', () => {
    const answer = {
      entityExists: true,
      entityState: '6',
      results: [{ isError: false }, { isError: true, result: '{}' }],
      signals: [{ target: { name: 'Other', key: 'k' }, name: 'op', input: '' }],
    };
    expect(entityOutcome(JSON.stringify(answer), [signal, call])).toEqual({
      after: { exists: true, state: '6' },
      replies: [
        { instance: 'i', execution: 'e', name: 'r', input: '{"result":"{}","exceptionType":"Error"}' },
      ],
      signals: [{ entity: '@other@k', op: 'op', input: null }],
    });
  });
});

describe('a lane', () => {
  const settle = () => new Promise((resolve) => setImmediate(resolve));

  test('runs so many at a time and one of a key', async () => {
    const running: string[] = [];
    const ends: (() => void)[] = [];
    const lane = new Lane<string>(2, async (item) => {
      running.push(item);
      await new Promise<void>((resolve) => ends.push(resolve));
      return true;
    });
    for (const item of ['a', 'b', 'a', 'c']) lane.add(item, item);
    expect(running).toEqual([]);
    lane.resume();
    expect(running).toEqual(['a', 'b']);
    lane.add('a', 'a');
    ends[0]?.();
    await settle();
    expect(running).toEqual(['a', 'b', 'c']);
    ends[1]?.();
    await settle();
    // Asked for while it ran: once more.
    expect(running).toEqual(['a', 'b', 'c', 'a']);
  });

  test('repeats what has more to do, and nothing while it is paused', async () => {
    let left = 3;
    const lane = new Lane<string>(1, async () => (left -= 1) <= 0);
    lane.add('a', 'a');
    await settle();
    expect(left).toBe(3);
    lane.resume();
    for (let turns = 0; turns < 5; turns += 1) await settle();
    expect(left).toBe(0);
  });
});

test('a virtual clock rings in its own time', () => {
  const clock = new VirtualClock(1000);
  const rung: string[] = [];
  clock.at(2000, () => rung.push('two'));
  const cancel = clock.at(3000, () => rung.push('three'));
  expect(clock.next).toBe(2000);
  clock.advance(999);
  expect(rung).toEqual([]);
  clock.advance(1);
  expect(rung).toEqual(['two']);
  cancel();
  clock.advance(10_000);
  expect([rung, clock.next, clock.now()]).toEqual([['two'], undefined, 12_000]);
});

test('the system clock rings and can be stopped', async () => {
  const cancelled = jest.fn();
  systemClock.at(Date.now() + 5, cancelled)();
  await new Promise<void>((resolve) => systemClock.at(Date.now() + 20, resolve));
  expect(cancelled).not.toHaveBeenCalled();
});

describe('the file', () => {
  const dir = mkdtempSync(join(tmpdir(), 'durable-store-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  test('that another process has is not taken', async () => {
    const file = join(dir, 'taken.db');
    const store = new Store(file);
    await store.step(() => store.post('i', { EventType: EventType.GenericEvent, Data: '' }));
    expect(() => new Store(file)).toThrow('another process has it open');
    store.close();
  });

  test('that is no database is named with what to do', () => {
    const file = join(dir, 'broken.db');
    writeFileSync(file, 'not a database, whatever it says'.repeat(50));
    expect(() => new Store(file)).toThrow('restore it or move it away');
  });

  test('takes a step whole or not at all, and steps of one moment together', async () => {
    const moments: string[] = [];
    const store = new Store(join(dir, 'steps.db'), (moment) => moments.push(moment));
    const post = () => store.post('i', { EventType: EventType.GenericEvent, Data: '' });
    await expect(
      store.step(() => {
        post();
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(store.nextMessage('i', false)).toBeUndefined();
    const steps = [store.step(post), store.step(post)];
    expect(moments).toEqual([]);
    await Promise.all(steps);
    expect(store.nextMessage('i', false)).toBeDefined();
    expect(moments).toEqual(['before', 'after']);
    store.close();
  });

  test('keeps inputs out of what the orchestrator gets, unless told', async () => {
    const store = new Store(join(dir, 'inputs.db'));
    await store.step(() => {
      store.append('a', [task(0)], false);
      store.append('b', [task(0)], true);
    });
    expect(JSON.parse(store.wire('a')[0] ?? '')).toMatchObject({ Input: null, IsPlayed: true });
    expect(JSON.parse(store.wire('b')[0] ?? '')).toMatchObject({ Input: '["x"]' });
    expect(store.history('a')[0]).toMatchObject({ Input: '["x"]' });
    store.close();
  });

  test('lets only resume and terminate through while suspended', async () => {
    const store = new Store(join(dir, 'suspended.db'));
    await store.step(() => {
      store.post('i', { EventType: EventType.EventRaised, Name: 'x', Input: '1' });
      store.post('i', { EventType: EventType.ExecutionTerminated, Input: null });
      store.post('i', { EventType: EventType.ExecutionResumed, Reason: null });
    });
    const control = store.nextMessage('i', true);
    expect(control?.event.EventType).toBe(EventType.ExecutionTerminated);
    await store.step(() => store.dropMessage(control?.seq ?? -1));
    expect(store.nextMessage('i', true)?.event.EventType).toBe(EventType.ExecutionResumed);
    expect(store.nextMessage('i', false)?.event.EventType).toBe(EventType.EventRaised);
    store.close();
  });
});

test('a binding without the local endpoint has the public addresses alone', () => {
  const addresses = { hubName: 'Hub', key: 'a key' };
  const binding = JSON.parse(clientBinding('http://localhost:1', undefined, addresses)) as object;
  expect(binding).not.toHaveProperty('rpcBaseUrl');
  expect(binding).toMatchObject({ taskHubName: 'Hub', requiredQueryStringParameters: 'code=a%20key' });
});
