import type { FieldReader } from '../reader';

/** Identifier system of an HD that sits in one component, its parts as subcomponents (CX-4, XCN-9, XON-6). */
export function authorityIn(field: FieldReader, component: number): string {
  return field.sender.authority(field.code(component), field.code(component, 2), field.code(component, 3));
}

/** Identifier system of an HD spread over components (EI 2-4). */
export function authorityFrom(field: FieldReader, first: number): string {
  return field.sender.authority(field.code(first), field.code(first + 1), field.code(first + 2));
}
