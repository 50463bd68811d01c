import { MedrelayError } from '../errors';
import type { FieldCipher } from '../security';
import { canonicalJson } from './canonical';
import { kinds, securityEntity } from './codes';
import { contentOf, type AuditContent, type Statement } from './content';
import { canonicalOf, openDocument, statementOf, type AuditDocument } from './document';

const OUTCOME_CODE = 'integrity.conflict';

/**
 * Two different statements under one event id: the first stays as it is, and this event keeps the second one whole
 * (encrypted), so that neither is lost. Its key holds the second one's `sourceMac`: each different statement is
 * reported once, however often it is delivered.
 */
export function conflictContent(second: AuditContent, document: AuditDocument): AuditContent {
  // Sealed as the second statement itself would have been.
  return reportOn(document, canonicalOf(second).text, second.subject);
}

/** The same for a statement that comes sealed, from the queue or the journal. */
export async function sealedConflictContent(
  cipher: FieldCipher,
  document: AuditDocument,
): Promise<AuditContent> {
  try {
    return conflictContent(await openDocument(cipher, document), document);
  } catch (error) {
    if (!(error instanceof MedrelayError && error.code === 'SHREDDED')) throw error;
    // The ciphertexts as they are, and not under the person's keys: what is sealed with those now opens for nobody.
    return reportOn(document, canonicalJson(statementOf(document)), undefined);
  }
}

/**
 * The id of a report names the statement that it reports. One made after the person was shredded keeps ciphertexts where
 * one made before keeps their text; these two do not conflict in their turn.
 */
export const isConflictReport = ({ source, outcomeCode }: Statement): boolean =>
  source === 'audit' && outcomeCode === OUTCOME_CODE;

function reportOn(second: AuditDocument, statement: string, subject: string | undefined): AuditContent {
  const { tenantId, id, occurredAt, source, classification, sourceMac } = second;
  return contentOf({
    tenantId,
    source: 'audit',
    sourceKey: `integrity.conflict/${id}/${sourceMac.val}`,
    occurredAt,
    ...kinds.integrityConflict,
    outcome: '8',
    outcomeCode: OUTCOME_CODE,
    agents: [{ who: source, requestor: false }],
    entities: [securityEntity(`AuditEvent/${id}`)],
    subject,
    classification,
    phi: { statement },
  });
}
