import { createAudit, type AuditDocument } from '../../../../src/lib/audit';
import { countAll, readPage } from '../../../../src/lib/audit/query/page';
import { parseQuery } from '../../../../src/lib/audit/query/query';
import { createWorld, event } from '../fakes';

const now = new Date('2026-03-06T00:00:00Z');
const asked = (text: string) => parseQuery(new URLSearchParams(text), now);

test('a document without the form of an event hides no other', async () => {
  const world = createWorld();
  await createAudit(world).record(event());
  const [right] = world.stored.values();
  if (!right) throw new Error('Nothing was stored');
  const strange = { id: 'x', pk: right.pk, occurredAt: right.occurredAt } as AuditDocument;
  const reader = { page: async () => [strange, right], find: async () => undefined };
  const day = `date=${right.occurredAt.slice(0, 10)}`;
  for (const question of [day, `${day}&_sort=agent`]) {
    const { hits } = await readPage(reader, right.tenantId, asked(question), 'view');
    expect(hits.map(({ document }) => document.id)).toEqual([right.id]);
  }
  expect(await countAll(reader, right.tenantId, asked(`${day}&_summary=count`), 'document')).toBe(1);
});

test('one request asks the store for ten years at the most', async () => {
  let pages = 0;
  const reader = {
    page: () => ((pages += 1), Promise.resolve([])),
    find: async () => undefined,
  };
  const tooLarge = { code: 'AUDIT_RANGE_TOO_LARGE' };
  await expect(countAll(reader, 'north', asked('date=ge0001-01-01'), 'view')).rejects.toMatchObject(tooLarge);
  const sorted = readPage(reader, 'north', asked('date=ge0001-01-01&_sort=agent'), 'view');
  await expect(sorted).rejects.toMatchObject(tooLarge);
  expect(pages).toBeLessThan(8_000);
});
