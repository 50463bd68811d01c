import { selectProfile, senderProfileSchema } from '../../../src/lib/convert';
import { feedsOf } from '../../../src/lib/ingest/feeds';

const profile = (application: string, silentAfterMinutes?: number, tenant = 'demo') =>
  senderProfileSchema.parse({
    name: application,
    match: { tenant, application, facility: 'GEN' },
    ...(silentAfterMinutes !== undefined && { silentAfterMinutes }),
  });
const profiles = [profile('LAB', 30), profile('ADT'), profile('*', 60), profile('RAD', 90)];
const ports = {
  profiles,
  profileOf: (tenantId: string, { application, facility }: { application: string; facility: string }) =>
    selectProfile(profiles, tenantId, { sendingApplication: application, sendingFacility: facility }),
};
const now = new Date('2026-11-20T12:00:00.000Z');
const count = (application: string, status: string, n: number, lastSeen: string) => ({
  tenantId: 'demo',
  application,
  facility: 'GEN',
  status,
  count: n,
  lastSeen: `2026-11-20T${lastSeen}.000Z`,
});

test('counts are summed by sender, silence is measured by its profile', () => {
  const feeds = feedsOf(
    [
      count('LAB', 'done', 7, '11:00:00'),
      count('LAB', 'rejected', 2, '11:30:00'),
      count('ADT', 'done', 1, '00:00:00'),
      count('NEW', 'done', 3, '10:59:59'),
    ],
    now,
    ports,
  );
  expect(
    feeds.map(({ application, count, rejected, lastSeen, isSilent }) => [
      application,
      count,
      rejected,
      lastSeen?.slice(11, 19) ?? 'never',
      isSilent,
    ]),
  ).toEqual([
    ['ADT', 1, 0, '00:00:00', false],
    ['LAB', 9, 2, '11:30:00', false],
    ['NEW', 3, 0, '10:59:59', true],
    ['RAD', 0, 0, 'never', true],
  ]);
});

test('a feed is silent after its threshold, not at it', () => {
  const silent = (lastSeen: string) => feedsOf([count('LAB', 'done', 1, lastSeen)], now, ports)[0]?.isSilent;
  expect([silent('11:30:00'), silent('11:29:59')]).toEqual([false, true]);
});
