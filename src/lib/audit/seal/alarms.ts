import type { AuditEventInput } from '../types';
import type { BatchDocument, RefusedEvent } from './documents';

const DCM = 'http://dicom.nema.org/resources/ontology/DCM';
const OWN = 'urn:medrelay:audit-event-type';
const ENTITY_TYPE = 'http://terminology.hl7.org/CodeSystem/audit-entity-type';
const OBJECT_ROLE = 'http://terminology.hl7.org/CodeSystem/object-role';

/** More names would not help anybody; verification names all of them. */
const MOST_NAMED = 50;

/** Events that are not as we wrote them. One alarm for a tenant's part of a batch, however often that is sealed. */
export function refusedAlarm(
  { n, at }: BatchDocument,
  tenantId: string,
  owner: string,
  refused: readonly RefusedEvent[],
): AuditEventInput {
  const count = (why: RefusedEvent['why']): number => refused.filter((each) => each.why === why).length;
  return alarm(owner, 'integrity.refused', `batch-${n}/${tenantId}`, at, {
    what: refused.map((each) => `AuditEvent/${each.id}`),
    counts: { modified: count('modified'), forged: count('forged'), keyUnknown: count('key-unknown') },
  });
}

/** Events that came back with another content, rightly signed, after they were sealed. */
export function replacedAlarm(
  { n, at }: BatchDocument,
  tenantId: string,
  ids: readonly string[],
): AuditEventInput {
  return alarm(tenantId, 'integrity.replaced', `batch-${n}`, at, {
    what: ids.map((id) => `AuditEvent/${id}`),
    counts: { replaced: ids.length },
  });
}

/** The log is not what was published of it. Told again each day while it lasts. */
export function logAlarm(
  tenantId: string,
  code: 'integrity.rollback' | 'integrity.log',
  what: string,
  now: number,
): AuditEventInput {
  const today = `${new Date(now).toISOString().slice(0, 10)}T00:00:00.000Z`;
  return alarm(tenantId, code, `${what}/${today}`, today, { what: [what] });
}

function alarm(
  tenantId: string,
  code: string,
  key: string,
  occurredAt: string,
  { what, counts }: { readonly what: readonly string[]; readonly counts?: Readonly<Record<string, number>> },
): AuditEventInput {
  return {
    tenantId,
    source: 'auditSealer',
    sourceKey: `${code}/${key}`,
    occurredAt,
    type: { system: DCM, code: '110113', display: 'Security Alert' },
    subtype: [{ system: OWN, code }],
    action: 'E',
    outcome: '8',
    outcomeCode: code,
    agents: [{ who: 'medrelay/auditSealer', requestor: false }],
    entities: what.slice(0, MOST_NAMED).map((each) => ({
      type: { system: ENTITY_TYPE, code: '2', display: 'System Object' },
      role: { system: OBJECT_ROLE, code: '13', display: 'Security Resource' },
      what: each,
    })),
    ext: counts,
  };
}
