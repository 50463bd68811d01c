import type { CodeableConcept, Period, PractitionerRole, Reference } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { providerRole } from '../codemaps/roles';
import { codeableConcept } from '../datatypes/cwe';
import { dateTime } from '../datatypes/dtm';
import { period } from '../datatypes/dr';
import { entityIdentifier } from '../datatypes/ei';
import { location } from '../datatypes/pl';
import { address } from '../datatypes/xad';
import { practitioner } from '../datatypes/xcn';
import { organization } from '../datatypes/xon';
import { contactPoint } from '../datatypes/xtn';
import { declare, type DeclaredFields } from '../declared';
import { codeKey, identifierKey } from '../keys';
import type { SegmentReader } from '../reader';
import type { Identified, Scope } from '../scope';
import { each, list, set } from '../set';

const kept = { 2: 'Action code: how a receiver should apply the segment.' };

const rows: DeclaredFields = {
  7: ['role-duration', 'CodeableConcept'],
  8: ['role-action-reason', 'CodeableConcept'],
  10: ['organization-unit-type', 'CodeableConcept', '0406'],
};

/** Somebody in a role: for Encounter.participant, CareTeam.participant, Patient.generalPractitioner or a performer. */
export interface Role {
  readonly code: string | undefined;
  readonly concept: CodeableConcept | undefined;
  readonly actor: Reference;
  readonly period: Period | undefined;
}

/** ROL: a PractitionerRole for the first person it names; the one thing that holds all that ROL says. */
export function readRol(segment: Hl7Segment, scope: Scope): Role | undefined {
  const rol = scope.open(segment, kept);
  const action = rol.first(2, 'action');
  action?.keep(kept[2]);
  if (action?.code(1)?.toUpperCase() === 'DE') {
    rol.keepAll('The sender withdraws this role.');
    return undefined;
  }
  const coded = rol.first(3, 'PractitionerRole.code');
  const concept = codeableConcept(coded, { table: '0443', map: providerRole });
  const [first, ...others] = rol.all(4, 'PractitionerRole.practitioner');
  for (const other of others) other.keep('A role has one person in R4.');
  const person = practitioner(first, scope);
  const employer = organization(rol.first(14, 'PractitionerRole.organization'), scope);
  if (person === undefined && employer === undefined) {
    rol.keepAll('The role names neither a person nor an organization.');
    return undefined;
  }
  const own = entityIdentifier(rol.first(1, 'PractitionerRole.identifier'));
  const who = (person ?? employer)?.reference ?? (person ?? employer)?.display ?? '';
  const role: Identified<PractitionerRole> = {
    resourceType: 'PractitionerRole',
    id: scope.id(
      'PractitionerRole',
      ...(own === undefined ? ['', ''] : identifierKey(own)),
      ...codeKey(concept),
      who,
    ),
  };
  rol.entry = `urn:uuid:${role.id}`;
  if (own !== undefined) role.identifier = [own];
  const [from, to] = [5, 6].map((n) => dateTime(rol.first(n, 'PractitionerRole.period')));
  const during = period(from, to, rol);
  set(role, 'period', during);
  set(role, 'practitioner', person);
  set(role, 'organization', employer);
  set(role, 'code', list([concept]));
  set(
    role,
    'specialty',
    each(rol.all(9, 'PractitionerRole.specialty'), (field) => codeableConcept(field)),
  );
  set(role, 'location', list([location(rol.first(13, 'PractitionerRole.location'), scope)]));
  set(
    role,
    'telecom',
    each(rol.all(12, 'PractitionerRole.telecom'), (field) => contactPoint(field, 'work')),
  );
  addAddresses(rol, person, scope);
  declare(role, 'PractitionerRole', rol, rows, scope);
  const actor = scope.add(role);
  set(actor, 'display', person?.display ?? employer?.display);
  return { code: coded?.code(1)?.toUpperCase(), concept, actor, period: during };
}

function addAddresses(rol: SegmentReader, person: Reference | undefined, scope: Scope): void {
  const fields = rol.all(11, 'Practitioner.address');
  const addresses = each(fields, address);
  const resource = person?.reference && scope.resources.get(person.reference.slice('urn:uuid:'.length));
  if (resource && resource.resourceType === 'Practitioner') {
    if (addresses !== undefined) resource.address ??= addresses;
  } else for (const field of fields) field.keep('ROL-4 gives no identifier, so no Practitioner was made.');
}
