import type { SenderProfile } from '../convert';
import type { FeedCount, IngestPorts, SendingSystem } from './ports';

/** One sender of one tenant, by whatever door it came. */
export interface Feed extends SendingSystem {
  readonly tenantId: string;
  /** Within the time looked at, with duplicates and conflicts. */
  readonly count: number;
  readonly rejected: number;
  /** Absent where nothing came within the time looked at. */
  readonly lastSeen?: string;
  /** From the sender's profile. */
  readonly silentAfterMinutes?: number;
  readonly isSilent: boolean;
}

/** A longer look costs more and says no more: what has been silent for a month is silent. */
const feedDays = 31;
const minute = 60_000;

type Ports = Pick<IngestPorts, 'messages' | 'clock' | 'profileOf' | 'profiles'>;

/** Every sender that was heard of lately, and those whose profile says that they should have been. */
export async function listFeeds(ports: Ports): Promise<readonly Feed[]> {
  const now = ports.clock.now();
  const since = new Date(now.getTime() - feedDays * 24 * 60 * minute).toISOString();
  return feedsOf(await ports.messages.countFeeds(since), now, ports);
}

export function feedsOf(
  counts: readonly FeedCount[],
  now: Date,
  { profileOf, profiles }: Pick<Ports, 'profileOf' | 'profiles'>,
): readonly Feed[] {
  const feeds = new Map<string, Omit<Feed, 'isSilent' | 'silentAfterMinutes'>>();
  for (const { tenantId, application, facility, status, count, lastSeen } of [
    ...profiles.flatMap(expected),
    ...counts,
  ]) {
    const name = JSON.stringify([tenantId, application, facility]);
    const feed = feeds.get(name) ?? { tenantId, application, facility, count: 0, rejected: 0 };
    const last = [feed.lastSeen, lastSeen]
      .filter((time) => time !== undefined && time !== '')
      .sort()
      .at(-1);
    feeds.set(name, {
      ...feed,
      count: feed.count + count,
      rejected: feed.rejected + (status === 'rejected' ? count : 0),
      ...(last !== undefined && { lastSeen: last }),
    });
  }
  return [...feeds.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, feed]) => {
      const { silentAfterMinutes } = profileOf(feed.tenantId, feed);
      if (silentAfterMinutes === undefined) return { ...feed, isSilent: false };
      const isSilent =
        feed.lastSeen === undefined ||
        now.getTime() - Date.parse(feed.lastSeen) > silentAfterMinutes * minute;
      return { ...feed, silentAfterMinutes, isSilent };
    });
}

/** A sender that its profile names exactly is missed also when it was never heard of. */
function expected({ match, silentAfterMinutes }: SenderProfile): FeedCount[] {
  const { tenant, application, facility } = match;
  if (silentAfterMinutes === undefined || [tenant, application, facility].includes('*')) return [];
  return [{ tenantId: tenant, application, facility, status: '', count: 0, lastSeen: '' }];
}
