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
      'json.html#primitive: a primitive may have an extension and no value; extension-data-absent-reason is for ' +
      'required elements without one, and ele-1 holds for "@value|f:*|h:div" (it looks for the value alone)',
  },
];
