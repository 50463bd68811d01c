import type { MedicationIngredient } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { absentReason } from '../extensions';
import type { Scope } from '../scope';
import { set } from '../set';
import { productCode } from './product-code';
import { amount, strength } from './rx-amounts';

const kept = {
  10: 'When the component was added: R4 ingredients do not say.',
  11: 'Dispensing units of the component: R4 ingredients have an amount.',
};

/** RXC: one component of a compound. A base (B) carries the others, an additive (A) is what works. */
export function mapRxc(segment: Hl7Segment, scope: Scope): MedicationIngredient {
  const rxc = scope.open(segment, kept);
  const kind = rxc.code(1, 'Medication.ingredient.isActive')?.toUpperCase();
  const result: MedicationIngredient = {
    itemCodeableConcept: productCode(rxc, 2, 7) ?? absentReason('unknown'),
  };
  if (kind === 'A' || kind === 'B') result.isActive = kind === 'A';
  const quantity = amount(
    rxc.first(3, 'Medication.ingredient.strength'),
    rxc.first(4, 'Medication.ingredient.strength'),
  );
  const named = strength(rxc, { strength: 5, unit: 6, volume: 8, volumeUnit: 9 });
  // How much of the component is in the compound; how strong the component is in itself is a fact of its own.
  if (quantity !== undefined) {
    result.strength = { numerator: quantity, denominator: { value: 1 } };
    if (named !== undefined)
      result.extension = [
        {
          url: 'http://hl7.org/fhir/5.0/StructureDefinition/extension-Medication.ingredient.strength',
          valueRatio: named,
        },
      ];
  } else set(result, 'strength', named);
  return result;
}
