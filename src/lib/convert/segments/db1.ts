import type { Hl7Segment } from '../../hl7';
import { declareAsOne, type DeclaredFields } from '../declared';
import type { Scope } from '../scope';
import type { PatientSubject } from './pid';

const kept = { 1: 'Set id: order of segments in the message.' };

const rows: DeclaredFields = {
  2: ['person', 'CodeableConcept', '0334'],
  3: ['identifier', 'Identifier'],
  4: ['disabled', 'boolean'],
  5: ['start', 'date'],
  6: ['end', 'date'],
  7: ['return-to-work', 'date'],
  8: ['unable-to-work', 'date'],
};

/**
 * DB1: a disability of the patient, the insured or the guarantor (DB1-2 says of whom). It tells dates and whether, not
 * what, so it is no Condition; it is a fact of the patient's file.
 */
export function mapDb1(segment: Hl7Segment, scope: Scope, { patient, reference }: PatientSubject): void {
  const db1 = scope.open(segment, kept);
  db1.entry = reference.reference;
  declareAsOne(patient, 'Patient', 'disability', db1, rows, scope);
}
