import type { FieldReader } from '../reader';

/** ID of HL7 table 0136: yes or no. */
export function yesNo(field: FieldReader | undefined): boolean | undefined {
  const code = field?.code(1)?.toUpperCase();
  if (field === undefined || code === undefined) return undefined;
  if (code === 'Y') return true;
  if (code === 'N') return false;
  return field.refuse('CODE_UNMAPPED', 'A yes/no field holds neither Y nor N (HL7 table 0136).');
}
