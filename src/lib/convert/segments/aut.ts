import type { DomainResource } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { declareAsOne, type DeclaredFields } from '../declared';
import type { Identified, Scope } from '../scope';
import type { FhirResource } from 'fhir/r4';

const kept = { 29: 'Action code: how a receiver should apply the segment.' };

const rows: DeclaredFields = {
  1: ['plan', 'CodeableConcept', '0072'],
  2: ['company-identifier', 'CodeableConcept', '0285'],
  3: ['company-name', 'string'],
  4: ['effective', 'dateTime'],
  5: ['expiration', 'dateTime'],
  6: ['number', 'EntityIdentifier'],
  7: ['reimbursement-limit', 'Money'],
  8: ['requested-treatments', 'Quantity'],
  9: ['authorized-treatments', 'Quantity'],
  10: ['processed', 'dateTime'],
  11: ['requested-discipline', 'CodeableConcept', '0522'],
  12: ['authorized-discipline', 'CodeableConcept', '0546'],
  28: ['comment', 'string'],
};

/** AUT: the payer's authorization of a coverage or of a referral. */
export function mapAut(
  segment: Hl7Segment,
  scope: Scope,
  resource: Identified<FhirResource & DomainResource> | undefined,
): void {
  const aut = scope.open(segment, kept);
  if (resource === undefined) {
    aut.keepAll('AUT authorizes a coverage or a referral, and the message makes neither.');
    return;
  }
  aut.entry = `urn:uuid:${resource.id}`;
  declareAsOne(resource, resource.resourceType, 'authorization', aut, rows, scope);
}
