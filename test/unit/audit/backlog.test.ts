import { createSinkGuards, isDegraded, readBacklog, type AuditBacklog } from '../../../src/lib/audit';

const now = Date.parse('2026-03-05T09:00:00Z');
const empty = { count: 0 };
const well: AuditBacklog = {
  queued: empty,
  deadLettered: empty,
  journaled: empty,
  breakers: { store: 'closed', queue: 'closed', journal: 'closed' },
};

it.each<[string, Partial<AuditBacklog>, boolean]>([
  ['nothing waits', {}, false],
  ['the queue is at work', { queued: { count: 40, oldest: '2026-03-05T08:59:30Z' } }, false],
  ['the queue is not emptied', { queued: { count: 1, oldest: '2026-03-05T08:58:30Z' } }, true],
  ['the journal is not emptied', { journaled: { count: 1, oldest: '2026-03-05T08:58:30Z' } }, true],
  ['a dead letter waits for a person', { deadLettered: { count: 1, oldest: '2026-03-05T08:59:00Z' } }, true],
  ['a place cannot be asked', { journaled: 'unknown' }, true],
  ['a breaker is open', { breakers: { ...well.breakers, store: 'open' } }, true],
])('degraded when %s: %#', (_, overrides, expected) => {
  expect(isDegraded({ ...well, ...overrides }, now)).toBe(expected);
});

it('does not take a place that cannot be asked for an empty one', async () => {
  const away = () => Promise.reject(new Error('away'));
  const source = { queued: away, deadLettered: away, journaled: () => Promise.resolve({ count: 3 }) };
  const guards = createSinkGuards(() => ({ kind: 'unavailable' }));
  expect(await readBacklog(source, guards, 10)).toEqual({
    ...well,
    queued: 'unknown',
    deadLettered: 'unknown',
    journaled: { count: 3 },
  });
});

it('does not wait for a place that does not answer', async () => {
  const silent = () => new Promise<never>(() => undefined);
  const source = { queued: silent, deadLettered: silent, journaled: () => Promise.resolve({ count: 3 }) };
  const reading = readBacklog(
    source,
    createSinkGuards(() => ({ kind: 'unavailable' })),
    10,
  );
  expect(await reading).toEqual({
    ...well,
    queued: 'unknown',
    deadLettered: 'unknown',
    journaled: { count: 3 },
  });
});
