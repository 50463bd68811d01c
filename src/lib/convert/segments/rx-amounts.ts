import type { Dosage, DosageDoseAndRate, Quantity, Ratio } from 'fhir/r4';
import { terminology } from '../codemaps/table';
import { codeableConcept } from '../datatypes/cwe';
import { parseDecimal } from '../datatypes/nm';
import { quantityOf } from '../datatypes/observation-value';
import { quantity, readUnit } from '../datatypes/quantity';
import type { FieldReader, SegmentReader } from '../reader';
import { each, set } from '../set';

/** NM with its unit in another field, as everywhere in chapter 4A. */
export function amount(number: FieldReader | undefined, unit: FieldReader | undefined): Quantity | undefined {
  const sent = number?.code(1);
  const decimal = sent === undefined ? undefined : parseDecimal(sent);
  if (number === undefined || sent === undefined) return undefined;
  if (decimal === undefined) return number.refuse('NM_NOT_NUMERIC', 'The amount is no number FHIR can hold.');
  return quantity(decimal, readUnit(unit));
}

/** What a quantity is worth without the number: some send only the unit. */
export function keepLonelyUnit(unit: FieldReader | undefined, value: Quantity | undefined): void {
  if (value === undefined) unit?.keep('A unit without its amount.');
}

/** Minimum and maximum: a range, or one dose. */
export function doseAndRate(
  min: Quantity | undefined,
  max: Quantity | undefined,
  rate: Quantity | undefined,
): DosageDoseAndRate[] | undefined {
  const result: DosageDoseAndRate = {};
  if (min !== undefined || max !== undefined || rate !== undefined) {
    result.type = {
      coding: [{ system: `${terminology}/dose-rate-type`, code: 'ordered', display: 'Ordered' }],
    };
  }
  // R4 ranges have no room for a low above the high.
  const isRange = min !== undefined && max !== undefined && (min.value ?? 0) < (max.value ?? 0);
  if (isRange) result.doseRange = { low: min, high: max };
  else set(result, 'doseQuantity', min ?? max);
  set(result, 'rateQuantity', rate);
  return Object.keys(result).length === 0 ? undefined : [result];
}

/** RXO-23, RXE-19, RXD-12: the total of a day. */
export function perDay(field: FieldReader | undefined): Ratio | undefined {
  const numerator = quantityOf(field);
  if (numerator === undefined) return undefined;
  return { numerator, denominator: { value: 1, unit: 'd', system: 'http://unitsofmeasure.org', code: 'd' } };
}

export interface StrengthFields {
  readonly strength: number;
  readonly unit: number;
  readonly volume?: number;
  readonly volumeUnit?: number;
}

/** Strength of one dosage unit, or of a volume (v2.5.1 ch. 4.14.1.18 and 25). */
export function strength(rx: SegmentReader, fields: StrengthFields): Ratio | undefined {
  const target = 'Medication.ingredient.strength';
  const read = (value: number | undefined, unit: number | undefined): Quantity | undefined => {
    if (value === undefined) return undefined;
    const unitField = unit === undefined ? undefined : rx.first(unit, target);
    const result = amount(rx.first(value, target), unitField);
    keepLonelyUnit(unitField, result);
    return result;
  };
  const numerator = read(fields.strength, fields.unit);
  const volume = read(fields.volume, fields.volumeUnit);
  if (numerator === undefined) {
    if (volume !== undefined && fields.volume !== undefined)
      rx.first(fields.volume, target)?.keep('A volume without its strength.');
    return undefined;
  }
  return { numerator, denominator: volume ?? { value: 1 } };
}

/** Instructions are coded or said. */
export function instructions(rx: SegmentReader, n: number): Dosage['additionalInstruction'] {
  return each(rx.all(n, 'Dosage.additionalInstruction'), (field) => codeableConcept(field));
}
