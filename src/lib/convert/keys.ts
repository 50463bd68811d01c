import type { CodeableConcept, Identifier } from 'fhir/r4';

/** What a coded field says, as parts of a business key: its first code with the system, else its text. */
export function codeKey(concept: CodeableConcept | undefined): [system: string, code: string] {
  const [coding] = concept?.coding ?? [];
  return coding?.code === undefined ? ['', concept?.text ?? ''] : [coding.system ?? '', coding.code];
}

export const identifierKey = ({ system, value }: Identifier): [system: string, value: string] => [
  system ?? '',
  value ?? '',
];
