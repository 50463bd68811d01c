import type { CodeableConcept, Medication, MedicationIngredient, Ratio, Reference } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { absentReason } from '../extensions';
import type { Identified, Scope } from '../scope';
import { list, set } from '../set';
import { mapRxc } from './rxc';

/** What a segment says of the product itself. */
export interface Product {
  readonly code: CodeableConcept | undefined;
  readonly form: CodeableConcept | undefined;
  readonly strength: Ratio | undefined;
  readonly components: readonly Hl7Segment[];
  readonly manufacturer?: Reference | undefined;
  readonly batch?: Medication['batch'];
}

type MedicationChoice = { medicationCodeableConcept: CodeableConcept } | { medicationReference: Reference };

/**
 * A product with nothing but a code is that code. Form, strength, lot and what it is compounded of (RXC) need a
 * Medication; it belongs to the prescription (`owner`), because v2 does not name it as a thing of its own.
 */
export function medication(product: Product, owner: string, scope: Scope): MedicationChoice {
  const { code, form, strength, components, manufacturer, batch } = product;
  const resource: Identified<Medication> = { resourceType: 'Medication', id: scope.id('Medication', owner) };
  set(resource, 'code', code);
  set(resource, 'manufacturer', manufacturer);
  set(resource, 'form', form);
  const parts = components.map((rxc) => mapRxc(rxc, scope));
  const whole: MedicationIngredient | undefined = strength && {
    itemCodeableConcept: code ?? absentReason('unknown'),
    strength,
  };
  set(resource, 'ingredient', list([whole, ...parts]));
  set(resource, 'batch', batch);
  if (Object.keys(resource).length > (code === undefined ? 2 : 3))
    return { medicationReference: { ...scope.add(resource), ...display(code) } };
  return { medicationCodeableConcept: code ?? absentReason('unknown') };
}

function display(code: CodeableConcept | undefined): { display?: string } {
  const text = code?.text ?? code?.coding?.[0]?.display;
  return text === undefined ? {} : { display: text };
}
