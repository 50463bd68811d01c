/** What a validator of somebody else calls an error and FHIR R4 (4.0.1) allows, with the clause that says so. */
export interface FalsePositive {
  readonly by: string;
  readonly finding: RegExp;
  readonly clause: string;
}

export const falsePositives: readonly FalsePositive[] = [
  {
    by: 'fhir',
    finding: /: Missing property value$/,
    clause:
      'json.html#primitive: a primitive may have an extension and no value; it is then present (ele-1: hasValue() or ' +
      'children), and extension data-absent-reason is made for required elements whose value is not known',
  },
];
