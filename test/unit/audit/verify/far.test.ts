import { createFindings } from '../../../../src/lib/audit/verify/findings';
import { readSegments } from '../../../../src/lib/audit/verify/segments';

test('a made-up segment far beyond the tree is told, and nothing grows up to it', async () => {
  const firstIndex = 999_999_999_999;
  const leaves = [{ id: 'x', day: '20260101', hash: 'a'.repeat(64) }];
  const segment = {
    ...{ id: `seg-${firstIndex}`, pk: 'a|2026', kind: 'segment', v: 1, firstIndex, batch: 1, leaves },
    sealedAt: '2026-01-01T00:00:00.000Z',
  };
  const pages = (async function* () {
    yield await Promise.resolve([segment]);
  })();
  const findings = createFindings();
  const log = { year: '2026', pk: 'a|2026', size: 0, storedSize: 0 };
  expect((await readSegments(pages, log, findings)).leaves.length).toBe(0);
  expect(findings.list()).toEqual([{ check: 'segments', verdict: 'extra', ids: [`2026/seg-${firstIndex}`] }]);
});
