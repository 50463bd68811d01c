import type { CodeableConcept, Extension, Identifier } from 'fhir/r4';
import { isIdentifierType } from '../codemaps/identifier-types';
import { terminology } from '../codemaps/table';
import type { FieldReader } from '../reader';
import { set } from '../set';
import { date, readDtm } from './dtm';
import { authorityIn } from './hd';
import { period } from './dr';

const checkDigitUrl = 'http://hl7.org/fhir/StructureDefinition/identifier-checkDigit';
/** HL7 table 0061, by which the digit is computed: R4 has the digit alone. */
const schemeUrl = 'urn:medrelay:extension:check-digit-scheme';

/** The check digit and its scheme, which CX has in 2 and 3, XCN in 11 and 12. */
export function checkDigit(field: FieldReader, component: number): Extension[] {
  const digit = field.get(component);
  const scheme = field.code(component + 1);
  return [
    ...(digit === undefined ? [] : [{ url: checkDigitUrl, valueString: digit }]),
    ...(scheme === undefined ? [] : [{ url: schemeUrl, valueCode: scheme }]),
  ];
}

export function identifierType(code: string): CodeableConcept {
  return isIdentifierType(code)
    ? { coding: [{ system: `${terminology}/v2-0203`, code }] }
    : { coding: [{ code: code.replace(/\s+/g, ' ') }] };
}

/** CX: identifier. `typeCode` names the field's meaning where CX-5 is silent (PV1-19 is a visit number). */
export function identifier(field: FieldReader | undefined, typeCode?: string): Identifier | undefined {
  const value = field?.code(1);
  if (field === undefined || value === undefined) return undefined;
  const result: Identifier = {};
  const extension = checkDigit(field, 2);
  if (extension.length > 0) result.extension = extension;
  const type = field.code(5) ?? typeCode;
  if (type !== undefined) result.type = identifierType(type);
  result.system = authorityIn(field, 4);
  result.value = value;
  const [start, end] = [readDtm(field, 7), readDtm(field, 8)];
  set(result, 'period', period(start && date(start), end && date(end), field));
  const facility = field.get(6);
  if (facility !== undefined) result.assigner = { display: facility };
  return result;
}
