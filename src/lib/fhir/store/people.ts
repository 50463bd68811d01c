import type { Patient } from 'fhir/r4';
import { currentId, patientPartition, type ResourceDocument } from './documents';
import type { ResourceContainer } from './ports';

type LinkType = NonNullable<Patient['link']>[number]['type'];

/**
 * Patients and whom their links lead to, each once. Merges may be repeated and reversed, so links may form a circle;
 * a patient who was seen is not followed again.
 */
export async function followLinks(
  container: ResourceContainer,
  tenantId: string,
  patients: readonly ResourceDocument[],
  types: readonly LinkType[],
): Promise<readonly ResourceDocument[]> {
  const found = new Map(patients.map((patient) => [patient.resource.id, patient]));
  let latest = patients;
  while (latest.length > 0) {
    const ids = new Set(latest.flatMap(({ resource }) => linked(resource, types)));
    const unseen = [...ids].filter((id) => !found.has(id));
    const read = await Promise.all(
      unseen.map((id) => container.read(patientPartition(tenantId, id), [currentId('Patient', id)])),
    );
    latest = read.flat().map(({ document }) => document);
    for (const patient of latest) found.set(patient.resource.id, patient);
  }
  return [...found.values()];
}

function linked(resource: ResourceDocument['resource'], types: readonly LinkType[]): string[] {
  const { link = [] } = resource as Patient;
  return link.flatMap(({ other: { reference }, type }) =>
    types.includes(type) && reference?.startsWith('Patient/') ? reference.slice('Patient/'.length) : [],
  );
}

/**
 * A visit that was stated of two patients before anybody said that they are one is there twice: what was stated last
 * is what it is now.
 */
export function newestOfEach(documents: readonly ResourceDocument[]): ResourceDocument[] {
  const newest = new Map<string, ResourceDocument>();
  for (const document of documents) {
    const id = currentId(document.resourceType, document.resource.id);
    const other = newest.get(id);
    if (other === undefined || Date.parse(other.sourceTime) < Date.parse(document.sourceTime)) {
      newest.set(id, document);
    }
  }
  return [...newest.values()];
}
