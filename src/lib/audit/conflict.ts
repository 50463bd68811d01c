import { contentOf, type AuditContent } from './content';
import { canonicalOf, type AuditDocument } from './document';

const DCM = 'http://dicom.nema.org/resources/ontology/DCM';
const OWN = 'urn:medrelay:audit-event-type';
const ENTITY_TYPE = 'http://terminology.hl7.org/CodeSystem/audit-entity-type';
const OBJECT_ROLE = 'http://terminology.hl7.org/CodeSystem/object-role';

/**
 * Two different statements under one event id: the first stays as it is, and this event keeps the second one whole
 * (encrypted), so that neither is lost. Its key holds the second one's `sourceMac`: each different statement is
 * reported once, however often it is delivered.
 */
export function conflictContent(second: AuditContent, { id, sourceMac }: AuditDocument): AuditContent {
  return contentOf({
    tenantId: second.tenantId,
    source: 'audit',
    sourceKey: `integrity.conflict/${id}/${sourceMac.val}`,
    occurredAt: second.occurredAt,
    type: { system: DCM, code: '110113', display: 'Security Alert' },
    subtype: [{ system: OWN, code: 'integrity.conflict' }],
    action: 'E',
    outcome: '8',
    outcomeCode: 'integrity.conflict',
    agents: [{ who: second.source, requestor: false }],
    entities: [
      {
        type: { system: ENTITY_TYPE, code: '2', display: 'System Object' },
        role: { system: OBJECT_ROLE, code: '13', display: 'Security Resource' },
        what: `AuditEvent/${id}`,
      },
    ],
    // Sealed as the second statement itself would have been.
    subject: second.subject,
    classification: second.classification,
    phi: { statement: canonicalOf(second).text },
  });
}
