import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  openDurable,
  readDurableSettings,
  VirtualClock,
  type Durable,
  type FunctionKind,
  type Functions,
} from '../../../local/durable';
import { EventType } from '../../../local/durable/history';

/** The backend without an app: functions are plain answers, and some never come. */

const dir = mkdtempSync(join(tmpdir(), 'durable-restart-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

type Answer = (input: string | undefined) => Promise<string> | string;

class Fake implements Functions {
  readonly ran: string[] = [];
  constructor(private readonly answers: Record<string, Answer>) {}
  find = (_: FunctionKind, name: string) => (this.answers[name.toLowerCase()] ? name : undefined);
  names = () => Object.keys(this.answers);
  async run(kind: FunctionKind, name: string, input: string | undefined): Promise<string> {
    this.ran.push(`${kind} ${name}`);
    return this.answers[name.toLowerCase()]?.(input) ?? 'null';
  }
}

const never = () => new Promise<string>(() => undefined);
const clock = new VirtualClock(Date.UTC(2026, 0, 1));
const open = (name: string, functions: Functions): Promise<Durable> =>
  openDurable({
    dataDir: join(dir, name),
    functions,
    settings: readDurableSettings({}, String, undefined, () => undefined),
    systemKey: 'key',
    origin: 'http://localhost',
    log: () => undefined,
    clock,
  });
const rpc = (backend: Durable): string =>
  (JSON.parse(backend.clientBinding()) as { rpcBaseUrl: string }).rpcBaseUrl;
const post = (backend: Durable, path: string, body?: string) =>
  fetch(`${rpc(backend)}${path}`, {
    method: 'POST',
    ...(body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } }),
  });
const statusOf = async (backend: Durable, id: string) =>
  (await (await fetch(`${rpc(backend)}instances/${id}`)).json()) as {
    runtimeStatus: string;
    output: unknown;
  };
const until = async (isMet: () => Promise<boolean> | boolean): Promise<void> => {
  for (const end = Date.now() + 30_000; Date.now() < end;) {
    if (await isMet()) return;
    await new Promise((wake) => setTimeout(wake, 5));
  }
  throw new Error('The condition did not hold.');
};
const completes = (backend: Durable, id: string) =>
  until(async () => (await statusOf(backend, id)).runtimeStatus === 'Completed');

/** An orchestrator of one action that is done when the last event says so. */
const orchestrator =
  (action: object, last: number): Answer =>
  (input) => {
    const { history } = JSON.parse(input ?? '{}') as { history: { EventType: number }[] };
    const isDone = history.at(-1)?.EventType === last;
    return JSON.stringify({ isDone, actions: [[action]], output: 'done' });
  };

/** Runs until the condition holds, stops as a crash would find it, and goes on with other answers. */
async function interrupted(
  name: string,
  answers: Record<string, Answer>,
  when: (fake: Fake, backend: Durable) => Promise<boolean> | boolean,
  later: Record<string, Answer> = {},
): Promise<{ backend: Durable; after: Fake }> {
  const before = new Fake(answers);
  const first = await open(name, before);
  first.start();
  expect((await post(first, 'orchestrators/o/i')).status).toBe(202);
  await until(() => when(before, first));
  await first.stop();
  const after = new Fake({ ...answers, ...later });
  const backend = await open(name, after);
  backend.start();
  return { backend, after };
}

test('an activity without a result is run again', async () => {
  const o = orchestrator({ actionType: 0, functionName: 'a' }, EventType.TaskCompleted);
  const { backend, after } = await interrupted(
    'activity',
    { o, a: never },
    ({ ran }) => ran.includes('activity a'),
    { a: () => '1' },
  );
  await completes(backend, 'i');
  expect(after.ran).toEqual(['activity a', 'orchestrator o']);
  await backend.stop();
});

test('a message that was not handled is delivered again', async () => {
  const { backend } = await interrupted(
    'message',
    { o: never },
    ({ ran }) => ran.includes('orchestrator o'),
    { o: () => JSON.stringify({ isDone: true, actions: [[]], output: 'done' }) },
  );
  // Nobody sends it anything more.
  await completes(backend, 'i');
  await backend.stop();
});

test('a timer is armed again, and fires late where its time passed meanwhile', async () => {
  const fireAt = new Date(clock.now() + 60_000).toISOString();
  const o = orchestrator({ actionType: 5, fireAt }, EventType.TimerFired);
  const { backend } = await interrupted(
    'timer',
    { o },
    async (_, first) => (await statusOf(first, 'i')).runtimeStatus === 'Running',
  );
  expect((await statusOf(backend, 'i')).runtimeStatus).toBe('Running');
  clock.advance(60_000);
  await completes(backend, 'i');
  await backend.stop();
});

test('a request of an entity is done once it can be', async () => {
  const call = { actionType: 7, instanceId: '@e@k', operation: 'get' };
  const o = orchestrator(call, EventType.EventRaised);
  const entityState = { entityExists: true, entityState: '1', results: [{ isError: false }], signals: [] };
  const { backend, after } = await interrupted(
    'entity',
    { o, e: never },
    ({ ran }) => ran.includes('entity e'),
    { e: () => JSON.stringify(entityState) },
  );
  await completes(backend, 'i');
  expect(after.ran).toEqual(['entity e', 'orchestrator o']);
  await backend.stop();
});

test('an instance that is replaced while its orchestrator runs is not brought back', async () => {
  let answer: (json: string) => void = () => undefined;
  const fake = new Fake({ o: () => new Promise<string>((resolve) => (answer = resolve)) });
  const backend = await open('purged', fake);
  backend.start();
  await post(backend, 'orchestrators/o/i');
  await until(() => fake.ran.length > 0);
  expect((await fetch(`${rpc(backend)}instances/i`, { method: 'DELETE' })).status).toBe(200);
  answer(JSON.stringify({ isDone: true, actions: [[]], output: 'late' }));
  await post(backend, 'orchestrators/o/other');
  await until(() => fake.ran.length > 1);
  expect((await fetch(`${rpc(backend)}instances/i`)).status).toBe(404);
  await backend.stop();
});
