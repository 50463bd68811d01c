import type { Identifier } from 'fhir/r4';
import type { FieldReader } from '../reader';
import { identifierType } from './cx';
import { authorityFrom } from './hd';

/** EI: entity identifier, its authority in components 2-4. */
export function entityIdentifier(field: FieldReader | undefined, typeCode?: string): Identifier | undefined {
  const value = field?.code(1);
  if (field === undefined || value === undefined) return undefined;
  const system = authorityFrom(field, 2);
  return typeCode === undefined ? { system, value } : { type: identifierType(typeCode), system, value };
}

/** One half of an EIP (SPM-2, OBR-29): an EI inside a component. */
export function entityIdentifierIn(
  field: FieldReader | undefined,
  component: 1 | 2,
  typeCode: string,
): Identifier | undefined {
  const value = field?.code(component);
  if (field === undefined || value === undefined) return undefined;
  const system = field.sender.authority(
    field.code(component, 2),
    field.code(component, 3),
    field.code(component, 4),
  );
  return { type: identifierType(typeCode), system, value };
}
