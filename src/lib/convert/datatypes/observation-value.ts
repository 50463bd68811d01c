import type { CodeableConcept, Observation } from 'fhir/r4';
import { maxParts, type FieldReader } from '../reader';
import { address, addressText } from './xad';
import { codeableConcept } from './cwe';
import { dateRange } from './dr';
import { dateTimeOf, parseDtm, parseTm } from './dtm';
import { parseDecimal } from './nm';
import { parseCompared, quantity, type Unit } from './quantity';
import { structuredNumeric } from './sn';
import { clinicianName, humanName, nameText } from './xpn';
import { contactPoint } from './xtn';

/** The value[x] choices that v2 types become. Observation and its components share them. */
export type ObservationValue = Pick<
  Observation,
  | 'valueQuantity'
  | 'valueString'
  | 'valueCodeableConcept'
  | 'valueDateTime'
  | 'valueTime'
  | 'valuePeriod'
  | 'valueRange'
  | 'valueRatio'
>;

/** One repetition of OBX-5, read as its OBX-2 says (table 0125). */
export function observationValue(
  field: FieldReader,
  type: string,
  unit: Unit | undefined,
): ObservationValue | undefined {
  switch (type) {
    case 'NM':
      return numeric(field, unit);
    case 'SN':
      return structuredNumeric(field, unit);
    case 'CE':
    case 'CWE':
    case 'CNE':
    case 'CF':
    case 'IS':
      return concept(codeableConcept(field));
    case 'DT':
    case 'TS':
    case 'DTM':
      return dateTimeValue(field);
    case 'TM':
      return timeValue(field);
    case 'DR': {
      const valuePeriod = dateRange(field);
      return valuePeriod === undefined ? asText(field) : { valuePeriod };
    }
    case 'NR':
      return numericRange(field, unit);
    case 'CQ':
      return compositeQuantity(field);
    case 'PN':
    case 'XPN':
      return text(nameOf(humanName(field))) ?? asText(field);
    case 'CN':
    case 'XCN':
      return text(nameOf(clinicianName(field))) ?? asText(field);
    case 'AD':
    case 'XAD': {
      const value = address(field);
      return (value && text(addressText(value))) ?? asText(field);
    }
    case 'TN':
    case 'XTN':
      return text(contactPoint(field)?.value) ?? asText(field);
    default:
      return asText(field);
  }
}

const text = (valueString: string | undefined): ObservationValue | undefined =>
  valueString === undefined || valueString === '' ? undefined : { valueString };

const nameOf = (name: ReturnType<typeof humanName>): string | undefined => name && nameText(name);

const concept = (valueCodeableConcept: CodeableConcept | undefined): ObservationValue | undefined =>
  valueCodeableConcept && { valueCodeableConcept };

/** Any other type as a line: its components and subcomponents in order, with single blanks between. */
export function asText(field: FieldReader): ObservationValue | undefined {
  return text(joinParts(field, ' ', ' '));
}

/**
 * ST, TX and FT have no parts: a separator in them is text that the sender forgot to escape (`&nbsp;` of HTML), so it
 * goes back to where it stood.
 */
export function literalText(field: FieldReader): string {
  const { component, subcomponent } = field.sender.delimiters;
  const { raw } = field.repetition;
  if (raw.includes(component) || raw.includes(subcomponent)) {
    field.reportOnce(
      'info',
      'TEXT_NOT_ESCAPED',
      'A text holds separators that are not escaped; they were kept as text.',
    );
  }
  return joinParts(field, component, subcomponent);
}

function joinParts(field: FieldReader, between: string, within: string): string {
  const { repetition } = field;
  const keepsPlaces = between !== ' ';
  const components: string[] = [];
  const count = repetition.componentCount;
  for (let c = 1; c <= count; c++) {
    const subs = repetition.component(c).subcomponentCount;
    if (count > maxParts || subs > maxParts) return asSent(field);
    const parts = Array.from({ length: subs }, (_, i) => field.data(c, i + 1));
    const line = parts.filter((part) => keepsPlaces || part !== undefined).map((part) => part ?? '');
    if (keepsPlaces || line.length > 0) components.push(line.join(within));
  }
  return components.join(between);
}

function asSent(field: FieldReader): string {
  field.report(
    'warning',
    'VALUE_TOO_MANY_PARTS',
    'The value has more parts than any HL7 type; it is text as sent now.',
  );
  field.readAll();
  return field.repetition.raw;
}

function numeric(field: FieldReader, unit: Unit | undefined): ObservationValue | undefined {
  const sent = field.code(1);
  if (sent === undefined) return asText(field);
  const decimal = parseDecimal(sent);
  if (decimal !== undefined) return { valueQuantity: quantity(decimal, unit) };
  const compared = parseCompared(sent);
  if (compared !== undefined) {
    field.report('info', 'NM_COMPARATOR', 'A numeric value carries a comparator; SN is the type for it.');
    return { valueQuantity: quantity(compared.decimal, unit, compared.comparator) };
  }
  field.report(
    'warning',
    'NM_NOT_NUMERIC',
    'OBX-2 says NM but the value is no number FHIR can hold; it is text now.',
  );
  return asText(field);
}

function dateTimeValue(field: FieldReader): ObservationValue | undefined {
  const sent = field.code(1);
  const time = sent === undefined ? undefined : parseDtm(sent);
  if (time !== undefined) return { valueDateTime: dateTimeOf(time, field) };
  field.report('warning', 'DTM_INVALID', 'The value is no valid HL7 date or time; it is text now.');
  return asText(field);
}

function timeValue(field: FieldReader): ObservationValue | undefined {
  const sent = field.code(1);
  const valueTime = sent === undefined ? undefined : parseTm(sent);
  if (valueTime !== undefined) return { valueTime };
  field.report('warning', 'TM_INVALID', 'The value is no time of day FHIR can hold; it is text now.');
  return asText(field);
}

function numericRange(field: FieldReader, unit: Unit | undefined): ObservationValue | undefined {
  const [low, high] = [field.code(1), field.code(2)].map((part) =>
    part === undefined ? undefined : parseDecimal(part),
  );
  if (low === undefined || high === undefined || low.value > high.value) return asText(field);
  return { valueRange: { low: quantity(low, unit), high: quantity(high, unit) } };
}

/** CQ: number^unit, the unit's code, text and system as subcomponents. */
function compositeQuantity(field: FieldReader): ObservationValue | undefined {
  const valueQuantity = quantityOf(field);
  return valueQuantity === undefined ? asText(field) : { valueQuantity };
}

export function quantityOf(field: FieldReader | undefined): Observation['valueQuantity'] {
  const sent = field?.code(1);
  const decimal = sent === undefined ? undefined : parseDecimal(sent);
  if (field === undefined || decimal === undefined) return undefined;
  const [code, display, systemId] = [field.code(2), field.code(2, 2), field.code(2, 3)];
  if (code === undefined) return quantity(decimal, display === undefined ? undefined : { unit: display });
  const system = systemId === undefined ? undefined : field.sender.codeSystem(systemId);
  const isUcum = system === 'http://unitsofmeasure.org';
  return quantity(decimal, { unit: display ?? code, ...(isUcum ? { system, code } : {}) });
}
