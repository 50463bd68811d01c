import type { Account, Encounter, Patient } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { declareAsOne, type DeclaredFields } from '../declared';
import type { Identified, Scope } from '../scope';

const rows: DeclaredFields = {
  1: ['time', 'dateTime'],
  2: ['code', 'CodeableConcept', '0050'],
  3: ['location', 'string'],
  4: ['auto-accident-state', 'CodeableConcept', '0347'],
  5: ['job-related', 'CodeableConcept', '0136'],
  6: ['death', 'CodeableConcept', '0136'],
  7: ['entered-by', 'Practitioner'],
  8: ['description', 'string'],
  9: ['brought-in-by', 'string'],
  10: ['police-notified', 'CodeableConcept', '0136'],
  11: ['address', 'Address'],
  12: ['patient-liability', 'decimal'],
  13: ['identifier', 'EntityIdentifier'],
};

/** ACC: the accident behind a visit or an account. R4 has accidents in claims only, and a claim is not sent yet. */
export function mapAcc(
  segment: Hl7Segment,
  scope: Scope,
  about: Identified<Encounter> | Identified<Account> | Identified<Patient>,
): void {
  const acc = scope.open(segment);
  acc.entry = `urn:uuid:${about.id}`;
  declareAsOne(about, about.resourceType, 'accident', acc, rows, scope);
}
