import type { Location, Reference } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { codeableConcept } from '../datatypes/cwe';
import { location } from '../datatypes/pl';
import { address } from '../datatypes/xad';
import { organization } from '../datatypes/xon';
import { contactPoint } from '../datatypes/xtn';
import { declare, type DeclaredFields } from '../declared';
import { Rejection } from '../types';
import type { Scope } from '../scope';
import { each, set } from '../set';

const rows: DeclaredFields = {
  7: ['license', 'CodeableConcept', '0461'],
  8: ['equipment', 'CodeableConcept', '0261'],
  9: ['service', 'CodeableConcept', '0442'],
};

/** LOC: the Location that PL names in other messages. */
export function mapLoc(segment: Hl7Segment, scope: Scope, inUse: boolean | undefined): Reference {
  const loc = scope.open(segment);
  const reference = location(loc.first(1, 'Location.name'), scope);
  const id = reference?.reference?.slice('urn:uuid:'.length);
  const place = id === undefined ? undefined : scope.resources.get(id);
  if (reference === undefined || place?.resourceType !== 'Location')
    throw new Rejection('SEGMENT_MISSING', `LOC[${segment.occurrence}]-1`);
  loc.entry = reference.reference;
  if (inUse !== undefined) place.status = inUse ? 'active' : 'inactive';
  set(place, 'description', loc.text(2, 'Location.description') ?? place.description);
  const types = each(loc.all(3, 'Location.type'), (field) => codeableConcept(field, { table: '0260' }));
  set(place, 'type', types);
  set(
    place,
    'telecom',
    each(loc.all(6, 'Location.telecom'), (field) => contactPoint(field, 'work')),
  );
  const [first, ...others] = loc.all(5, 'Location.address');
  for (const other of others) other.keep('R4 gives a location one address.');
  set(place, 'address', address(first));
  const [owner, ...more] = loc.all(4, 'Location.managingOrganization');
  for (const other of more) other.keep('R4 gives a location one managing organization.');
  const manager: Location['managingOrganization'] = organization(owner, scope);
  if (manager !== undefined) place.managingOrganization = manager;
  declare(place, 'Location', loc, rows, scope);
  return scope.reference(place.id);
}
