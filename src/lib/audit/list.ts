import { MedrelayError } from '../errors';
import type { AuditDocument } from './document';
import { dayOf, partitionsOfDay } from './identity';
import type { EventStore } from './ports';

export interface AuditRange {
  /** ISO 8601 UTC; `from` is included, `to` is not. */
  readonly from: string;
  readonly to: string;
  readonly limit: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * A tenant's events by time of occurrence, newest first; `phi` stays sealed. It asks the tenant's own partitions
 * day by day, so no query ever touches another tenant's.
 */
export async function listAuditEvents(
  store: Pick<EventStore, 'list'>,
  tenantId: string,
  { from, to, limit }: AuditRange,
): Promise<AuditDocument[]> {
  const [start, end] = [Date.parse(from), Date.parse(to)];
  if (Number.isNaN(start) || Number.isNaN(end)) {
    throw new MedrelayError('AUDIT_RANGE_INVALID', 'from and to are instants such as 2026-03-01T00:00:00Z.');
  }
  const bounds = [new Date(start).toISOString(), new Date(end).toISOString()] as const;
  const events: AuditDocument[] = [];
  const midnight = (time: number): number => Math.floor(time / DAY_MS) * DAY_MS;
  for (let day = midnight(end - 1); day >= midnight(start) && events.length < limit; day -= DAY_MS) {
    const partitions = partitionsOfDay(tenantId, dayOf(new Date(day).toISOString()));
    events.push(...(await store.list(partitions, ...bounds, limit - events.length)));
  }
  return events;
}
