import { dataEntity, kinds, lifecycle, patientEntity, restKind, type AuditEventInput } from '../audit';
import type { MessageDocument } from './types';

/**
 * The one audit event of a message's outcome: an import (DCM 110107) by its sender. Everything in it comes from the
 * message and its first delivery, so a redelivery, perhaps to another instance, records the same event; hence logical
 * addresses and no host's own. A replay is a second decision and has its own event.
 *
 * Where resources were stored it is a RESTful interaction too, `update`: every entry of the Bundle is a PUT. Read as
 * FHIR it is therefore also one IHE BALP PatientUpdate for each patient, whose datum is the message's transaction.
 */
export function outcomeEvent(document: MessageDocument, references: readonly string[] = []): AuditEventInput {
  const { tenantId, id, status, origin, sender, history = [] } = document;
  const isReplayed = history.length > 0;
  const isDone = status === 'done';
  const { agents, subtype } = restKind('update', {
    client: {
      who: sender ? `sender/${sender.application}|${sender.facility}` : 'sender/unknown',
      network: 'urn:medrelay:queue:hl7-messages',
    },
    server: { who: 'medrelay/hl7Processor', network: 'urn:medrelay:function:hl7Processor' },
  });
  return {
    tenantId,
    source: 'hl7Processor',
    sourceKey: isReplayed ? `${id}|${status}|${origin}` : `${id}|${status}`,
    occurredAt: document.enqueuedAt,
    type: kinds.import.type,
    subtype: isDone ? [lifecycle.transform, ...(subtype ?? [])] : kinds.import.subtype,
    action: isDone ? kinds.import.action : 'E',
    outcome: isDone || status === 'duplicate' ? '0' : '8',
    outcomeCode: document.code ?? status.toUpperCase(),
    agents,
    entities: [
      dataEntity(`message/${id}`, 'job'),
      ...references.filter((reference) => reference.startsWith('Patient/')).map(patientEntity),
    ],
    workflow: { id, step: status },
    ext: {
      rawSha256: document.sha256,
      ...(document.event !== undefined && { event: document.event }),
      ...(isDone && { resources: references.length }),
    },
  };
}
