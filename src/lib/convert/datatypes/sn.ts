import type { Quantity, Range, Ratio } from 'fhir/r4';
import type { FieldReader } from '../reader';
import { parseDecimal } from './nm';
import { isComparator, quantity, type Unit } from './quantity';

export type StructuredNumeric =
  | { readonly valueQuantity: Quantity }
  | { readonly valueRange: Range }
  | { readonly valueRatio: Ratio }
  | { readonly valueString: string };

/**
 * SN: comparator^number^separator^number (guide: SN[Quantity], SN[Range], SN[Ratio]). What does not fit one of them
 * (`<>`, `2+`, a comparator before a range, no number) is a string of the four parts.
 */
export function structuredNumeric(field: FieldReader, unit: Unit | undefined): StructuredNumeric | undefined {
  const [sign, first, separator, second] = [field.code(1), field.code(2), field.code(3), field.code(4)];
  const text = [sign, first, separator, second].filter((part) => part !== undefined).join('');
  if (text === '') return undefined;
  const low = first === undefined ? undefined : parseDecimal(first);
  const high = second === undefined ? undefined : parseDecimal(second);
  const comparator = sign !== undefined && isComparator(sign) ? sign : undefined;
  const isPlain = sign === undefined || sign === '=';
  if (low !== undefined && (isPlain || comparator !== undefined)) {
    if (separator === undefined && second === undefined)
      return { valueQuantity: quantity(low, unit, comparator) };
    if ((separator === ':' || separator === '/') && high !== undefined) {
      return {
        valueRatio: { numerator: quantity(low, unit, comparator), denominator: quantity(high, unit) },
      };
    }
    if (separator === '-' && high !== undefined && isPlain && low.value <= high.value) {
      return { valueRange: { low: quantity(low, unit), high: quantity(high, unit) } };
    }
  }
  return { valueString: text };
}
