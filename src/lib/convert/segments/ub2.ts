import type { Account, Encounter, Patient } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { declareAsOne, type DeclaredFields } from '../declared';
import type { Identified, Scope } from '../scope';

const kept = { 1: 'Set id: order of segments in the message.' };

const rows: DeclaredFields = {
  2: ['co-insurance-days', 'string'],
  3: ['condition', 'CodeableConcept', '0043'],
  4: ['covered-days', 'string'],
  5: ['non-covered-days', 'string'],
  6: ['value', 'string'],
  7: ['occurrence', 'string'],
  8: ['occurrence-span', 'string'],
  9: ['locator-2', 'string'],
  10: ['locator-11', 'string'],
  11: ['locator-31', 'string'],
  12: ['document-control-number', 'string'],
  13: ['locator-49', 'string'],
  14: ['locator-56', 'string'],
  15: ['locator-57', 'string'],
  16: ['locator-78', 'string'],
  17: ['special-visit-count', 'integer'],
};

/** UB2: what the UB-92 form asks for beside the other segments, by its locators. */
export function mapUb2(
  segment: Hl7Segment,
  scope: Scope,
  about: Identified<Encounter> | Identified<Account> | Identified<Patient>,
): void {
  const ub2 = scope.open(segment, kept);
  ub2.entry = `urn:uuid:${about.id}`;
  declareAsOne(about, about.resourceType, 'ub92', ub2, rows, scope);
}
