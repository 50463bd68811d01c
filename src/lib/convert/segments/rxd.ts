import type {
  Annotation,
  Location,
  MedicationDispense,
  MedicationRequest,
  Medication,
  Reference,
} from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { dispenseStatus } from '../codemaps/orders';
import { wasSubstituted } from '../codemaps/pharmacy';
import { codeableConcept } from '../datatypes/cwe';
import { dateTime } from '../datatypes/dtm';
import { location } from '../datatypes/pl';
import { address } from '../datatypes/xad';
import { practitioners } from '../datatypes/xcn';
import type { SegmentReader } from '../reader';
import type { Identified, Scope } from '../scope';
import { each, list, set } from '../set';
import { medication } from './medication';
import { productCode } from './product-code';
import { mapNotes } from './nte';
import { codedOrganization, type CommonOrder } from './orc';
import type { PatientSubject } from './pid';
import { performersOf, readPrt } from './prt';
import type { Visit } from './pv1';
import { amount, instructions, keepLonelyUnit, perDay, strength } from './rx-amounts';
import { readRxr } from './rxr';

const counter = 'Counter: order of segments in the message.';
const review = 'Whether a person must look at it: protocol between the two systems.';
const packaging = 'Packaging: R4 dispenses have no such element.';
const kept = {
  1: counter,
  8: 'Refills that remain: the prescription counts them.',
  14: review,
  21: 'Indication: the prescription has it.',
  22: packaging,
  23: packaging,
  24: packaging,
  26: 'Where it began: R4 dispenses name where it went.',
  27: packaging,
  32: 'Type of pharmacy order: the prescription has it.',
  35: 'Radio tag of the package.',
};

export interface Dispense {
  readonly segment: Hl7Segment;
  readonly routes: readonly Hl7Segment[];
  readonly components: readonly Hl7Segment[];
  readonly notes: readonly Hl7Segment[];
  readonly participations: readonly Hl7Segment[];
}

/** RXD: what was dispensed on a prescription. With the time of it (RXD-3) it was; else ORC says how far it is. */
export function mapRxd(
  { segment, routes, components, notes, participations }: Dispense,
  orc: CommonOrder | undefined,
  prescription: Identified<MedicationRequest> | undefined,
  scope: Scope,
  subject: PatientSubject,
  visit: Visit | undefined,
): Reference {
  const rxd = scope.open(segment, kept);
  const number = rxd.code(7, 'MedicationDispense.identifier');
  const when = rxd.first(3, 'MedicationDispense.whenHandedOver');
  const id = scope.nextId(
    'MedicationDispense',
    prescription?.id ?? subject.patient.id,
    number ?? '',
    when?.code(1) ?? scope.messageKey,
  );
  rxd.entry = `urn:uuid:${id}`;
  const handedOver = dateTime(when);
  const dispense = {
    resourceType: 'MedicationDispense',
    id,
    status: (orc && dispenseStatus(orc)) ?? (handedOver === undefined ? 'unknown' : 'completed'),
  } as Identified<MedicationDispense>;
  const own =
    number === undefined
      ? undefined
      : { type: { text: 'Prescription number' }, system: scope.sender.system, value: number };
  set(dispense, 'identifier', list([own]));
  const product = {
    code: productCode(rxd, 2, 25),
    form: codeableConcept(rxd.first(6, 'Medication.form')),
    strength: strength(rxd, { strength: 16, unit: 17, volume: 28, volumeUnit: 29 }),
    components,
    manufacturer: codedOrganization(rxd.first(20, 'Medication.manufacturer'), scope),
    batch: batchOf(rxd, 18, 19),
  };
  Object.assign(dispense, medication(product, id, scope));
  dispense.subject = subject.reference;
  if (visit !== undefined) dispense.context = visit.reference;
  const others = participations.map((prt) => readPrt(prt, scope, 'MedicationDispense.performer'));
  const performers = [
    ...practitioners(rxd.all(10, 'MedicationDispense.performer'), scope),
    ...(performersOf(others) ?? []),
  ];
  if (performers.length > 0) dispense.performer = performers.map((actor) => ({ actor }));
  set(
    dispense,
    'authorizingPrescription',
    prescription === undefined
      ? list([orc?.placer, orc?.filler])?.map((named) => ({ type: 'MedicationRequest', identifier: named }))
      : [scope.reference(prescription.id)],
  );
  set(dispense, 'type', codeableConcept(rxd.first(33, 'MedicationDispense.type'), { table: '0484' }));
  const unit = rxd.first(5, 'MedicationDispense.quantity');
  const quantity = amount(rxd.first(4, 'MedicationDispense.quantity'), unit);
  keepLonelyUnit(unit, quantity);
  set(dispense, 'quantity', quantity);
  set(dispense, 'whenHandedOver', handedOver);
  set(dispense, 'destination', destination(rxd, scope));
  const said = rxd
    .all(9, 'MedicationDispense.note')
    .map((field) => field.get(1))
    .filter((text) => text !== undefined)
    .map((text): Annotation => ({ text }));
  const all = [...said, ...(mapNotes(notes, scope, 'MedicationDispense.note') ?? [])];
  if (all.length > 0) dispense.note = all;
  set(dispense, 'dosageInstruction', dosages(rxd, routes, scope));
  const substitution = rxd.code(11, 'MedicationDispense.substitution')?.toUpperCase();
  const changed = wasSubstituted(substitution);
  if (changed !== undefined) dispense.substitution = { wasSubstituted: changed };
  else if (substitution !== undefined)
    rxd
      .first(11, 'MedicationDispense.substitution')
      ?.keep('The code does not say whether it was substituted (table 0167).');
  return scope.add(dispense);
}

/** Lot and expiry, of which v2 allows several and R4 one. */
export function batchOf(rx: SegmentReader, lot: number, expiry: number): Medication['batch'] {
  const batch: NonNullable<Medication['batch']> = {};
  set(batch, 'lotNumber', rx.text(lot, 'Medication.batch.lotNumber'));
  set(batch, 'expirationDate', dateTime(rx.first(expiry, 'Medication.batch.expirationDate')));
  for (const n of [lot, expiry])
    for (const other of rx.all(n, 'Medication.batch').slice(1)) other.keep('R4 has one batch.');
  return Object.keys(batch).length === 0 ? undefined : batch;
}

/** RXD-13, else the pharmacy it goes to (RXD-30, its address RXD-31). */
function destination(rxd: SegmentReader, scope: Scope): Reference | undefined {
  const target = 'MedicationDispense.destination';
  const place = location(rxd.first(13, target), scope);
  const pharmacy = codeableConcept(rxd.first(30, target));
  const [where] = each(rxd.all(31, 'Location.address'), address) ?? [];
  const name = pharmacy?.text ?? pharmacy?.coding?.[0]?.display ?? pharmacy?.coding?.[0]?.code;
  if (place !== undefined || name === undefined) {
    for (const n of [30, 31])
      for (const field of rxd.all(n, target)) field.keep('RXD-13 names where it goes.');
    return place;
  }
  const resource: Identified<Location> = {
    resourceType: 'Location',
    id: scope.id('Location', scope.sender.system, name),
    name,
  };
  if (where !== undefined) resource.address = where;
  return { ...scope.add(resource), display: name };
}

function dosages(
  rxd: SegmentReader,
  routes: readonly Hl7Segment[],
  scope: Scope,
): MedicationDispense['dosageInstruction'] {
  const target = 'MedicationDispense.dosageInstruction';
  const additional = instructions(rxd, 15);
  const daily = perDay(rxd.first(12, `${target}.maxDosePerPeriod`));
  const ways = routes.length > 0 ? routes.map((rxr) => readRxr(rxr, scope, target)) : [undefined];
  const all = ways.map((way) => {
    const dosage: NonNullable<MedicationDispense['dosageInstruction']>[number] = {};
    set(dosage, 'additionalInstruction', list([...(additional ?? []), way?.instruction]));
    set(dosage, 'site', way?.site);
    set(dosage, 'route', way?.route);
    set(dosage, 'method', way?.method);
    set(dosage, 'maxDosePerPeriod', daily);
    return dosage;
  });
  const present = all.filter((dosage) => Object.keys(dosage).length > 0);
  return present.length === 0 ? undefined : present;
}
