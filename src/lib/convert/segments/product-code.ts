import type { CodeableConcept } from 'fhir/r4';
import { codeableConcept } from '../datatypes/cwe';
import type { SegmentReader } from '../reader';

/** The code, and what other systems call the same product (RXO-24, RXE-31, RXD-25). */
export function productCode(
  rx: SegmentReader,
  n: number,
  others: number | undefined,
): CodeableConcept | undefined {
  const code = codeableConcept(rx.first(n, 'Medication.code'));
  const more = (others === undefined ? [] : rx.all(others, 'Medication.code'))
    .map((field) => codeableConcept(field))
    .filter((concept) => concept !== undefined);
  if (code === undefined) return more[0];
  const coding = [...(code.coding ?? []), ...more.flatMap((concept) => concept.coding ?? [])];
  const text = code.text ?? more.find((concept) => concept.text !== undefined)?.text;
  return { ...(coding.length > 0 ? { coding } : {}), ...(text === undefined ? {} : { text }) };
}
