import type { Identifier } from 'fhir/r4';
import type { FieldReader } from '../reader';
import { set } from '../set';
import { identifierType } from './cx';
import { dateOnly } from './dtm';

/** PLN: a practitioner's number, its type (table 0338), the state or qualifier that gives it, its last day. */
export function licenceNumber(field: FieldReader | undefined): Identifier | undefined {
  const value = field?.code(1);
  if (field === undefined || value === undefined) return undefined;
  const type = field.code(2);
  const issuer = field.code(3);
  const result: Identifier = {};
  if (type !== undefined) result.type = identifierType(type);
  result.system = type === 'NPI' ? 'http://hl7.org/fhir/sid/us-npi' : field.sender.authority(issuer ?? type);
  result.value = value;
  const end = dateOnly(field, 4);
  if (end !== undefined) set(result, 'period', { end });
  return result;
}
