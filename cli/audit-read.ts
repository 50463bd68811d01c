import { randomUUID } from 'node:crypto';
import { userInfo } from 'node:os';
import type { Services } from '../src/lib/services';

/**
 * A person looks at patient data: recorded before it is shown (fail closed). Every look is an event of its own, hence
 * the random key. Codes: FHIR R4 restful-interaction `read`, agent IRCP (v3 ParticipationType), object role 4.
 */
export async function auditRead(
  { audit }: Services,
  tenantId: string,
  what: readonly string[],
): Promise<void> {
  await audit.record({
    tenantId,
    source: 'cli',
    sourceKey: randomUUID(),
    occurredAt: new Date().toISOString(),
    type: { system: 'http://terminology.hl7.org/CodeSystem/audit-event-type', code: 'rest' },
    subtype: [{ system: 'http://hl7.org/fhir/restful-interaction', code: 'read' }],
    action: 'R',
    outcome: '0',
    agents: [
      {
        type: { system: 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType', code: 'IRCP' },
        who: `os-user/${userInfo().username}`,
        requestor: true,
      },
    ],
    entities: what.map((reference) => ({
      type: { system: 'http://terminology.hl7.org/CodeSystem/audit-entity-type', code: '2' },
      role: { system: 'http://terminology.hl7.org/CodeSystem/object-role', code: '4' },
      what: reference,
    })),
  });
}
