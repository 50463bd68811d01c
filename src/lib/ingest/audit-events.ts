import type { AuditEventInput } from '../audit';
import type { MessageDocument } from './types';

const dcm = 'http://dicom.nema.org/resources/ontology/DCM';
const entityType = 'http://terminology.hl7.org/CodeSystem/audit-entity-type';
const objectRole = 'http://terminology.hl7.org/CodeSystem/object-role';
const lifecycle = 'http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle';

/**
 * The one audit event of a message's outcome: an import (DCM 110107). Everything in it comes from the message and its
 * first delivery, so a redelivery records the same event. A replay is a second decision and has its own.
 */
export function outcomeEvent(document: MessageDocument, references: readonly string[] = []): AuditEventInput {
  const { tenantId, id, status, origin, history = [] } = document;
  const isReplayed = history.length > 0;
  return {
    tenantId,
    source: 'hl7Processor',
    sourceKey: isReplayed ? `${id}|${status}|${origin}` : `${id}|${status}`,
    occurredAt: document.enqueuedAt,
    type: { system: dcm, code: '110107', display: 'Import' },
    subtype: [{ system: lifecycle, code: status === 'done' ? 'transform' : 'receive' }],
    action: status === 'done' ? 'C' : 'E',
    outcome: status === 'done' || status === 'duplicate' ? '0' : '8',
    outcomeCode: document.code ?? status.toUpperCase(),
    agents: [
      {
        type: { system: dcm, code: '110152', display: 'Destination Role ID' },
        who: 'medrelay/hl7Processor',
        requestor: false,
      },
    ],
    entities: [
      {
        type: { system: entityType, code: '2' },
        role: { system: objectRole, code: '20' },
        what: `message/${id}`,
      },
      ...references
        .filter((reference) => reference.startsWith('Patient/'))
        .map((what) => ({
          type: { system: entityType, code: '1' },
          role: { system: objectRole, code: '1' },
          what,
        })),
    ],
    ext: {
      rawSha256: document.sha256,
      ...(document.event !== undefined && { event: document.event }),
      ...(status === 'done' && { resources: references.length }),
    },
  };
}
