import type { Patient, Reference, RelatedPerson } from 'fhir/r4';
import { codeableConcept } from '../datatypes/cwe';
import { relationship } from '../codemaps/patient';
import type { FieldReader } from '../reader';
import type { Identified, Scope } from '../scope';
import type { PatientSubject } from './pid';

/** Somebody whom GT1 or IN1 describes: the patient, or a person related to the patient. */
export type Person = Identified<Patient> | Identified<RelatedPerson>;
type Parts = Pick<RelatedPerson, 'identifier' | 'name' | 'telecom' | 'gender' | 'birthDate' | 'address'>;

/** HL7 table 0063 `SEL`, and how else senders write it. */
const self = new Set(['SEL', 'SELF']);
export const isSelf = (relation: FieldReader | undefined): boolean =>
  self.has(relation?.code(1)?.toUpperCase() ?? '');

/** The patient, or a RelatedPerson of the given id who says how. */
export function personOf(
  relation: FieldReader | undefined,
  id: string,
  scope: Scope,
  { patient, reference }: PatientSubject,
): { person: Person; reference: Reference } {
  const coded = codeableConcept(relation, { table: '0063', map: relationship });
  if (isSelf(relation)) return { person: patient, reference };
  const person: Identified<RelatedPerson> = { resourceType: 'RelatedPerson', id, patient: reference };
  if (coded !== undefined) person.relationship = [coded];
  return { person, reference: scope.add(person) };
}

const known = 'The person is the patient, and PID says who the patient is.';

/** Adds to what is known of the person. Of the patient only gaps are filled: PID is the segment for that. */
export function state<K extends keyof Parts>(
  person: Person,
  element: K,
  value: Parts[K] | undefined,
  fields: readonly FieldReader[],
): void {
  if (value === undefined) return;
  const current: unknown = person[element];
  if (current === undefined) Object.assign(person, { [element]: value });
  else if (Array.isArray(current) && Array.isArray(value) && mayAdd(person, element)) {
    const present = new Set(current.map((part) => JSON.stringify(part)));
    current.push(...value.filter((part) => !present.has(JSON.stringify(part))));
  } else if (JSON.stringify(current) !== JSON.stringify(value)) for (const field of fields) field.keep(known);
}

const mayAdd = (person: Person, element: keyof Parts): boolean =>
  person.resourceType === 'RelatedPerson' || element === 'identifier';
