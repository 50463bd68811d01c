import type { Quantity } from 'fhir/r4';
import type { FieldReader } from '../reader';
import { set } from '../set';
import { parseDecimal, type Decimal } from './nm';

export interface Unit {
  readonly unit: string;
  readonly system?: string;
  readonly code?: string;
}

const ucum = 'http://unitsofmeasure.org';
const triplets = [1, 4, 10] as const;
const systemOf = { 1: 3, 4: 6, 10: 12 } as const;

/**
 * A unit (OBX-6, CQ-2). It gets a code only where the sender names UCUM, or a system that the profile knows: `K/uL`
 * looks like UCUM and is not. The unit shown is the text, else the code.
 */
export function readUnit(field: FieldReader | undefined): Unit | undefined {
  if (field === undefined) return undefined;
  let shown: string | undefined;
  for (const at of triplets) {
    const code = field.code(at);
    const text = field.code(at + 1);
    const systemId = field.code(systemOf[at]);
    shown ??= text ?? code;
    if (code === undefined || systemId === undefined || shown === undefined) continue;
    const system = field.sender.codeSystem(systemId);
    if (system === ucum || Object.hasOwn(field.sender.profile.codeSystems, systemId)) {
      return { unit: text ?? code, system, code: code.replace(/\s+/g, ' ') };
    }
  }
  return shown === undefined ? undefined : { unit: shown };
}

/** R4 extension for the digits that JSON drops: `1.10` is sent as 1.1 with precision 2. */
const precisionUrl = 'http://hl7.org/fhir/StructureDefinition/quantity-precision';

export type Comparator = NonNullable<Quantity['comparator']>;
const comparators = new Set<string>(['<', '<=', '>', '>=']);
export const isComparator = (text: string): text is Comparator => comparators.has(text);

export function quantity(decimal: Decimal, unit?: Unit, comparator?: Comparator): Quantity {
  const result: Quantity = { value: decimal.value };
  if (decimal.precision !== undefined) {
    Object.assign(result, {
      _value: { extension: [{ url: precisionUrl, valueInteger: decimal.precision }] },
    });
  }
  set(result, 'comparator', comparator);
  if (unit !== undefined) Object.assign(result, unit);
  return result;
}

/** `>90`, `<= 5`: a number with a comparator where HL7 allows only a number. */
export function parseCompared(text: string): { decimal: Decimal; comparator: Comparator } | undefined {
  const match = /^([<>]=?)\s*(\S+)$/.exec(text);
  const comparator = match?.[1];
  const decimal = match?.[2] === undefined ? undefined : parseDecimal(match[2]);
  if (comparator === undefined || decimal === undefined || !isComparator(comparator)) return undefined;
  return { decimal, comparator };
}
