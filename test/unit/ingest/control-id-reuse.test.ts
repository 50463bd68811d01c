import { defaultProfile } from '../../../src/lib/convert';
import { createIngest, type MessageDocument } from '../../../src/lib/ingest';
import { processBody } from '../../../src/lib/ingest/process-body';
import { MemoryWorld } from './memory-ports';
import { adt, delivery } from './messages';

const window = { controlIdReuseDays: 30 };

function setup(profile: { controlIdReuseDays?: number } = window) {
  const world = new MemoryWorld();
  const ports = world.ports({ profileOf: () => ({ ...defaultProfile, ...profile }) });
  const on = (day: number): string => new Date(Date.UTC(2026, 0, 1) + day * 86_400_000).toISOString();
  const arrive = async (origin: string, day: number, family: string) => {
    const body = Buffer.from(adt({ family }));
    const { outcomes } = await processBody(body, delivery(origin, { enqueuedAt: on(day) }), ports);
    return outcomes.map(({ status, code }) => code ?? status).join();
  };
  return { world, ports, arrive, on };
}

const ids = (world: MemoryWorld): string[] => world.documents().map(({ id }) => id);

test('without a window a control id is used once, however long ago', async () => {
  const { arrive } = setup({});
  expect(await arrive('d1', 0, 'Muster')).toBe('done');
  expect(await arrive('d2', 4000, 'Other')).toBe('CONTROL_ID_REUSED');
});

test.each([
  [0, 'CONTROL_ID_REUSED'],
  [29.9, 'CONTROL_ID_REUSED'],
  [30, 'CONTROL_ID_REUSED'],
  [30.001, 'done'],
  [365, 'done'],
  // A clock that went back.
  [-60, 'CONTROL_ID_REUSED'],
])('%d days later with other bytes: %s', async (days, expected) => {
  const { arrive } = setup();
  await arrive('d1', 0, 'Muster');
  expect(await arrive('d2', days, 'Other')).toBe(expected);
});

test('the new message has its own document, key, provenance and audit event', async () => {
  const { world, arrive } = setup();
  await arrive('d1', 0, 'Muster');
  await arrive('d2', 40, 'Other');
  const [first, second] = world.documents();
  expect(second).toMatchObject({ key: first?.key, pk: first?.pk, status: 'done', origin: 'd2' });
  expect(second?.id).not.toBe(first?.id);
  expect(world.audit.size).toBe(2);
  expect(world.events.size).toBe(2);
});

test('each use is measured from the one before it', async () => {
  const { world, arrive } = setup();
  expect(await arrive('d1', 0, 'One')).toBe('done');
  expect(await arrive('d2', 40, 'Two')).toBe('done');
  expect(await arrive('d3', 60, 'Three')).toBe('CONTROL_ID_REUSED');
  expect(await arrive('d4', 71, 'Three')).toBe('done');
  expect(world.statuses()).toEqual(['conflict CONTROL_ID_REUSED', 'done', 'done', 'done']);
});

test('the same bytes are a duplicate of their own use, at any time', async () => {
  const { world, arrive } = setup();
  await arrive('d1', 0, 'One');
  await arrive('d2', 40, 'Two');
  expect(await arrive('d3', 41, 'Two')).toBe('duplicate');
  expect(await arrive('d4', 90, 'Two')).toBe('duplicate');
  expect(await arrive('d5', 500, 'One')).toBe('duplicate');
  expect(world.statuses().filter((status) => status === 'done')).toHaveLength(2);
});

test('a redelivery finds what it made, in any order and on another machine', async () => {
  const { world, arrive } = setup();
  const all: [origin: string, day: number, family: string][] = [
    ['d1', 0, 'One'],
    ['d2', 40, 'Two'],
    ['d3', 50, 'Three'],
    ['d4', 80, 'Four'],
  ];
  for (const each of all) await arrive(...each);
  const before = ids(world);
  for (const each of [...all].reverse()) await arrive(...each);
  expect(ids(world)).toEqual(before);

  const other = setup();
  for (const each of all) await other.arrive(...each);
  expect(ids(other.world)).toEqual(before);
});

test('a sender that waits finds its message and its duplicate in the second use', async () => {
  const { world, ports, arrive, on } = setup();
  const deadLetters = { peek: async () => [], take: async () => [] };
  const ingest = createIngest({ ...ports, deadLetters });
  await arrive('d1', 0, 'One');
  const fates: string[] = [];
  for (const day of [40, 41]) {
    world.now = new Date(on(day));
    const sent = await ingest.enqueue(Buffer.from(adt({ family: 'Two' })), {});
    const onFinal = (_sent: unknown, { status }: MessageDocument) => void fates.push(status);
    const pending = await ingest.waitFor(sent, { timeoutMs: 0, onFinal });
    expect(pending).toHaveLength(1);
    await arrive(sent[0]?.origin ?? '', day, 'Two');
    expect(await ingest.waitFor(sent, { timeoutMs: 0, onFinal })).toEqual([]);
  }
  expect(fates).toEqual(['done', 'duplicate']);
});
