import { createProjections, type AuditDocument, type ProjectionEntry } from '../../../../src/lib/audit';
import { dataEntity, patientEntity } from '../../../../src/lib/audit/codes';
import { stored } from '../fhir/stored';

function world(events: readonly AuditDocument[] = []) {
  const lines = new Map<string, ProjectionEntry>();
  let isAway = false;
  const projections = createProjections(
    {
      async put(entry) {
        if (isAway) throw new Error('away');
        lines.set(`${entry.pk}/${entry.id}`, entry);
      },
      list: async () => [],
    },
    {
      page: async (partitions) => events.filter(({ pk }) => partitions.includes(pk)),
      find: async () => undefined,
    },
  );
  return { lines, projections, setAway: (value: boolean) => void (isAway = value) };
}

const search = (more = {}) =>
  stored({
    agents: [
      { who: 'user/ann', requestor: true },
      { who: 'medrelay/test', requestor: false },
    ],
    entities: [
      dataEntity('message/1', 'job'),
      ...['a', 'b', 'a'].map((id) => patientEntity(`Patient/${id}`)),
    ],
    phi: { note: 'CANARY' },
    ...more,
  });

test('an event is one line for each patient, for who asked, and for its day; delivered again it is the same', async () => {
  const { lines, projections } = world();
  const event = await search();
  for (let n = 0; n < 3; n++)
    expect(await projections.project([event])).toEqual({ projected: 1, skipped: 0 });
  expect([...lines.values()].map(({ pk }) => pk)).toEqual([
    'north|patient|Patient/a',
    'north|patient|Patient/b',
    'north|user|user/ann',
    'north|day|20260305',
  ]);
  expect(JSON.stringify([...lines.values()])).not.toMatch(/CANARY|"ct"/);
});

test('what is no event is skipped; while the store is away the batch comes again', async () => {
  const { lines, projections, setAway } = world();
  const batch = [{ not: 'an event' }, await search(), 7, null, { ...(await search()), entities: 'x' }];
  setAway(true);
  await expect(projections.project(batch)).rejects.toThrow('away');
  setAway(false);
  expect(await projections.project(batch)).toEqual({ projected: 1, skipped: 4 });
  expect(lines.size).toBe(4);
});

test('rebuilt from the events they are what they were', async () => {
  const events = [
    await search(),
    await search({ sourceKey: 'other', occurredAt: '2026-03-07T23:59:59.999Z' }),
  ];
  const [fed, rebuilt] = [world(), world(events)];
  await fed.projections.project(events);
  expect(await rebuilt.projections.rebuild('north', '2026-03-05T00:00:00Z', '2026-03-08T00:00:00Z')).toEqual({
    projected: 2,
  });
  expect(rebuilt.lines).toEqual(fed.lines);
});
