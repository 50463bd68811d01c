import { kinds, securityEntity } from './codes';
import { contentOf, type AuditContent } from './content';
import { canonicalOf, type AuditDocument } from './document';

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
    ...kinds.integrityConflict,
    outcome: '8',
    outcomeCode: 'integrity.conflict',
    agents: [{ who: second.source, requestor: false }],
    entities: [securityEntity(`AuditEvent/${id}`)],
    // Sealed as the second statement itself would have been.
    subject: second.subject,
    classification: second.classification,
    phi: { statement: canonicalOf(second).text },
  });
}
