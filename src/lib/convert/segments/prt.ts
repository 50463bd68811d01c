import type { CodeableConcept, Device, PractitionerRole, Reference } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { participationRole } from '../codemaps/roles';
import { codeableConcept } from '../datatypes/cwe';
import { dateTime } from '../datatypes/dtm';
import { period } from '../datatypes/dr';
import { entityIdentifier } from '../datatypes/ei';
import { location } from '../datatypes/pl';
import { licenceNumber } from '../datatypes/pln';
import { address } from '../datatypes/xad';
import { practitioner } from '../datatypes/xcn';
import { organization } from '../datatypes/xon';
import { contactPoint } from '../datatypes/xtn';
import { conceptExtension, extend } from '../extensions';
import { codeKey, identifierKey } from '../keys';
import type { SegmentReader } from '../reader';
import type { Identified, Scope } from '../scope';
import { each, list, set } from '../set';

const kept = {
  1: 'Participation instance: order of segments in the message.',
  2: 'Action code: says how to apply the segment.',
  3: 'Action reason: says why the segment is sent.',
  13: 'R4 participations have no mode of transport.',
  23: 'R4 has no preferred means of contact for a participant.',
};

/** One participation: who, in what role, where, with which device. */
export interface Participation {
  readonly role: CodeableConcept | undefined;
  /** PRT-4.1. */
  readonly roleCode: string | undefined;
  readonly actor: Reference | undefined;
  readonly location: Reference | undefined;
  readonly devices: readonly Reference[];
}

/** PRT; `target` is the element that takes the participant. */
export function readPrt(segment: Hl7Segment, scope: Scope, target: string): Participation {
  const prt = scope.open(segment, kept);
  const roleField = prt.first(4, `${target}.function`);
  const role = codeableConcept(roleField, { table: '0912', map: participationRole });
  return {
    role,
    roleCode: roleField?.code(1)?.toUpperCase(),
    actor: actor(prt, role, scope, target),
    location: place(prt, scope),
    devices: prt
      .all(10, 'Device.identifier')
      .map((_, i) => device(prt, i, scope))
      .filter((reference) => reference !== undefined),
  };
}

/** The person in the organization as a PractitionerRole; either of them alone for itself. */
function actor(
  prt: SegmentReader,
  role: CodeableConcept | undefined,
  scope: Scope,
  target: string,
): Reference | undefined {
  const person = practitioner(prt.first(5, target), scope);
  for (const other of prt.all(5, target).slice(1)) other.keep('One participation has one person.');
  const telecom = each(
    prt.all(15, person === undefined ? 'Organization.telecom' : 'PractitionerRole.telecom'),
    (field) => contactPoint(field, 'work'),
  );
  const type = codeableConcept(prt.first(7, 'Organization.type'), { table: '0406' });
  const employer = organization(prt.first(8, 'Organization'), scope, person === undefined ? { telecom } : {});
  const employerId = employer?.reference?.slice('urn:uuid:'.length);
  if (type !== undefined && employerId !== undefined)
    scope.add({ resourceType: 'Organization', id: employerId, type: [type] });
  else if (type !== undefined) prt.first(7, 'Organization.type')?.keep('PRT-8 names no organization.');
  const providerType = codeableConcept(prt.first(6, 'PractitionerRole.specialty'));
  const from = prt.first(11, 'PractitionerRole.period');
  const when = from && period(dateTime(from), dateTime(prt.first(12, 'PractitionerRole.period')), from);
  const contactIds = each(prt.all(24, 'PractitionerRole.identifier'), licenceNumber);
  const details = [employer, telecom, providerType, when, contactIds];
  if (person === undefined || details.every((detail) => detail === undefined)) return person ?? employer;
  const result: Identified<PractitionerRole> = {
    resourceType: 'PractitionerRole',
    id: scope.id(
      'PractitionerRole',
      person.reference ?? joinDisplay(person),
      employer?.reference ?? '',
      ...codeKey(role),
    ),
  };
  set(result, 'identifier', contactIds);
  set(result, 'period', when);
  result.practitioner = person;
  set(result, 'organization', employer);
  if (role !== undefined) result.code = [role];
  if (providerType !== undefined) result.specialty = [providerType];
  set(result, 'telecom', telecom);
  const reference = scope.add(result);
  set(reference, 'display', person.display);
  return reference;
}

/** A bare name is this message's own. */
const joinDisplay = ({ display = '' }: Reference): string => `name ${display}`;

/** PRT-9, and the address of PRT-14 where it is the address of that place. */
function place(prt: SegmentReader, scope: Scope): Reference | undefined {
  const reference = location(prt.first(9, 'Location'), scope);
  const id = reference?.reference?.slice('urn:uuid:'.length);
  const fields = prt.all(14, 'Location.address');
  const [value] = each(fields, address) ?? [];
  if (value !== undefined && id !== undefined) scope.add({ resourceType: 'Location', id, address: value });
  else for (const field of fields) field.keep('The participation names no place to have the address.');
  for (const field of fields.slice(1)) field.keep('A place has one address.');
  return reference;
}

/** PRT-10 and what PRT-16 to 22 say about the first device. */
function device(prt: SegmentReader, index: number, scope: Scope): Reference | undefined {
  const field = prt.all(10, 'Device.identifier')[index];
  const identifier = entityIdentifier(field);
  if (identifier === undefined) return undefined;
  const result: Identified<Device> = {
    resourceType: 'Device',
    id: scope.id('Device', ...identifierKey(identifier)),
    identifier: [identifier],
  };
  if (index === 0) {
    const udi = entityIdentifier(prt.first(16, 'Device.udiCarrier.deviceIdentifier'));
    if (udi?.value !== undefined)
      result.udiCarrier = [{ deviceIdentifier: udi.value, issuer: udi.system ?? '' }];
    set(result, 'manufactureDate', dateTime(prt.first(17, 'Device.manufactureDate')));
    set(result, 'expirationDate', dateTime(prt.first(18, 'Device.expirationDate')));
    set(result, 'lotNumber', prt.text(19, 'Device.lotNumber'));
    set(result, 'serialNumber', prt.text(20, 'Device.serialNumber'));
    set(result, 'distinctIdentifier', entityIdentifier(prt.first(21, 'Device.distinctIdentifier'))?.value);
    set(result, 'type', codeableConcept(prt.first(22, 'Device.type')));
  }
  return scope.add(result);
}

/** The participants as performers, each with its role as function. */
export function performersOf(participations: readonly Participation[]): Reference[] | undefined {
  return list(
    participations.map(({ actor: who, role }) => {
      if (who === undefined) return undefined;
      const performer = { ...who };
      if (role !== undefined) extend(performer, conceptExtension('event-performerFunction', role));
      return performer;
    }),
  );
}

/** Where it happened: R4 knows the place of an event only as this extension. */
export function addLocations(
  resource: { extension?: unknown[] },
  participations: readonly Participation[],
): void {
  for (const { location: where } of participations) {
    if (where !== undefined)
      (resource.extension ??= []).push({
        url: 'http://hl7.org/fhir/StructureDefinition/event-location',
        valueReference: where,
      });
  }
}
