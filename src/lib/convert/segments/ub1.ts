import type { Account, Encounter, Patient } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { declareAsOne, type DeclaredFields } from '../declared';
import type { Identified, Scope } from '../scope';

const kept = { 1: 'Set id: order of segments in the message.' };

const rows: DeclaredFields = {
  2: ['blood-deductible', 'string'],
  3: ['blood-furnished-pints', 'string'],
  4: ['blood-replaced-pints', 'string'],
  5: ['blood-not-replaced-pints', 'string'],
  6: ['co-insurance-days', 'string'],
  7: ['condition', 'string'],
  8: ['covered-days', 'string'],
  9: ['non-covered-days', 'string'],
  10: ['value', 'string'],
  11: ['grace-days', 'string'],
  12: ['special-program', 'string'],
  13: ['approval', 'string'],
  14: ['approved-stay-from', 'date'],
  15: ['approved-stay-to', 'date'],
  16: ['occurrence', 'string'],
  17: ['occurrence-span', 'string'],
  18: ['occurrence-span-start', 'date'],
  19: ['occurrence-span-end', 'date'],
  20: ['locator-2', 'string'],
  21: ['locator-9', 'string'],
  22: ['locator-27', 'string'],
  23: ['locator-45', 'string'],
};

/** UB1: what the UB-82 form asks for beside the other segments, by its locators. */
export function mapUb1(
  segment: Hl7Segment,
  scope: Scope,
  about: Identified<Encounter> | Identified<Account> | Identified<Patient>,
): void {
  const ub1 = scope.open(segment, kept);
  ub1.entry = `urn:uuid:${about.id}`;
  declareAsOne(about, about.resourceType, 'ub82', ub1, rows, scope);
}
