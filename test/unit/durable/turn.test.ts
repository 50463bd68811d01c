import { decisionOf, decisionOfFailure, type Action, type Decision } from '../../../local/durable/decision';
import { EventType, netTime, type HistoryEvent, type Incoming } from '../../../local/durable/history';
import { newProgress, type Progress } from '../../../local/durable/progress';
import { controlled, takeTurn, type Turn } from '../../../local/durable/turn';

const NOW = Date.UTC(2026, 0, 1);
const of = { instance: 'i', execution: 'e', name: 'o' };
const started: Incoming = {
  EventType: EventType.ExecutionStarted,
  Name: 'o',
  Version: '',
  Input: null,
  Tags: null,
  ParentInstance: null,
  OrchestrationInstance: { InstanceId: 'i', ExecutionId: 'e' },
};
const activity = (functionName: string, input?: unknown): Action => ({ actionType: 0, functionName, input });
const timer = (milliseconds: number, isCanceled = false): Action => ({
  actionType: 5,
  fireAt: new Date(NOW + milliseconds).toISOString(),
  isCanceled,
});
const done = (task: number, Result = '1'): Incoming => ({
  EventType: EventType.TaskCompleted,
  TaskScheduledId: task,
  Result,
});
const failed = (task: number, isNonRetriable?: boolean): Incoming => ({
  EventType: EventType.TaskFailed,
  TaskScheduledId: task,
  Reason: 'r',
  Details: 'd',
  ...(isNonRetriable === undefined
    ? {}
    : { FailureDetails: { ErrorType: 'E', ErrorMessage: 'm', IsNonRetriable: isNonRetriable } }),
});
const fired = (id: number): Incoming => ({
  EventType: EventType.TimerFired,
  TimerId: id,
  FireAt: netTime(NOW),
});
const turn = (
  event: Incoming,
  decision: Partial<Decision>,
  progress: Progress = newProgress(),
  now = NOW,
): Turn => takeTurn({ ...of, progress }, event, { isDone: false, actions: [], ...decision }, now);
const scheduled = ({ history }: Turn): [number, number][] =>
  history
    .filter(({ EventId }) => EventId >= 0)
    .map((event: HistoryEvent) => [event.EventType, event.EventId]);

test('ids are counted depth first, waits for events take none', () => {
  const wait: Action = { actionType: 6, externalEventName: 'x' };
  const tree: Action = {
    actionType: 12,
    compoundActions: [
      activity('a'),
      { actionType: 11, compoundActions: [timer(1000), wait, activity('b')] },
      { actionType: 2, functionName: 'child' },
    ],
  };
  const signal: Action = { actionType: 9, instanceId: '@e@k', operation: 'op' };
  expect(scheduled(turn(started, { actions: [tree, signal] }))).toEqual([
    [EventType.TaskScheduled, 0],
    [EventType.TimerCreated, 1],
    [EventType.TaskScheduled, 2],
    [EventType.SubOrchestrationInstanceCreated, 3],
    [EventType.EventSent, 4],
  ]);
});

test('a turn is recorded between its marks, with what was delivered first', () => {
  const { history } = turn(started, { actions: [activity('a', { x: 1 })] });
  expect(history.map(({ EventType: type }) => type)).toEqual([
    EventType.OrchestratorStarted,
    EventType.ExecutionStarted,
    EventType.TaskScheduled,
    EventType.OrchestratorCompleted,
  ]);
  expect(history[2]).toMatchObject({
    Name: 'a',
    Input: '[{"x":1}]',
    Timestamp: '2026-01-01T00:00:00.0000000Z',
  });
});

test('only actions that are new are scheduled', () => {
  const first = turn(started, { actions: [activity('a')] });
  const second = turn(done(0), { actions: [activity('a'), activity('b')] }, first.progress);
  expect(second.effects).toMatchObject([{ kind: 'activity', task: 1, name: 'b' }]);
});

test('what was given is not changed', () => {
  const progress = newProgress();
  turn(started, { actions: [activity('a')] }, progress);
  expect(progress).toEqual(newProgress());
});

test('nothing ends while work is open', () => {
  const actions = [{ actionType: 11, compoundActions: [activity('a'), timer(5000)] }];
  const first = turn(started, { actions });
  const second = turn(done(0), { actions, isDone: true, output: 1 }, first.progress);
  expect(second.outcome).toEqual({ kind: 'running' });
  const third = turn(fired(1), { actions, isDone: true, output: 1 }, second.progress, NOW + 5000);
  expect(third.outcome).toEqual({ kind: 'ended', status: 'Completed', output: '1' });
  expect(third.history.map(({ EventType: type }) => type)).toContain(EventType.ExecutionCompleted);
});

test('a failure too waits for what is open', () => {
  const actions = [{ actionType: 12, compoundActions: [activity('a'), activity('b')] }];
  const first = turn(started, { actions });
  const second = turn(failed(0), { actions, error: 'x' }, first.progress);
  expect(second.outcome.kind).toBe('running');
  const third = turn(done(1), { actions, error: 'x' }, second.progress);
  expect(third.outcome).toEqual({
    kind: 'ended',
    status: 'Failed',
    output: "Orchestrator function 'o' failed: x",
  });
});

describe('a cancelled timer', () => {
  const actions = (isCanceled: boolean): Action[] => [
    {
      actionType: 11,
      compoundActions: [{ actionType: 6, externalEventName: 'x' }, timer(60_000, isCanceled)],
    },
  ];
  const raised: Incoming = { EventType: EventType.EventRaised, Name: 'x', Input: '1' };

  test('is taken back and not waited for', () => {
    const first = turn(started, { actions: actions(false) });
    const second = turn(raised, { actions: actions(true), isDone: true }, first.progress);
    expect(second.effects).toEqual([{ kind: 'cancelTimer', timer: 0 }]);
    expect(second.outcome.kind).toBe('ended');
  });

  test('is taken back once', () => {
    const first = turn(started, { actions: actions(false) });
    const second = turn(raised, { actions: actions(true) }, first.progress);
    expect(turn(raised, { actions: actions(true) }, second.progress).effects).toEqual([]);
  });

  test('that was cancelled when it was made has an id and is not started', () => {
    const only = turn(started, { actions: actions(true), isDone: true });
    expect(scheduled(only)).toEqual([[EventType.TimerCreated, 0]]);
    expect(only.effects).toEqual([]);
    expect(only.outcome.kind).toBe('ended');
  });

  test('on a later leg is the one that is taken back', () => {
    const day = 86_400_000;
    const long = (isCanceled: boolean): Action[] => [timer(8 * day, isCanceled)];
    const first = turn(started, { actions: long(false) });
    const second = turn(fired(0), { actions: long(false) }, first.progress, NOW + 3 * day);
    const third = turn(raised, { actions: long(true) }, second.progress, NOW + 4 * day);
    expect(third.effects).toEqual([{ kind: 'cancelTimer', timer: 1 }]);
  });
});

describe('a call with retries', () => {
  const action = (more: object = {}): Action => ({
    actionType: 1,
    functionName: 'a',
    input: 'x',
    retryOptions: { firstRetryIntervalInMilliseconds: 100, maxNumberOfAttempts: 3, ...more },
  });
  const fail = (progress: Progress, task: number, now = NOW, more = {}): Turn =>
    turn(failed(task), { actions: [action(more)] }, progress, now);

  test('waits, then is made again with the same input', () => {
    const first = turn(started, { actions: [action()] });
    const second = fail(first.progress, 0);
    expect(second.effects).toEqual([{ kind: 'timer', timer: 1, due: NOW + 100 }]);
    const third = turn(fired(1), { actions: [action()] }, second.progress, NOW + 100);
    expect(third.effects).toEqual([{ kind: 'activity', task: 2, name: 'a', input: '"x"' }]);
  });

  test('takes ids before what the orchestrator does next', () => {
    const other = activity('b');
    const both: Action[] = [{ actionType: 12, compoundActions: [action(), other] }];
    const first = turn(started, { actions: both });
    const second = turn(failed(0), { actions: [...both, activity('c')] }, first.progress);
    expect(scheduled(second)).toEqual([
      [EventType.TimerCreated, 2],
      [EventType.TaskScheduled, 3],
    ]);
  });

  test('after the last attempt has one more timer, due at once', () => {
    const once = { maxNumberOfAttempts: 1 };
    const first = turn(started, { actions: [action(once)] });
    const second = fail(first.progress, 0, NOW + 50, once);
    expect(second.effects).toEqual([{ kind: 'timer', timer: 1, due: NOW + 50 }]);
    expect(turn(fired(1), { actions: [action(once)] }, second.progress).effects).toEqual([]);
  });

  test.each([
    ['retryTimeoutInMilliseconds has passed', { retryTimeoutInMilliseconds: 40 }, undefined],
    ['its failure says isNonRetriable', {}, true],
  ])('is given up without a timer when %s', (why, more, isNonRetriable) => {
    const first = turn(started, { actions: [action(more)] });
    const event = failed(0, isNonRetriable);
    const second = turn(event, { actions: [action(more)] }, first.progress, NOW + 50);
    expect(second.effects).toEqual([]);
    expect(second.warning).toContain(why);
  });
});

describe('sub-orchestrations', () => {
  test('get an id of the execution and the task where none is given', () => {
    const actions: Action[] = [
      { actionType: 2, functionName: 'c', input: { a: 1 } },
      { actionType: 2, functionName: 'c', instanceId: 'mine' },
    ];
    expect(turn(started, { actions }).effects).toEqual([
      { kind: 'subOrchestration', task: 0, instance: 'e:0', name: 'c', version: '', input: '{"a":1}' },
      { kind: 'subOrchestration', task: 1, instance: 'mine', name: 'c', version: '', input: null },
    ]);
  });
});

describe('entities', () => {
  const send = (actionType: number, more: object = {}) =>
    turn(started, { actions: [{ actionType, instanceId: '@e@k', operation: 'op', input: 5, ...more }] });

  test.each([
    ['a call', 7, {}, { signal: false }],
    ['a signal', 9, {}, { signal: true }],
    ['a scheduled signal', 10, { scheduledTime: netTime(NOW + 9) }, { signal: true, due: NOW + 9 }],
  ])('are sent %s', (_, actionType, more, request) => {
    const { effects, history, progress } = send(actionType, more);
    const whole = { op: 'op', input: '5', parent: 'i', parentExecution: 'e', ...request };
    expect(effects).toMatchObject([{ kind: 'entity', entity: '@e@k', request: whole }]);
    const sent = history.find(({ EventType: type }) => type === EventType.EventSent);
    expect(sent).toMatchObject({ InstanceId: '@e@k', EventId: 0 });
    // A reply is an event, and no task that an end waits for.
    expect(progress.open).toEqual({});
  });

  test('know a request by an id that a replay gives again', () => {
    expect(send(7).effects).toEqual(send(7).effects);
  });
});

describe('continue as new', () => {
  const again = (input: unknown): Action => ({ actionType: 4, input });
  const raised: Incoming = { EventType: EventType.EventRaised, Name: 'x', Input: '1' };

  test('takes the new input', () => {
    const { outcome } = turn(started, { actions: [again({ n: 1 })], isDone: true });
    expect(outcome).toEqual({ kind: 'continuedAsNew', input: '{"n":1}', carried: [] });
  });

  test('waits for what is open and carries the events that come meanwhile', () => {
    const actions = [activity('a'), again(1)];
    const first = turn(started, { actions, isDone: true });
    expect(first.outcome.kind).toBe('running');
    const second = turn(raised, { actions, isDone: true }, first.progress);
    const third = turn(done(0), { actions, isDone: true }, second.progress);
    expect(third.outcome).toEqual({ kind: 'continuedAsNew', input: '1', carried: [raised] });
  });
});

test('an action that the backend does not know fails the instance by name', () => {
  const { outcome } = turn(started, { actions: [{ actionType: 13 }] });
  expect(outcome).toMatchObject({ status: 'Failed', output: expect.stringContaining('action type') });
});

test.each([
  [undefined, undefined],
  [null, undefined],
  ['x', '"x"'],
  [0, '0'],
])('the custom status %j is recorded as %j', (customStatus, text) => {
  expect(turn(started, { customStatus }).customStatus).toBe(text);
});

test('a repeated completion changes nothing', () => {
  const first = turn(started, { actions: [activity('a'), activity('b')] });
  const second = turn(done(0), { actions: [activity('a'), activity('b')] }, first.progress);
  const third = turn(done(0), { actions: [activity('a'), activity('b')] }, second.progress);
  expect(third.progress.open).toEqual(second.progress.open);
});

test('the answer of an orchestrator that threw is in its message', () => {
  const state = { isDone: false, actions: [[activity('a')]], error: 'why' };
  const message = `false\n\n$OutOfProcData$:${JSON.stringify(state)}`;
  expect(decisionOfFailure(message)).toEqual({ isDone: false, actions: [activity('a')], error: 'why' });
  expect(decisionOfFailure('something else')).toEqual({
    isDone: false,
    actions: [],
    error: 'something else',
  });
  expect(decisionOf(undefined)).toEqual({ isDone: false, actions: [] });
});

test('a termination is recorded as the end', () => {
  const types = controlled({ EventType: EventType.ExecutionTerminated, Input: 'why' }, NOW).map(
    ({ EventType: type }) => type,
  );
  expect(types).toEqual([
    EventType.OrchestratorStarted,
    EventType.ExecutionTerminated,
    EventType.ExecutionCompleted,
    EventType.OrchestratorCompleted,
  ]);
});
