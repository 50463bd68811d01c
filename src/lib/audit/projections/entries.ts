import { entityType, systems } from '../codes';
import type { AuditDocument } from '../document';
import { dayOf } from '../identity';
import type { Coding } from '../types';

export type ProjectedBy = 'patient' | 'user' | 'day';

/**
 * One line about an event, in the partition of a patient, a user or a day. One document for each event and not a
 * counter: the change feed delivers at least once, and writing the same line twice changes nothing. Never evidence: who
 * wants proof reads the event itself, at `event`.
 */
export interface ProjectionEntry {
  readonly id: string;
  readonly pk: string;
  readonly by: ProjectedBy;
  readonly tenantId: string;
  readonly occurredAt: string;
  readonly type: Coding;
  readonly subtype?: readonly Coding[];
  readonly action: AuditDocument['action'];
  readonly outcome: AuditDocument['outcome'];
  /** Who asked for it. */
  readonly who?: string;
  readonly source: string;
  readonly event: { readonly id: string; readonly pk: string };
}

export function projectionKey(tenantId: string, by: ProjectedBy, key: string): string {
  return `${tenantId}|${by}|${key}`;
}

export function entriesOf(event: AuditDocument): ProjectionEntry[] {
  const { id, pk, tenantId, occurredAt, type, subtype, action, outcome, source, agents, entities } = event;
  const who = agents.find(({ requestor }) => requestor)?.who;
  const patients = entities
    .filter((each) => each.type.system === systems.entityType && each.type.code === entityType.person.code)
    .map(({ what }) => what);
  const line = (by: ProjectedBy, key: string): ProjectionEntry => ({
    id,
    pk: projectionKey(tenantId, by, key),
    by,
    tenantId,
    occurredAt,
    type,
    ...(subtype && { subtype }),
    action,
    outcome,
    ...(who !== undefined && { who }),
    source,
    event: { id, pk },
  });
  return [
    ...[...new Set(patients)].map((patient) => line('patient', patient)),
    ...(who === undefined ? [] : [line('user', who)]),
    line('day', dayOf(occurredAt)),
  ];
}
