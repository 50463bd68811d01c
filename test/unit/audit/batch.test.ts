import {
  createAudit,
  createAuditReplay,
  type AuditDocument,
  type AuditEventInput,
} from '../../../src/lib/audit';
import type { Created } from '../../../src/lib/audit/ports';
import { createWorld, event, inVirtualTime, type World } from './fakes';

inVirtualTime();

const numbered = (count: number, overrides: Partial<AuditEventInput> = {}): AuditEventInput[] =>
  Array.from({ length: count }, (_, n) => event({ sourceKey: `m${n}`, ...overrides }));
const callsOf = (world: World, name: string): number => world.calls.filter((call) => call === name).length;

it('records many events with few requests, each receipt at its place', async () => {
  const world = createWorld();
  const events = numbered(250);
  const fates = await createAudit(world).recordBatch(events);
  expect(world.calls).toEqual(['store.createMany', 'store.createMany', 'store.createMany']);
  expect(world.stored.size).toBe(250);
  const again = await createAudit(world).recordBatch(events.slice(0, 3));
  for (const [n, fate] of again.entries()) {
    const first = fates[n];
    if (first?.status !== 'fulfilled') throw new Error('The event was not recorded.');
    expect(fate).toEqual({ status: 'fulfilled', value: { ...first.value, duplicate: true } });
  }
});

it('lets no event take another with it', async () => {
  const world = createWorld();
  const events = numbered(5);
  await createAudit(world).record(event({ sourceKey: 'm1' }));
  await createAudit(world).record(event({ sourceKey: 'm2', outcome: '8' }));
  const poisoned = events.map((each, n) => (n === 3 ? { ...each, occurredAt: 'yesterday' } : each));
  const fates = await createAudit(world).recordBatch([...poisoned, event({ sourceKey: 'm0' })]);
  expect(
    fates.map((fate) => (fate.status === 'fulfilled' ? fate.value.duplicate : fate.reason.code)),
  ).toEqual([
    false,
    true,
    false, // the conflict's own report
    'AUDIT_EVENT_INVALID',
    false,
    true,
  ]);
  const reports = [...world.stored.values()].filter(
    ({ outcomeCode }) => outcomeCode === 'integrity.conflict',
  );
  expect([world.stored.size, reports.length]).toEqual([5, 1]);
});

it('waits for what a busy partition throttled, and queues what stays throttled', async () => {
  const world = createWorld();
  const answers: ((documents: readonly AuditDocument[]) => Created[] | undefined)[] = [
    (documents) => documents.map((_, i) => (i < 10 ? 'throttled' : 'created')),
  ];
  const createMany: World['store']['createMany'] = async (documents, signal) => {
    const planned = answers.shift()?.(documents);
    const open = documents.filter((_, i) => planned?.[i] !== 'throttled');
    if (open.length > 0) await world.store.createMany(open, signal);
    return planned ?? documents.map(() => 'created');
  };
  const store = { ...world.store, createMany };
  const audit = createAudit({ ...world, store });
  const states = async (events: AuditEventInput[]): Promise<string[]> =>
    (await audit.recordBatch(events)).map((fate) =>
      fate.status === 'fulfilled' ? fate.value.state : 'lost',
    );
  expect(new Set(await states(numbered(30)))).toEqual(new Set(['persisted']));
  expect(world.stored.size).toBe(30);

  for (let i = 0; i < 4; i++) answers.push((documents) => documents.map(() => 'throttled'));
  expect(await states(numbered(3, { tenantId: 'south' }))).toEqual(['queued', 'queued', 'queued']);
});

it('loses and doubles nothing while the store is away', async () => {
  const world = createWorld();
  const audit = createAudit(world);
  world.fate = (sink) => (sink === 'store' ? 'fail' : 'ok');
  const fates = await audit.recordBatch(numbered(500));
  expect(new Set(fates.map((fate) => (fate.status === 'fulfilled' ? fate.value.state : 'lost')))).toEqual(
    new Set(['queued']),
  );
  // The breaker keeps the batch from asking an absent store five hundred times.
  expect(callsOf(world, 'store.create') + callsOf(world, 'store.createMany')).toBeLessThan(100);
  world.fate = () => 'ok';
  for (const document of world.queued.values()) await createAuditReplay(world).replayQueued(document);
  expect(world.stored.size).toBe(500);
});

it('knows its own writes again when the answer to a request was lost', async () => {
  const world = createWorld();
  let isLost = true;
  world.fate = () => {
    const fate = isLost ? 'lost' : 'ok';
    isLost = false;
    return fate;
  };
  const fates = await createAudit(world).recordBatch(numbered(20));
  expect(world.stored.size).toBe(20);
  for (const fate of fates) expect(fate).toMatchObject({ value: { state: 'persisted', duplicate: false } });
});

it('resolves the correlation id of a workflow that began here', async () => {
  const world = createWorld();
  const workflow = { id: 'discharge-1' };
  await createAudit(world).recordBatch([
    event({ sourceKey: 'start', workflow, correlationId: 'c-1' }),
    event({ sourceKey: 'step', workflow: { ...workflow, step: '2' } }),
    event({ sourceKey: 'other', workflow, tenantId: 'south' }),
  ]);
  expect([...world.stored.values()].flatMap(({ preset }) => preset?.filled?.correlationId ?? [])).toEqual([
    'c-1',
  ]);
});
