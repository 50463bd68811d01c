import { randomUUID } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { dataEntity, patientEntity, queryEntity, restKind, type AuditEventInput } from '../src/lib/audit';
import { patientOf, type StoredResource } from '../src/lib/fhir';
import type { Services } from '../src/lib/services';

/**
 * A person looks at patient data: recorded before it is shown (fail closed), as IHE BALP wants it (PatientRead, Read,
 * PatientQuery, Query). Every look is an event of its own, hence the random key.
 */
export async function auditRead(
  services: Services,
  tenantId: string,
  what: string,
  found: StoredResource | undefined,
): Promise<void> {
  const patient = found && patientOf(found);
  await record(services, tenantId, 'read', {
    entities: [
      dataEntity(what, 'domainResource', found?.meta?.versionId),
      ...(patient === undefined ? [] : [patientEntity(`Patient/${patient}`)]),
    ],
    ...(found ? { outcome: '0' } : { outcome: '4', outcomeCode: 'RESOURCE_NOT_FOUND' }),
  });
}

/** The bytes of a message as they came; whom it is about is in the message itself. */
export const auditRawRead = (services: Services, tenantId: string, messageId: string): Promise<void> =>
  record(services, tenantId, 'read', { entities: [dataEntity(`message/${messageId}`, 'job')], outcome: '0' });

/** `query` as it was asked; the patients are those whose records were found, in pages that fit an event. */
export async function auditSearch(
  services: Services,
  tenantId: string,
  query: string,
  found: readonly StoredResource[],
): Promise<void> {
  const patients = [...new Set(found.map(patientOf).filter((id) => id !== undefined))];
  for (let i = 0; i < Math.max(1, patients.length); i += PATIENTS_PER_EVENT) {
    const page = patients.slice(i, i + PATIENTS_PER_EVENT);
    await record(services, tenantId, 'search', {
      entities: [queryEntity(query), ...page.map((id) => patientEntity(`Patient/${id}`))],
      // What was asked for may name the one who was found, and goes with that person's key.
      ...(patients.length === 1 && { subject: `Patient/${patients[0]}` }),
      outcome: '0',
    });
  }
}

const PATIENTS_PER_EVENT = 100;

async function record(
  { audit, config }: Services,
  tenantId: string,
  interaction: 'read' | 'search',
  about: Pick<AuditEventInput, 'entities' | 'outcome' | 'outcomeCode' | 'subject'>,
): Promise<void> {
  const { cosmos } = config.connections;
  const store =
    cosmos.kind === 'identity' ? cosmos.endpoint : /AccountEndpoint=([^;]+)/i.exec(cosmos.value)?.[1];
  await audit.record({
    tenantId,
    source: 'cli',
    sourceKey: randomUUID(),
    occurredAt: new Date().toISOString(),
    ...restKind(interaction, {
      client: { who: 'medrelay/cli', network: hostname() },
      server: { who: 'medrelay/fhir-store', network: store ?? 'urn:medrelay:fhir-store' },
      user: { who: `os-user/${userInfo().username}` },
    }),
    ...about,
  });
}
