import type { Address } from 'fhir/r4';
import { addressType, addressUse } from '../codemaps/patient';
import type { FieldReader } from '../reader';
import { list, set } from '../set';
import { dateTime } from './dtm';
import { period } from './dr';

const censusTract = 'http://hl7.org/fhir/StructureDefinition/iso21090-ADXP-censusTract';

/** XAD; its street is an SAD whose subcomponents 2 and 3 are street name and dwelling number. */
export function address(field: FieldReader | undefined): Address | undefined {
  if (field === undefined) return undefined;
  const result: Address = {};
  const code = field.code(7)?.toUpperCase();
  const tract = field.get(10);
  if (tract !== undefined) result.extension = [{ url: censusTract, valueString: tract }];
  set(result, 'use', addressUse(code));
  set(result, 'type', addressType(code));
  const street = list([field.get(1), field.get(1, 2), field.get(1, 3), field.get(2), field.get(19)]);
  set(result, 'line', street);
  set(result, 'city', field.get(3));
  // A county sent as a coded element has its name second.
  set(result, 'district', field.get(9) ?? field.get(9, 2));
  set(result, 'state', field.get(4));
  set(result, 'postalCode', field.get(5));
  set(result, 'country', field.get(6));
  if (!hasPlace(result)) return undefined;
  if (field.repetition.componentCount > 11) {
    const bounds = period(dateTime(field, 13), dateTime(field, 14), field);
    // Until v2.7 in XAD-12, a DR within a component.
    set(result, 'period', bounds ?? period(dateTime(field, 12), dateTime(field, 12, 2), field));
  }
  return result;
}

const hasPlace = ({ line, city, district, state, postalCode, country, extension }: Address): boolean =>
  (line ?? city ?? district ?? state ?? postalCode ?? country ?? extension) !== undefined;

export function addressText(value: Address): string {
  const { line = [], city, state, postalCode, country } = value;
  return [...line, city, state, postalCode, country].filter((part) => part !== undefined).join(', ');
}
