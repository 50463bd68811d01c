import { randomUUID } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import {
  auditedFhirOperation,
  dataEntity,
  patientEntity,
  queryEntity,
  restKind,
  type AuditEntity,
  type Done,
  type FhirOperation,
} from '../src/lib/audit';
import { patientOf, type StoredResource } from '../src/lib/fhir';
import type { Services } from '../src/lib/services';

/**
 * A person looks at patient data: the attempt is recorded before it is read, and what was seen before it is shown (fail
 * closed), as IHE BALP wants it (PatientRead, Read, PatientQuery, Query).
 */
export function auditedRead(
  services: Services,
  tenantId: string,
  what: string,
  read: () => Promise<StoredResource | undefined>,
): Promise<StoredResource | undefined> {
  return operate(services, tenantId, 'read', dataEntity(what), async () => {
    const result = await read();
    if (!result) return { result, refusal: 'RESOURCE_NOT_FOUND' };
    const patient = patientOf(result);
    const data = dataEntity(what, 'domainResource', result.meta?.versionId);
    return {
      result,
      about: [{ entities: [data, ...(patient === undefined ? [] : [patientEntity(`Patient/${patient}`)])] }],
    };
  });
}

/** `query` as it was asked; the patients are those whose records were found. */
export function auditedSearch(
  services: Services,
  tenantId: string,
  query: string,
  search: () => Promise<readonly StoredResource[]>,
): Promise<readonly StoredResource[]> {
  return operate(services, tenantId, 'search', queryEntity(query), async () => {
    const result = await search();
    const patients = [...new Set(result.map(patientOf).filter((id) => id !== undefined))];
    const pages = Array.from(
      { length: Math.max(1, Math.ceil(patients.length / PATIENTS_PER_EVENT)) },
      (_, n) => patients.slice(n * PATIENTS_PER_EVENT, (n + 1) * PATIENTS_PER_EVENT),
    );
    return {
      result,
      about: pages.map((page) => ({
        entities: [queryEntity(query), ...page.map((id) => patientEntity(`Patient/${id}`))],
        // What was asked for may name the one who was found, and goes with that person's key.
        ...(patients.length === 1 && { subject: `Patient/${patients[0]}` }),
      })),
    };
  });
}

const PATIENTS_PER_EVENT = 100;

/** The bytes of a message as they came; whom it is about is in the message itself. */
export async function auditRawRead(services: Services, tenantId: string, messageId: string): Promise<void> {
  await services.audit.record({
    tenantId,
    source: 'cli',
    // Every look is an event of its own.
    sourceKey: randomUUID(),
    occurredAt: new Date().toISOString(),
    outcome: '0',
    ...restKind('read', partiesOf(services)),
    entities: [dataEntity(`message/${messageId}`, 'job')],
  });
}

const operate = <T>(
  services: Services,
  tenantId: string,
  interaction: 'read' | 'search',
  asked: AuditEntity,
  work: () => Promise<Done<T>>,
): Promise<T> =>
  auditedFhirOperation(
    services.audit,
    { tenantId, source: 'cli', interaction, parties: partiesOf(services), entities: [asked] },
    work,
  );

function partiesOf({ config }: Services): FhirOperation['parties'] {
  const { cosmos } = config.connections;
  const store =
    cosmos.kind === 'identity' ? cosmos.endpoint : /AccountEndpoint=([^;]+)/i.exec(cosmos.value)?.[1];
  return {
    client: { who: 'medrelay/cli', network: hostname() },
    server: { who: 'medrelay/fhir-store', network: store ?? 'urn:medrelay:fhir-store' },
    user: { who: `os-user/${userInfo().username}` },
  };
}
