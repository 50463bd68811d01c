import type { Identifier, Practitioner, Reference } from 'fhir/r4';
import type { FieldReader } from '../reader';
import type { Identified, Scope } from '../scope';
import { set } from '../set';
import { checkDigit, identifierType } from './cx';
import { authorityIn } from './hd';
import { clinicianName, nameText } from './xpn';

const npi = 'http://hl7.org/fhir/sid/us-npi';

/**
 * XCN: a clinician. With an identifier it is a Practitioner; a bare name identifies nobody (two doctors Smith must
 * not become one), so it stays the reference's display.
 */
export function practitioner(field: FieldReader | undefined, scope: Scope): Reference | undefined {
  if (field === undefined) return undefined;
  const value = field.code(1);
  const name = clinicianName(field);
  if (value === undefined) return name === undefined ? undefined : { display: nameText(name) };
  const type = field.code(13);
  const system = type === 'NPI' && field.code(9) === undefined ? npi : authorityIn(field, 9);
  const number: Identifier =
    type === undefined ? { system, value } : { type: identifierType(type), system, value };
  const extension = checkDigit(field, 11);
  if (extension.length > 0) number.extension = extension;
  const facility = field.get(14);
  if (facility !== undefined) number.assigner = { display: facility };
  const resource: Identified<Practitioner> = {
    resourceType: 'Practitioner',
    id: scope.id('Practitioner', system, value),
    identifier: [number],
  };
  if (name !== undefined) resource.name = [name];
  const reference = scope.add(resource);
  set(reference, 'display', name && nameText(name));
  return reference;
}

/** All repetitions of a clinician field. */
export function practitioners(fields: readonly FieldReader[], scope: Scope): Reference[] {
  return fields.map((field) => practitioner(field, scope)).filter((reference) => reference !== undefined);
}
