import type { Account, Encounter, Patient } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { declareAsOne, type DeclaredFields } from '../declared';
import type { Identified, Scope } from '../scope';

const rows: DeclaredFields = {
  1: ['group', 'CodeableConcept', '0055'],
  2: ['assigned', 'dateTime'],
  3: ['approval', 'boolean'],
  4: ['grouper-review', 'CodeableConcept', '0056'],
  5: ['outlier-type', 'CodeableConcept', '0083'],
  6: ['outlier-days', 'decimal'],
  7: ['outlier-cost', 'Money'],
  8: ['payor', 'CodeableConcept', '0229'],
  9: ['outlier-reimbursement', 'Money'],
  10: ['confidential', 'boolean'],
  11: ['transfer-type', 'CodeableConcept', '0415'],
  12: ['coder', 'HumanName'],
  13: ['grouper-status', 'CodeableConcept', '0734'],
  14: ['complexity-level', 'CodeableConcept', '0728'],
  15: ['effective-weight', 'decimal'],
  16: ['amount', 'Money'],
  17: ['status-patient', 'CodeableConcept', '0739'],
  18: ['grouper-software', 'string'],
  19: ['grouper-software-version', 'string'],
  20: ['status-financial-calculation', 'CodeableConcept', '0742'],
  21: ['relative-discount', 'Money'],
  22: ['basic-charge', 'Money'],
  23: ['total-charge', 'Money'],
  24: ['discount', 'Money'],
  25: ['calculated-days', 'decimal'],
};

/** DRG: the group that prices a stay. R4 has it in claims only (Claim.diagnosis.packageCode). */
export function mapDrg(
  segment: Hl7Segment,
  scope: Scope,
  about: Identified<Encounter> | Identified<Account> | Identified<Patient>,
): void {
  const drg = scope.open(segment);
  drg.entry = `urn:uuid:${about.id}`;
  declareAsOne(about, about.resourceType, 'drg', drg, rows, scope);
}
