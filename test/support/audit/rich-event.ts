import type { AuditEventInput } from '../../../src/lib/audit';

const DCM = 'http://dicom.nema.org/resources/ontology/DCM';
const DAY_MS = 24 * 60 * 60 * 1000;

/** An event with every member that there is, so that an attack finds every path. The names are invented. */
export function richEvent(tenantId: string, n: number): AuditEventInput {
  return {
    tenantId,
    source: 'hl7Processor',
    sourceKey: `message-${n}`,
    // Two weeks in one month, in another order than that of sealing.
    occurredAt: new Date(
      Date.parse('2026-03-05T08:30:00Z') + ((n * 7) % 14) * DAY_MS + n * 1000,
    ).toISOString(),
    type: { system: DCM, code: '110107', display: 'Import' },
    subtype: [{ system: 'urn:example:subtype', code: 'create' }],
    action: 'C',
    outcome: '0',
    outcomeCode: 'none',
    purpose: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code: 'TREAT' }],
    agents: [
      {
        type: { system: DCM, code: '110153' },
        who: 'medrelay/hl7Processor',
        requestor: false,
        network: '192.0.2.7',
        name: 'Sender One',
      },
      { who: `user-${n % 9}`, requestor: true },
    ],
    entities: [
      {
        type: { system: 'http://terminology.hl7.org/CodeSystem/audit-entity-type', code: '2' },
        role: { system: 'http://terminology.hl7.org/CodeSystem/object-role', code: '4' },
        what: `Observation/${n}`,
        securityLabels: ['N'],
        version: '1',
      },
    ],
    classification: 'PHI',
    frameworks: ['HIPAA'],
    workflow: { id: `workflow-${n}`, step: 'store' },
    correlationId: `correlation-${n}`,
    phi: { 'patient.name': `DOE^JANE^${n}`, 'patient.birthDate': '1970-01-01' },
    ext: { resources: 12, mode: 'test' },
  };
}
