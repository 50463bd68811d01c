import { RetryOptions, EntityId, type OrchestrationContext, type Task } from 'durable-functions';
import fc from 'fast-check';
import { EventType } from '../../../local/durable/history';
import { simulate } from './simulate';

/** What an orchestrator may wait for, and what has to come out of it. */
type Step =
  | { kind: 'activity'; value: number }
  | { kind: 'child'; value: number }
  | { kind: 'failing'; value: number }
  | { kind: 'retried'; value: number; failures: number; attempts: number }
  | { kind: 'timer'; days: number }
  | { kind: 'entity'; value: number }
  | { kind: 'signal'; value: number }
  | { kind: 'all'; steps: Step[] }
  | { kind: 'first'; value: number; days: number };

const value = fc.integer({ min: 0, max: 1000 });
const days = fc.integer({ min: 0, max: 20 });
const { step } = fc.letrec<{ step: Step; leaf: Step }>((tie) => ({
  leaf: fc.oneof(
    fc.record({ kind: fc.constant('activity' as const), value }),
    fc.record({ kind: fc.constant('child' as const), value }),
    fc.record({ kind: fc.constant('failing' as const), value }),
    fc.record({
      kind: fc.constant('retried' as const),
      value,
      failures: fc.integer({ min: 0, max: 4 }),
      attempts: fc.integer({ min: 1, max: 4 }),
    }),
    fc.record({ kind: fc.constant('timer' as const), days }),
    fc.record({ kind: fc.constant('entity' as const), value }),
    fc.record({ kind: fc.constant('signal' as const), value }),
    fc.record({ kind: fc.constant('first' as const), value, days: fc.integer({ min: 1, max: 20 }) }),
  ),
  step: fc.oneof(
    { depthSize: 'small' },
    tie('leaf'),
    fc.record({
      kind: fc.constant('all' as const),
      steps: fc.array(tie('step'), { minLength: 1, maxLength: 4 }),
    }),
  ),
}));

/** Tasks that can be waited for together; the others are steps of their own. */
const joins = (each: Step): boolean =>
  each.kind === 'all'
    ? each.steps.every(joins)
    : ['activity', 'child', 'timer', 'entity'].includes(each.kind);

function taskOf(context: OrchestrationContext, each: Step): Task {
  const { df } = context;
  switch (each.kind) {
    case 'activity':
      return df.callActivity('double', each.value);
    case 'child':
      return df.callSubOrchestrator('double', each.value);
    case 'failing':
      return df.callActivity('fail', each.value);
    case 'retried':
      return df.callActivityWithRetry('flaky', new RetryOptions(1000, each.attempts), {
        key: `${each.value}-${each.failures}-${each.attempts}`,
        ...each,
      });
    case 'timer':
      return df.createTimer(new Date(df.currentUtcDateTime.getTime() + each.days * 86_400_000));
    case 'entity':
      return df.callEntity(new EntityId('e', 'k'), String(each.value));
    case 'all':
      return df.Task.all(each.steps.map((inner) => taskOf(context, inner)));
    default:
      throw new Error(each.kind);
  }
}

function* perform(context: OrchestrationContext, each: Step): Generator<Task, unknown, unknown> {
  if (each.kind === 'signal') {
    context.df.signalEntity(new EntityId('e', 'k'), 'tell', each.value);
    return 'signalled';
  }
  if (each.kind === 'first') {
    const timer = context.df.createTimer(
      new Date(context.df.currentUtcDateTime.getTime() + each.days * 86_400_000),
    );
    const call = context.df.callActivity('double', each.value);
    const winner = yield context.df.Task.any([timer, call]);
    if (winner !== call) return 'late';
    timer.cancel();
    return call.result;
  }
  if (each.kind === 'all' && !joins(each)) {
    const all: unknown[] = [];
    for (const inner of each.steps) all.push(yield* perform(context, inner));
    return all;
  }
  try {
    return yield taskOf(context, each);
  } catch (error) {
    return `caught ${(error as Error).message.split(' \n')[0]}`;
  }
}

function expected(each: Step): unknown {
  switch (each.kind) {
    case 'activity':
    case 'child':
    case 'first':
      return each.value * 2;
    case 'failing':
      return `caught fails ${each.value}`;
    case 'retried':
      return each.failures < each.attempts ? each.value : `caught fails ${each.value}`;
    case 'timer':
      return null;
    case 'entity':
      return String(each.value);
    case 'signal':
      return 'signalled';
    case 'all':
      return each.steps.map(expected);
  }
}

/** The library's long timer results in a list of its legs' results, which are null. */
function withoutLegs(output: unknown): unknown {
  if (!Array.isArray(output)) return output;
  const inner = output.map(withoutLegs);
  return inner.every((each) => each === null) ? null : inner;
}

test('whatever the library waits for, in whatever order it completes, comes to its end', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 5 }),
      fc.array(fc.nat(), { minLength: 1, maxLength: 20 }),
      async (steps, order) => {
        const attempts = new Map<string, number>();
        let drawn = 0;
        const { outcome, history, open } = await simulate(
          function* (context: never) {
            const all: unknown[] = [];
            for (const each of steps) all.push(yield* perform(context, each));
            return all;
          } as never,
          (name, input) => {
            if (name === 'double') return (input as number) * 2;
            if (name === 'fail') throw new Error(`fails ${String(input)}`);
            if (name === 'entity') return input;
            const { key, value: result, failures, attempts: most } = input as Record<string, number>;
            const tried = (attempts.get(String(key)) ?? 0) + 1;
            attempts.set(String(key), tried);
            // The same call may be in the program twice: each has its own attempts.
            if (tried >= Math.min(Number(failures) + 1, Number(most))) attempts.delete(String(key));
            if (tried <= Number(failures)) throw new Error(`fails ${String(result)}`);
            return result;
          },
          (choices) => (order[(drawn += 1) % order.length] ?? 0) % choices,
        );
        expect(outcome).toMatchObject({ kind: 'ended', status: 'Completed' });
        const output: unknown = JSON.parse(outcome.kind === 'ended' ? (outcome.output ?? '') : '');
        expect(withoutLegs(output)).toEqual(withoutLegs(steps.map(expected)));
        expect(open).toBe(0);
        const ids = history.map(({ EventId }) => EventId).filter((id) => id >= 0);
        expect(ids).toEqual(ids.map((_, position) => position));
      },
    ),
    { numRuns: 40 },
  );
});

test('a long timer has legs of three days', async () => {
  const { history, elapsed } = await simulate(
    function* (context: OrchestrationContext) {
      yield context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + 10 * 86_400_000));
      return 'done';
    } as never,
    () => undefined,
  );
  expect(elapsed).toBe(10 * 86_400_000);
  expect(history.filter(({ EventType: type }) => type === EventType.TimerCreated)).toHaveLength(4);
});

test('a timer of six days has one leg', async () => {
  const { history } = await simulate(
    function* (context: OrchestrationContext) {
      yield context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + 6 * 86_400_000));
    } as never,
    () => undefined,
  );
  expect(history.filter(({ EventType: type }) => type === EventType.TimerCreated)).toHaveLength(1);
});

test('an answer that says where to ask again is asked for there after the time it names', async () => {
  const asked: unknown[] = [];
  const { outcome, elapsed } = await simulate(
    function* (context: OrchestrationContext) {
      const headers = { 'x-functions-key': 'secret', accept: 'x' };
      const { statusCode } = (yield context.df.callHttp({
        method: 'POST',
        url: 'http://a/',
        body: 'b',
        headers,
      })) as unknown as { statusCode: number };
      return statusCode;
    } as never,
    (_, input) => {
      asked.push(input);
      if (asked.length > 2) return { statusCode: 200, headers: {}, content: '' };
      const after = asked.length === 1 ? { 'retry-after': '7' } : {};
      return { statusCode: 202, headers: { location: 'http://b/', ...after }, content: '' };
    },
  );
  expect(outcome).toMatchObject({ kind: 'ended', output: '200' });
  expect(elapsed).toBe(37_000);
  expect(asked).toMatchObject([
    { method: 'POST', uri: 'http://a/', content: 'b' },
    { method: 'GET', uri: 'http://b/', headers: { accept: 'x' } },
    { method: 'GET', uri: 'http://b/' },
  ]);
  expect(asked[1]).not.toHaveProperty('content');
  expect((asked[1] as { headers: object }).headers).not.toHaveProperty('x-functions-key');
});
