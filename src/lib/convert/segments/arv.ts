import type { Encounter, Patient } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { declareAsOne, type DeclaredFields } from '../declared';
import type { Identified, Scope } from '../scope';

const kept = {
  1: 'Set id: order of segments in the message.',
  2: 'Action code: how a receiver should apply the segment.',
};

const rows: DeclaredFields = {
  3: ['value', 'CodeableConcept', '0717'],
  4: ['reason', 'CodeableConcept', '0719'],
  5: ['instructions', 'string'],
  6: ['period', 'Period'],
};

/**
 * ARV: what of the patient's or the visit's record is restricted, why and until when. A security label would say that
 * the whole resource is, which ARV does not.
 */
export function mapArv(
  segment: Hl7Segment,
  scope: Scope,
  about: Identified<Patient> | Identified<Encounter>,
): void {
  const arv = scope.open(segment, kept);
  if (arv.code(2, 'action')?.toUpperCase() === 'D') {
    arv.keepAll('The sender withdraws this access restriction.');
    return;
  }
  arv.first(2, 'action')?.keep(kept[2]);
  arv.entry = `urn:uuid:${about.id}`;
  declareAsOne(about, about.resourceType, 'access-restriction', arv, rows, scope);
}
