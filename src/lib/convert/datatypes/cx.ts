import type { CodeableConcept, Identifier } from 'fhir/r4';
import { isIdentifierType } from '../codemaps/identifier-types';
import { terminology } from '../codemaps/table';
import type { FieldReader } from '../reader';
import { set } from '../set';
import { date, readDtm } from './dtm';
import { authorityIn } from './hd';
import { period } from './dr';

const checkDigit = 'http://hl7.org/fhir/StructureDefinition/identifier-checkDigit';

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
  const digit = field.get(2);
  if (digit !== undefined) result.extension = [{ url: checkDigit, valueString: digit }];
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
