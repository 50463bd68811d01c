import type { Practitioner, Reference } from 'fhir/r4';
import type { FieldReader } from '../reader';
import type { Identified, Scope } from '../scope';
import { list } from '../set';

/** NDL: a clinician squeezed into component 1 (CNN: id, family name, given names, suffix, prefix as subcomponents). */
export function resultClinician(field: FieldReader, scope: Scope): Reference | undefined {
  const [value, family, given, second, suffix, prefix] = [1, 2, 3, 4, 5, 6].map((sub) => field.get(1, sub));
  const display = [prefix, given, second, family, suffix].filter((part) => part !== undefined).join(' ');
  if (value === undefined) return display === '' ? undefined : { display };
  const system = field.sender.authority(field.code(1, 9), field.code(1, 10), field.code(1, 11));
  const practitioner: Identified<Practitioner> = {
    resourceType: 'Practitioner',
    id: scope.id('Practitioner', system, value.trim()),
    identifier: [{ system, value: value.trim() }],
  };
  const name = {
    ...(family === undefined ? {} : { family }),
    ...optional('given', list([given, second])),
    ...optional('prefix', list([prefix])),
    ...optional('suffix', list([suffix])),
  };
  if (Object.keys(name).length > 0) practitioner.name = [name];
  const reference = scope.add(practitioner);
  return display === '' ? reference : { ...reference, display };
}

const optional = <K extends string>(key: K, value: string[] | undefined): { [P in K]?: string[] } =>
  (value === undefined ? {} : { [key]: value }) as { [P in K]?: string[] };
