import type { CodeableConcept, Coding, ContactPoint, Identifier, Provenance, Reference } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { confidentiality, requestStatus, type OrderState } from '../codemaps/orders';
import { terminology } from '../codemaps/table';
import { codeableConcept, codingOf } from '../datatypes/cwe';
import { identifier } from '../datatypes/cx';
import { dateTime, instant } from '../datatypes/dtm';
import { entityIdentifier, entityIdentifierIn } from '../datatypes/ei';
import { location } from '../datatypes/pl';
import { readTq, type Schedule } from '../datatypes/timing';
import { address } from '../datatypes/xad';
import { practitioner, practitioners } from '../datatypes/xcn';
import { organization } from '../datatypes/xon';
import { contactPoint } from '../datatypes/xtn';
import { declare } from '../declared';
import { absentReason } from '../extensions';
import { codeKey } from '../keys';
import type { FieldReader, SegmentReader } from '../reader';
import type { Identified, Scope } from '../scope';
import { each, list, set } from '../set';

const kept = {
  5: 'The name of the code.',
  6: 'How the filler should respond: protocol between the two systems.',
  14: 'What is said about the number.',
  21: 'Kind of name, assigning facility, further names: R4 has one organization here, with one name.',
  22: 'Parts of the address that R4 has no element for.',
  20: 'Advance beneficiary notice: R4 orders have none.',
  25: 'HL7 table 0038 has no modifiers that R4 could hold.',
  26: 'Advance beneficiary notice: R4 orders have none.',
  27: 'When the filler expects to be ready: R4 orders have none.',
  30: 'How the order was entered: R4 has no such element.',
  32: 'Advance beneficiary notice: R4 orders have none.',
  34: 'Workflow profile: protocol between the two systems.',
  35: 'Action code: says how to apply the segment.',
};

/** What ORC says, for whatever kind of order follows it. */
export interface CommonOrder extends OrderState {
  readonly reader: SegmentReader;
  readonly placer: Identifier | undefined;
  readonly filler: Identifier | undefined;
  readonly requisition: Identifier | undefined;
  /** Further numbers: the filler's group (ORC-38), alternate placer numbers (ORC-33). */
  readonly otherIdentifiers: readonly (Identifier | undefined)[];
  readonly schedules: readonly Schedule[];
  readonly parents: readonly Reference[];
  readonly authoredOn: string | undefined;
  readonly requester: Reference | undefined;
  readonly callback: ContactPoint[] | undefined;
  readonly statusReason: CodeableConcept | undefined;
  readonly security: Coding | undefined;
  /** Who did what about the order, for its Provenance. */
  readonly event: OrderEvent;
}

interface OrderEvent {
  readonly occurred: string | undefined;
  readonly recorded: string | undefined;
  readonly location: Reference | undefined;
  readonly agents: Provenance['agent'];
}

/** ORC, for an order that becomes a resource of type `type`. */
export function readOrc(segment: Hl7Segment, scope: Scope, type: string): CommonOrder {
  const orc = scope.open(segment, kept);
  const control = orc.code(1, `${type}.status`)?.toUpperCase();
  const requester = practitioner(orc.first(12, `${type}.requester`), scope);
  const facility = organization(orc.first(21, 'Organization'), scope, {
    address: each(orc.all(22, 'Organization.address'), address),
    telecom: each(orc.all(23, 'Organization.telecom'), (field) => contactPoint(field, 'work')),
  });
  addProviderAddress(orc, requester, scope);
  const placed = orc.first(9, control === 'NW' ? `${type}.authoredOn` : 'Provenance.recorded');
  const groupField = orc.first(4, `${type}.requisition`);
  const isPair = (groupField?.repetition.component(1).subcomponentCount ?? 0) > 1;
  const fillerGroup = isPair ? entityIdentifierIn(groupField, 2, 'FGN') : undefined;
  return {
    reader: orc,
    control,
    status: orc.code(5, `${type}.status`)?.toUpperCase(),
    placer: entityIdentifier(orc.first(2, `${type}.identifier`), 'PLAC'),
    filler: entityIdentifier(orc.first(3, `${type}.identifier`), 'FILL'),
    requisition: isPair ? entityIdentifierIn(groupField, 1, 'PGN') : entityIdentifier(groupField, 'PGN'),
    otherIdentifiers: [
      entityIdentifier(orc.first(38, `${type}.identifier`), 'FGN') ?? fillerGroup,
      ...orc.all(33, `${type}.identifier`).map((field) => identifier(field, 'PLAC')),
    ],
    schedules: orc
      .all(7, `${type}.timing`)
      .map(readTq)
      .filter((schedule) => schedule !== undefined),
    parents: parentOrders(orc.first(8, `${type}.basedOn`), orc.first(31, `${type}.basedOn`)),
    authoredOn: control === 'NW' ? dateTime(placed) : undefined,
    requester: requester ?? facility,
    callback: each(orc.all(14, `${type}.extension(callback)`), (field) => contactPoint(field, 'work')),
    statusReason: codeableConcept(orc.first(16, `${type}.statusReason`)),
    security: codingOf(orc.first(28, `${type}.meta.security`), {
      table: '0177',
      map: (code) => confidentiality(code?.toUpperCase()),
    }),
    event: {
      occurred: dateTime(orc.first(15, 'Provenance.occurred')) ?? dateTime(placed),
      recorded: instant(placed),
      location: location(orc.first(13, 'Provenance.location'), scope),
      agents: agents(orc, requester, facility, scope),
    },
  };
}

/** ORC-8, OBR-29 and OBR-54: the order that this one is a child of; ORC-31 and OBR-50 say what it asks for. */
export function parentOrders(
  pair: FieldReader | undefined,
  service: FieldReader | undefined,
): readonly Reference[] {
  const concept = codeableConcept(service);
  const display = concept?.text ?? concept?.coding?.[0]?.display ?? concept?.coding?.[0]?.code;
  const named = list([entityIdentifierIn(pair, 1, 'PLAC'), entityIdentifierIn(pair, 2, 'FILL')])?.map(
    (value): Reference => ({ type: 'ServiceRequest', identifier: value }),
  );
  if (display === undefined) return named ?? [];
  return (named ?? [{ type: 'ServiceRequest' }]).map((parent) => ({ ...parent, display }));
}

/** ORC-24 belongs to the practitioner of ORC-12; a bare name has no resource to hold it. */
function addProviderAddress(orc: SegmentReader, requester: Reference | undefined, scope: Scope): void {
  const fields = orc.all(24, 'Practitioner.address');
  const value = each(fields, address);
  const id = requester?.reference?.slice('urn:uuid:'.length);
  if (value === undefined) return;
  if (id === undefined)
    for (const field of fields) field.keep('The ordering provider has no identifier to be a resource.');
  else scope.add({ resourceType: 'Practitioner', id, address: value });
}

const agentType = (code: string, display: string): CodeableConcept => ({
  coding: [{ system: `${terminology}/provenance-participant-type`, code, display }],
});

/** Who entered, verified, authored and did it (guide: ORC[Provenance]). */
function agents(
  orc: SegmentReader,
  requester: Reference | undefined,
  facility: Reference | undefined,
  scope: Scope,
): Provenance['agent'] {
  const people = (n: number): Reference[] => practitioners(orc.all(n, 'Provenance.agent.who'), scope);
  const place = codedOrganization(orc.first(17, 'Provenance.agent.onBehalfOf'), scope);
  const enterers = people(10);
  const device = codedDevice(orc.first(18, 'Provenance.agent.who'), scope);
  const result: Provenance['agent'] = [];
  const at = (who: Reference, code: string, display: string, onBehalfOf?: Reference): void => {
    const agent: Provenance['agent'][number] = { type: agentType(code, display), who };
    set(agent, 'onBehalfOf', onBehalfOf);
    result.push(agent);
  };
  for (const who of enterers) at(who, 'enterer', 'Enterer', place);
  if (enterers.length === 0 && place !== undefined) at(place, 'enterer', 'Enterer');
  if (device !== undefined) at(device, 'enterer', 'Enterer');
  for (const who of people(11)) at(who, 'verifier', 'Verifier');
  if (requester !== undefined) at(requester, 'author', 'Author', facility);
  for (const who of practitioners(orc.all(12, 'Provenance.agent.who').slice(1), scope))
    at(who, 'author', 'Author', facility);
  for (const who of people(19)) at(who, 'performer', 'Performer');
  return result;
}

/** An organization named by a code or a word (ORC-17, RXE-40): known by the code, else by its name with this sender. */
export function codedOrganization(field: FieldReader | undefined, scope: Scope): Reference | undefined {
  const concept = codeableConcept(field);
  if (field === undefined || concept === undefined) return undefined;
  const [coding] = concept.coding ?? [];
  const name = concept.text ?? coding?.display;
  const system = coding?.system ?? field.sender.system;
  const resource: Identified = {
    resourceType: 'Organization',
    id:
      coding?.code === undefined
        ? scope.id('Organization', scope.sender.system, 'name', name ?? '')
        : scope.id('Organization', system, coding.code),
  };
  if (coding?.code !== undefined) Object.assign(resource, { identifier: [{ system, value: coding.code }] });
  if (name !== undefined) Object.assign(resource, { name });
  const reference = scope.add(resource);
  set(reference, 'display', name);
  return reference;
}

function codedDevice(field: FieldReader | undefined, scope: Scope): Reference | undefined {
  const concept = codeableConcept(field);
  if (field === undefined || concept === undefined) return undefined;
  const [system, code] = codeKey(concept);
  const display = concept.text ?? concept.coding?.[0]?.display ?? code;
  if (concept.coding === undefined) return { display };
  const reference = scope.add({
    resourceType: 'Device',
    id: scope.id('Device', system === '' ? field.sender.system : system, code),
    identifier: [{ system: system === '' ? field.sender.system : system, value: code }],
    deviceName: [{ name: display, type: 'user-friendly-name' }],
  });
  reference.display = display;
  return reference;
}

/** The event that ORC reports (guide: ORC[Provenance]); without anybody in it there is none to tell. */
export function addOrderEvent(
  orc: CommonOrder,
  target: Reference,
  scope: Scope,
  others: Provenance['agent'] = [],
  operation?: Coding,
): void {
  const { event, control } = orc;
  const agent = [...event.agents, ...others];
  if (agent.length === 0) {
    if (requestStatus({ control, status: undefined }) === undefined)
      orc.reader.first(1, '')?.keep('This ORC-1 says nothing about the status of the order.');
    for (const n of [9, 13, 15])
      for (const field of orc.reader.all(n, 'Provenance.occurred'))
        if (n !== 9 || orc.authoredOn === undefined)
          field.keep('ORC names nobody who did it, and R4 has no event without one.');
    return;
  }
  orc.reader.all(1, 'Provenance.activity');
  const provenance = {
    resourceType: 'Provenance',
    id: scope.nextId('Provenance', scope.messageKey, target.reference ?? ''),
    target: [target],
  } as Identified<Provenance>;
  set(provenance, 'occurredDateTime', event.occurred);
  if (event.recorded === undefined && !orc.reader.isEmpty(15))
    declare(provenance, 'Provenance', orc.reader, { 9: ['recorded', 'dateTime'] }, scope);
  const recorded = event.recorded ?? instant(scope.open(scope.message.msh).first(7, 'Provenance.recorded'));
  if (recorded === undefined) Object.assign(provenance, { _recorded: absentReason('unknown') });
  else provenance.recorded = recorded;
  set(provenance, 'location', event.location);
  const said =
    control === undefined
      ? undefined
      : { system: `${terminology}/v2-0119`, code: control.replace(/\s+/g, ' ') };
  const coding = list([operation, said]);
  if (coding !== undefined) provenance.activity = { coding };
  provenance.agent = agent;
  scope.add(provenance);
}
