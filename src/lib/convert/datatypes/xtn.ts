import type { ContactPoint } from 'fhir/r4';
import { telecomSystem, telecomUse } from '../codemaps/telecom';
import type { FieldReader } from '../reader';
import { set } from '../set';
import { dateTime } from './dtm';
import { period } from './dr';
import { parsePositiveInt } from './nm';

const absent = 'http://hl7.org/fhir/StructureDefinition/data-absent-reason';

/**
 * XTN in all its ages: one formatted number (XTN-1, all there was before v2.3), an e-mail address (XTN-4, or XTN-1
 * from careless senders), parts (5-8), or an unformatted number (12). R4's cpt-2 wants a system with every value;
 * a bare number of a telephone field is a phone.
 */
export function contactPoint(
  field: FieldReader | undefined,
  defaultUse?: ContactPoint['use'],
): ContactPoint | undefined {
  if (field === undefined) return undefined;
  const equipment = field.code(3)?.toUpperCase();
  const useCode = field.code(2)?.toUpperCase();
  const formatted = field.get(1)?.trim();
  const electronic = field.get(4)?.trim();
  const isElectronic =
    equipment === 'INTERNET' ||
    equipment === 'X.400' ||
    useCode === 'NET' ||
    electronic?.includes('@') === true;
  const value = isElectronic
    ? (electronic ?? formatted)
    : (whole(field) ?? fromParts(field) ?? formatted ?? electronic);
  if (value === undefined) return undefined;
  const result: ContactPoint = {};
  const system = isElectronic
    ? 'email'
    : (telecomSystem(equipment) ?? (equipment === undefined ? 'phone' : undefined));
  if (system === undefined) {
    Object.assign(result, { _system: { extension: [{ url: absent, valueCode: 'unknown' }] } });
  } else result.system = system;
  result.value = value;
  const use = equipment === 'CP' ? 'mobile' : telecomUse(useCode);
  set(result, 'use', use ?? (useCode === undefined ? defaultUse : undefined));
  if (field.repetition.componentCount > 12) {
    set(result, 'period', period(dateTime(field, 13), dateTime(field, 14), field));
    set(result, 'rank', parsePositiveInt(field.code(18)));
  }
  return result;
}

/** XTN-12, which says what the parts say too where its digits are theirs. */
function whole(field: FieldReader): string | undefined {
  const number = field.get(12)?.trim();
  const parts = [5, 6, 7].map((component) => digits(field.repetition.get(component)));
  if (number !== undefined && parts.join('') !== '' && digits(number).endsWith(parts.join('')))
    for (const component of [5, 6, 7]) field.get(component);
  return number;
}

const digits = (text: string | null | undefined): string => (text ?? '').replace(/\D/g, '');

/** `+1 617 5551212 X12` from country, area, local number and extension (guide: XTN-7). */
function fromParts(field: FieldReader): string | undefined {
  if (field.repetition.componentCount < 6) return undefined;
  const [country, area, local, extension] = [field.code(5), field.code(6), field.code(7), field.code(8)];
  if (local === undefined) return undefined;
  const parts = [country === undefined ? undefined : `+${country.replace(/^\+/, '')}`, area, local];
  const number = parts.filter((part) => part !== undefined).join(' ');
  return extension === undefined ? number : `${number} X${extension}`;
}
