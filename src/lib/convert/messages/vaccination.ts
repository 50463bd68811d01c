import type { Immunization, Observation, Reference } from 'fhir/r4';
import { joinKey } from '../identity';
import type { Identified, Scope } from '../scope';
import { readOrc } from '../segments/orc';
import { mapImmunization } from '../segments/rxa';
import { mapFindings } from './findings';
import type { Group } from './grammar';
import type { OrderPatient } from './order-patient';
import type { Events } from './registry';
import { mapResults, type Result } from './results';
import { VXU_V04 } from './structures-orders';
import { mapPatient, mapVisit } from './visit';

/** VXU_V04: the vaccinations of one patient. Returns what the message is about. */
function convertVaccinations(root: Group, scope: Scope): Reference[] {
  const subject = mapPatient(root, scope);
  const visit = mapVisit(root.group('PATIENT_VISIT'), scope, subject);
  mapFindings(root, scope, subject, visit);
  const key = joinKey(subject.patient.id, 'message', scope.messageKey);
  mapResults(root, 'PERSON_OBSERVATION', scope, { subject, visit, key, effective: {} }, undefined);
  const given = root.allGroups('ORDER').map((group) => convertOrder(group, scope, { subject, visit }));
  return [subject.reference, ...given.filter((reference) => reference !== undefined)];
}

/** Observations are of the Immunization; where no vaccine was given (CVX 998) they are of the patient. */
function convertOrder(group: Group, scope: Scope, { subject, visit }: OrderPatient): Reference | undefined {
  const orcSegment = group.first('ORC');
  const orc = orcSegment === undefined ? undefined : readOrc(orcSegment, scope, 'Immunization');
  const [rxa] = group.all('RXA');
  if (rxa === undefined) {
    orc?.reader.keepAll('The order has no RXA: no vaccine to speak of.');
    return undefined;
  }
  for (const timing of group.allGroups('TIMING'))
    for (const segment of [...timing.all('TQ1'), ...timing.all('TQ2')])
      scope.open(segment).keepAll('R4 immunizations have no schedule.');
  const parts = {
    segment: rxa,
    routes: group.all('RXR'),
    notes: group.all('NTE'),
    participations: group.all('PRT'),
  };
  const immunization = mapImmunization(parts, orc, scope, subject, visit);
  const about = immunization?.id ?? joinKey(subject.patient.id, rxa.get(3) ?? scope.messageKey);
  const context = { subject, visit, key: about, effective: {} };
  const results = mapResults(group, 'OBSERVATION', scope, context, undefined);
  if (immunization === undefined) return undefined;
  for (const { observation } of results)
    if (observation !== undefined) observation.partOf = [scope.reference(immunization.id)];
  complete(immunization, results);
  return scope.reference(immunization.id);
}

/** What an Immunization has elements for and v2 sends as observations (CDC guide 1.5, LOINC). */
function complete(immunization: Identified<Immunization>, results: readonly Result[]): void {
  for (const { observation } of results) {
    if (observation === undefined) continue;
    const [code] = observation.code.coding ?? [];
    if (code?.system !== 'http://loinc.org') continue;
    if (code.code === '64994-7') addEligibility(immunization, observation);
    if (code.code === '30963-3' && observation.valueCodeableConcept !== undefined)
      immunization.fundingSource = observation.valueCodeableConcept;
  }
  const education = educationOf(results);
  if (education.length > 0) immunization.education = education;
}

function addEligibility(immunization: Immunization, { valueCodeableConcept: value }: Observation): void {
  if (value !== undefined)
    immunization.programEligibility = [...(immunization.programEligibility ?? []), value];
}

type Education = NonNullable<Immunization['education']>[number];

/** Vaccine information statements: the observations of one OBX-4 tell of one document. */
function educationOf(results: readonly Result[]): Education[] {
  const bySheet = new Map<string, Education>();
  for (const { obx, observation } of results) {
    const code = observation?.code.coding?.find(({ system }) => system === 'http://loinc.org')?.code;
    if (observation === undefined || code === undefined) continue;
    const key = obx.get(4)?.trim() ?? '';
    const sheet = bySheet.get(key) ?? {};
    const { valueDateTime, valueCodeableConcept } = observation;
    if (code === '29768-9' && valueDateTime !== undefined) sheet.publicationDate = valueDateTime;
    else if (code === '29769-7' && valueDateTime !== undefined) sheet.presentationDate = valueDateTime;
    else if (code === '69764-9' && valueCodeableConcept !== undefined)
      sheet.documentType = valueCodeableConcept.coding?.[0]?.code ?? valueCodeableConcept.text ?? '';
    else continue;
    bySheet.set(key, sheet);
  }
  // R4 imm-2: education names the document or where it is.
  return [...bySheet.values()].filter(
    ({ documentType }) => documentType !== undefined && documentType !== '',
  );
}

export const vxu: Events = { V04: { structure: VXU_V04, convert: convertVaccinations } };
