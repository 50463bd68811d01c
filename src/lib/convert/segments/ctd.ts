import type { DomainResource, FhirResource } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { licenceNumber } from '../datatypes/pln';
import { declareAsOne, type DeclaredFields } from '../declared';
import type { Identified, Scope } from '../scope';

const rows: DeclaredFields = {
  1: ['role', 'CodeableConcept', '0131'],
  2: ['name', 'HumanName'],
  3: ['address', 'Address'],
  4: ['location', 'Location'],
  5: ['telecom', 'ContactPoint'],
  6: ['preferred-contact-method', 'CodeableConcept', '0185'],
};

/** CTD: whom to ask about a provider, an authorization or a referral. R4 roles have no contacts (R5 has). */
export function mapCtd(
  segment: Hl7Segment,
  scope: Scope,
  about: Identified<FhirResource & DomainResource>,
): void {
  const ctd = scope.open(segment);
  ctd.entry = `urn:uuid:${about.id}`;
  declareAsOne(about, about.resourceType, 'contact', ctd, rows, scope);
  const contact = about.extension?.at(-1);
  for (const field of ctd.all(7, `${about.resourceType}.extension(contact)`)) {
    const valueIdentifier = licenceNumber(field);
    if (valueIdentifier !== undefined) contact?.extension?.push({ url: 'identifier', valueIdentifier });
  }
}
