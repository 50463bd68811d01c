import type { Extension } from 'fhir/r4';
import { codeableConcept } from './datatypes/cwe';
import { identifier } from './datatypes/cx';
import { dateRange } from './datatypes/dr';
import { dateOnly, dateTime } from './datatypes/dtm';
import { entityIdentifier } from './datatypes/ei';
import { yesNo } from './datatypes/id';
import { money } from './datatypes/mo';
import { parseDecimal } from './datatypes/nm';
import { asText, quantityOf } from './datatypes/observation-value';
import { location } from './datatypes/pl';
import { address } from './datatypes/xad';
import { practitioner } from './datatypes/xcn';
import { organization } from './datatypes/xon';
import { humanName } from './datatypes/xpn';
import { contactPoint } from './datatypes/xtn';
import type { FieldReader, SegmentReader } from './reader';
import type { Scope } from './scope';

/** What a field becomes when it becomes an extension: the R4 value type, or the resource it refers to. */
export const valueTypes = [
  'string', 'code', 'uri', 'boolean', 'integer', 'decimal', 'date', 'dateTime', 'CodeableConcept', 'Quantity',
  'Money', 'Identifier', 'EntityIdentifier', 'HumanName', 'Address', 'ContactPoint', 'Period', 'Practitioner',
  'Organization', 'Location',
] as const; // prettier-ignore
export type ValueType = (typeof valueTypes)[number];

/** Extensions of our own: fields that neither an element nor a published extension of R4 can hold. */
const own = 'urn:medrelay:extension';

/** By field number: name of the extension, its type, the HL7 table of a code. */
export type DeclaredFields = Readonly<
  Record<number, readonly [name: string, type: ValueType, table?: string]>
>;

/** Adds the declared fields of a segment to an element (`Coverage`, `Patient.contact`) as typed extensions. */
export function declare(
  element: { extension?: Extension[] },
  path: string,
  reader: SegmentReader,
  rows: DeclaredFields,
  scope: Scope,
): void {
  const found = declared(path, reader, rows, scope);
  if (found.length > 0) (element.extension ??= []).push(...found);
}

/** The same as the parts of one extension, for a segment that says one thing in several fields. */
export function declareAsOne(
  element: { extension?: Extension[] },
  path: string,
  name: string,
  reader: SegmentReader,
  rows: DeclaredFields,
  scope: Scope,
): void {
  const parts = declared(`${path}.extension(${name})`, reader, rows, scope, '');
  if (parts.length > 0) (element.extension ??= []).push({ url: `${own}:${name}`, extension: parts });
}

function declared(
  path: string,
  reader: SegmentReader,
  rows: DeclaredFields,
  scope: Scope,
  base = `${own}:`,
): Extension[] {
  const found: Extension[] = [];
  for (const n of fieldsOf(rows)) {
    const row = rows[n];
    // Most fields of a segment are empty: nothing is built for them.
    if (row === undefined || reader.isEmpty(n)) continue;
    const [name, type, table] = row;
    for (const field of reader.all(n, `${path}.extension(${name})`)) {
      const value = extensionValue(field, type, scope, table);
      if (value !== undefined) found.push({ url: `${base}${name}`, ...value });
    }
  }
  return found;
}

const numbers = new WeakMap<DeclaredFields, readonly number[]>();

/** The field numbers of a declaration; it is read for every segment of its kind. */
function fieldsOf(rows: DeclaredFields): readonly number[] {
  let known = numbers.get(rows);
  if (known === undefined) numbers.set(rows, (known = Object.keys(rows).map(Number)));
  return known;
}

type ExtensionValue = Omit<Extension, 'url'>;

const invalid = 'The value is not of the type it should have.';

/** One repetition as the value of an extension. */
export function extensionValue(
  field: FieldReader,
  type: ValueType,
  scope: Scope,
  table?: string,
): ExtensionValue | undefined {
  const value = convert(field, type, scope, table);
  if (value === undefined && field.kept === undefined) field.keep(invalid);
  return value;
}

function convert(
  field: FieldReader,
  type: ValueType,
  scope: Scope,
  table?: string,
): ExtensionValue | undefined {
  switch (type) {
    case 'string': {
      const text = asText(field)?.valueString;
      return text?.trim() ? { valueString: text } : undefined;
    }
    case 'code':
      return as('valueCode', field.code(1)?.replace(/\s+/g, ' '));
    case 'uri':
      return as('valueUri', /^\S+$/.test(field.code(1) ?? '') ? field.code(1) : undefined);
    case 'boolean':
      return as('valueBoolean', yesNo(field));
    case 'integer':
      return as('valueInteger', integer(field.code(1)));
    case 'decimal':
      return as('valueDecimal', parseDecimal(field.code(1) ?? '')?.value);
    case 'date':
      return as('valueDate', dateOnly(field));
    case 'dateTime':
      return as('valueDateTime', dateTime(field));
    case 'CodeableConcept':
      return as('valueCodeableConcept', codeableConcept(field, table === undefined ? {} : { table }));
    case 'Quantity':
      return as('valueQuantity', quantityOf(field));
    case 'Money':
      return as('valueMoney', money(field));
    case 'Identifier':
      return as('valueIdentifier', identifier(field));
    case 'EntityIdentifier':
      return as('valueIdentifier', entityIdentifier(field));
    case 'HumanName':
      return as('valueHumanName', humanName(field));
    case 'Address':
      return as('valueAddress', address(field));
    case 'ContactPoint':
      return as('valueContactPoint', contactPoint(field));
    case 'Period':
      return as('valuePeriod', dateRange(field));
    case 'Practitioner':
      return as('valueReference', practitioner(field, scope));
    case 'Organization':
      return as('valueReference', organization(field, scope));
    case 'Location':
      return as('valueReference', location(field, scope));
  }
}

function integer(text: string | undefined): number | undefined {
  return text !== undefined && /^[+-]?\d{1,9}$/.test(text) ? Number(text) : undefined;
}

function as<K extends keyof ExtensionValue>(
  key: K,
  value: ExtensionValue[K] | undefined,
): ExtensionValue | undefined {
  return value === undefined ? undefined : { [key]: value };
}
