import type { AllergyIntolerance, CodeableConcept } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { allergenCategory, allergyType, criticality, reactionSeverity } from '../codemaps/allergies';
import { terminology } from '../codemaps/table';
import { codeableConcept } from '../datatypes/cwe';
import { dateTime } from '../datatypes/dtm';
import { declare } from '../declared';
import { absentReason } from '../extensions';
import { codeKey } from '../keys';
import type { FieldReader } from '../reader';
import type { Identified, Scope } from '../scope';
import { each, set } from '../set';
import type { PatientSubject } from './pid';

const kept = { 1: 'Set id: order of segments in the message.' };

/** AL1: an allergy the patient has now; R4 ait-1 wants the clinical status, which the guide sets to active. */
export function mapAl1(segment: Hl7Segment, scope: Scope, { patient, reference }: PatientSubject): void {
  const al1 = scope.open(segment, kept);
  const code = codeableConcept(al1.first(3, 'AllergyIntolerance.code'));
  const kind = al1.code(2, 'AllergyIntolerance.category');
  const allergy = {
    resourceType: 'AllergyIntolerance',
    id: scope.id(
      'AllergyIntolerance',
      patient.id,
      ...(code === undefined ? [kind ?? '', scope.messageKey, al1.location] : codeKey(code)),
    ),
    clinicalStatus: { coding: [{ system: `${terminology}/allergyintolerance-clinical`, code: 'active' }] },
  } as Identified<AllergyIntolerance>;
  al1.entry = `urn:uuid:${allergy.id}`;
  set(allergy, 'type', allergyType(kind));
  const category = allergenCategory(kind);
  if (category !== undefined) allergy.category = [category];
  // Other than the miscellaneous ones, which are allergies or contraindications, it is a word of the sender's own.
  else if (kind !== 'MA' && kind !== 'MC')
    declare(allergy, 'AllergyIntolerance', al1, { 2: ['allergen-type', 'CodeableConcept', '0127'] }, scope);
  const severity = al1.code(4, 'AllergyIntolerance.reaction.severity');
  const manifestation = each(al1.all(5, 'AllergyIntolerance.reaction.manifestation'), reaction);
  if (manifestation === undefined) set(allergy, 'criticality', criticality(severity));
  if (code === undefined) allergy.code = absentReason('unknown');
  else allergy.code = code;
  allergy.patient = reference;
  set(allergy, 'onsetDateTime', dateTime(al1.first(6, 'AllergyIntolerance.onset')));
  if (manifestation !== undefined) {
    const severe = reactionSeverity(severity);
    allergy.reaction = [severe === undefined ? { manifestation } : { manifestation, severity: severe }];
  }
  scope.add(allergy);
}

/** AL1-5 is a text (ST); some send a code with its text all the same. */
export function reaction(field: FieldReader): CodeableConcept | undefined {
  if (field.repetition.componentCount > 1) return codeableConcept(field);
  const text = field.get(1);
  return text === undefined ? undefined : { text };
}
