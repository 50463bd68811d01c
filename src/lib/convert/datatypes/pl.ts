import type { Location, Reference } from 'fhir/r4';
import { terminology } from '../codemaps/table';
import type { FieldReader } from '../reader';
import type { Identified, Scope } from '../scope';
import { set } from '../set';
import { authorityIn } from './hd';

/** PL parts from wide to narrow, with R4's location-physical-type where it has one. */
const parts = [
  [7, 'bu', 'Building'],
  [8, 'lvl', 'Level'],
  [1, undefined, undefined],
  [2, 'ro', 'Room'],
  [3, 'bd', 'Bed'],
] as const;

/** Each level is an HD: its name, else its universal id (`&4711&ISO`). */
const level = (field: FieldReader, component: number): string | undefined =>
  field.code(component) ??
  (field.repetition.component(component).subcomponentCount > 1 ? field.code(component, 2) : undefined);

/**
 * PL: one Location for the place as a whole, the most granular one. The guide chains a Location per level; wards and
 * rooms then exist only as by-products of beds, and no sender can update them, so the levels stay in the name.
 */
export function location(field: FieldReader | undefined, scope: Scope): Reference | undefined {
  if (field === undefined) return undefined;
  const facility = field.code(4);
  const names: string[] = [];
  let type: (typeof parts)[number] | undefined;
  for (const part of parts) {
    const name = level(field, part[0]);
    if (name !== undefined) [names[names.length], type] = [name, part];
  }
  const description = field.get(9);
  const comprehensive = field.code(10);
  const name = names.join(' ') || (description ?? facility ?? comprehensive);
  if (name === undefined) return undefined;
  const authority =
    facility === undefined
      ? authorityIn(field, 11)
      : field.sender.authority(facility, field.code(4, 2), field.code(4, 3));
  const levels = parts.map(([component]) => level(field, component) ?? '');
  const resource: Identified<Location> = {
    resourceType: 'Location',
    id: scope.id('Location', authority, ...(names.length > 0 ? levels : ['', name])),
  };
  if (comprehensive !== undefined) {
    const system = field.sender.authority(field.code(10, 2), field.code(10, 3), field.code(10, 4));
    resource.identifier = [{ system, value: comprehensive }];
  }
  resource.name = name;
  set(resource, 'description', description);
  const kind = field.code(6);
  if (kind !== undefined) resource.type = [{ coding: [{ system: `${terminology}/v2-0305`, code: kind }] }];
  if (type?.[1] !== undefined) {
    const [, code, display] = type;
    resource.physicalType = { coding: [{ system: `${terminology}/location-physical-type`, code, display }] };
  }
  if (facility !== undefined) resource.managingOrganization = { display: facility };
  const reference = scope.add(resource);
  reference.display = name;
  return reference;
}
