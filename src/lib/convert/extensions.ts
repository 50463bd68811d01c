import type { CodeableConcept, Extension } from 'fhir/r4';

const hl7 = 'http://hl7.org/fhir/StructureDefinition';

/** R4's way to leave a required element empty and say so. */
export const absentReason = (reason: 'unknown'): { extension: Extension[] } => ({
  extension: [{ url: `${hl7}/data-absent-reason`, valueCode: reason }],
});

export const stringExtension = (name: string, valueString: string): Extension => ({
  url: `${hl7}/${name}`,
  valueString,
});

export const conceptExtension = (name: string, valueCodeableConcept: CodeableConcept): Extension => ({
  url: `${hl7}/${name}`,
  valueCodeableConcept,
});

export const dateTimeExtension = (name: string, valueDateTime: string): Extension => ({
  url: `${hl7}/${name}`,
  valueDateTime,
});

/** Adds to the extensions of an element, creating the list with the first. */
export function extend(target: { extension?: Extension[] }, extension: Extension): void {
  (target.extension ??= []).push(extension);
}
