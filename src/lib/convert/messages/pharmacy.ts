import type { MedicationRequest, Reference } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import type { Identified, Scope } from '../scope';
import { addStudies } from '../segments/cti';
import { mapCtd } from '../segments/ctd';
import { readOrc, type CommonOrder } from '../segments/orc';
import { mapPrescription, type PharmacyDetail } from '../segments/rx-order';
import { mapAdministration } from '../segments/rxa';
import { mapRxd } from '../segments/rxd';
import { mapTimings } from '../segments/tq1';
import { Rejection } from '../types';
import type { Group } from './grammar';
import { mapBilling, mapOrderPatient, type OrderPatient } from './order-patient';
import type { Events } from './registry';
import { mapResults } from './results';
import { RDE_O11 } from './structures-orders';

/** Orders, encodings, dispenses, givings and administrations of medicines. Returns what the message is about. */
function convertPharmacy(root: Group, scope: Scope): Reference[] {
  const patient = mapOrderPatient(root, scope);
  const orders = root.allGroups('ORDER');
  if (orders.length === 0) throw new Rejection('SEGMENT_MISSING', 'ORC[1]');
  return [patient.subject.reference, ...orders.flatMap((group) => convertOrder(group, scope, patient))];
}

function convertOrder(group: Group, scope: Scope, patient: OrderPatient): Reference[] {
  const { subject, visit } = patient;
  mapBilling(group, scope, patient);
  const orcSegment = group.first('ORC');
  const orc = orcSegment === undefined ? undefined : readOrc(orcSegment, scope, 'MedicationRequest');
  const prescription = mapOrderedMedicine(group, orc, scope, patient);
  const results: Reference[] = prescription === undefined ? [] : [scope.reference(prescription.id)];
  for (const dispense of group.allGroups('DISPENSE')) {
    const [segment] = dispense.all('RXD');
    if (segment === undefined) continue;
    const parts = {
      segment,
      routes: dispense.all('RXR'),
      components: dispense.all('RXC'),
      notes: dispense.all('NTE'),
      participations: dispense.all('PRT'),
    };
    results.push(mapRxd(parts, orc, prescription, scope, subject, visit));
  }
  for (const give of group.allGroups('GIVE'))
    results.push(convertGive(give, orc, prescription, scope, patient));
  for (const administration of group.allGroups('ADMINISTRATION'))
    results.push(...convertAdministration(administration, orc, prescription, scope, patient));
  const about = prescription?.id ?? subject.patient.id;
  const context = { subject, visit, key: about, effective: {} };
  const supporting = mapResults(group, 'OBSERVATION', scope, context, undefined).map(
    ({ reference }) => reference,
  );
  if (prescription !== undefined && supporting.length > 0) prescription.supportingInformation = supporting;
  if (prescription !== undefined) addStudies(group.all('CTI'), prescription, scope);
  return results;
}

/** True when an order of whatever kind is one of medicine. */
export const isMedicine = (group: Group): boolean =>
  group.group('ORDER_DETAIL') !== undefined || group.group('ENCODING') !== undefined;

/** The prescription among orders of other kinds, with what was observed for it. */
export function mapMedicineOrder(group: Group, scope: Scope, patient: OrderPatient): Reference[] {
  const orcSegment = group.first('ORC');
  const orc = orcSegment === undefined ? undefined : readOrc(orcSegment, scope, 'MedicationRequest');
  const prescription = mapOrderedMedicine(group, orc, scope, patient);
  if (prescription === undefined) return [];
  const context = { ...patient, key: prescription.id, effective: {} };
  const supporting = mapResults(group, 'OBSERVATION', scope, context, undefined);
  if (supporting.length > 0)
    prescription.supportingInformation = supporting.map(({ reference }) => reference);
  addStudies(group.all('CTI'), prescription, scope);
  for (const ctd of group.all('CTD')) mapCtd(ctd, scope, prescription);
  return [scope.reference(prescription.id)];
}

/**
 * RXO and RXE of an order group, here and in the general orders: the prescription, as the pharmacy holds it where it
 * says so. An order with neither is still one when it is all there is: a cancellation needs no more than a number.
 */
function mapOrderedMedicine(
  group: Group,
  orc: CommonOrder | undefined,
  scope: Scope,
  { subject, visit }: OrderPatient,
): Identified<MedicationRequest> | undefined {
  const ordered = group.group('ORDER_DETAIL');
  const encoded = group.group('ENCODING');
  const [rxo] = ordered?.all('RXO') ?? [];
  const [rxe] = encoded?.all('RXE') ?? [];
  const isAlone = group.groups.every(({ name }) => !['DISPENSE', 'GIVE', 'ADMINISTRATION'].includes(name));
  if (rxo === undefined && rxe === undefined && !isAlone) {
    return undefined;
  }
  const schedules = [
    ...mapTimings(group.allGroups('TIMING'), scope, 'MedicationRequest.dosageInstruction'),
    ...(orc?.schedules ?? []),
  ];
  const encodedSchedules = mapTimings(
    encoded?.allGroups('TIMING_ENCODED') ?? [],
    scope,
    'MedicationRequest.dosageInstruction',
  );
  const notes = group.all('NTE');
  let original: Identified<MedicationRequest> | undefined;
  if (rxo !== undefined && ordered !== undefined) {
    const detail: PharmacyDetail = {
      name: 'RXO',
      segment: rxo,
      routes: ordered.all('RXR'),
      components: ordered.allGroups('COMPONENT').flatMap((component) => componentsOf(component, scope)),
      notes: rxe === undefined ? [...notes, ...ordered.all('NTE')] : ordered.all('NTE'),
      schedules,
      participations: rxe === undefined ? group.all('PRT') : [],
    };
    original = mapPrescription(orc, detail, scope, subject, visit);
    if (rxe === undefined) return original;
  }
  if (rxe === undefined || encoded === undefined)
    return mapPrescription(orc, undefined, scope, subject, visit);
  const detail: PharmacyDetail = {
    name: 'RXE',
    segment: rxe,
    routes: encoded.all('RXR'),
    components: encoded.all('RXC'),
    notes: [...notes, ...encoded.all('NTE')],
    schedules: encodedSchedules.length > 0 ? encodedSchedules : schedules,
    participations: [...group.all('PRT'), ...encoded.all('PRT')],
  };
  return mapPrescription(orc, detail, scope, subject, visit, original);
}

function componentsOf(component: Group, scope: Scope): Hl7Segment[] {
  for (const nte of component.all('NTE')) scope.open(nte).keepAll('R4 has no notes on an ingredient.');
  return component.all('RXC');
}

/** RXG: one giving is an order of its own, of the prescription. */
function convertGive(
  group: Group,
  orc: CommonOrder | undefined,
  prescription: Identified<MedicationRequest> | undefined,
  scope: Scope,
  { subject, visit }: OrderPatient,
): Reference {
  const [segment] = group.all('RXG');
  if (segment === undefined) return subject.reference;
  const detail: PharmacyDetail = {
    name: 'RXG',
    segment,
    routes: group.all('RXR'),
    components: group.all('RXC'),
    notes: group.all('NTE'),
    schedules: mapTimings(group.allGroups('TIMING_GIVE'), scope, 'MedicationRequest.dosageInstruction'),
    participations: group.all('PRT'),
  };
  const give = mapPrescription(orc, detail, scope, subject, visit, prescription);
  return scope.reference(give.id);
}

function convertAdministration(
  group: Group,
  orc: CommonOrder | undefined,
  prescription: Identified<MedicationRequest> | undefined,
  scope: Scope,
  { subject, visit }: OrderPatient,
): Reference[] {
  const [segment] = group.all('RXA');
  if (segment === undefined) return [];
  const parts = {
    segment,
    routes: group.all('RXR'),
    notes: group.all('NTE'),
    participations: group.all('PRT'),
  };
  const administration = mapAdministration(parts, orc, prescription, scope, subject, visit);
  const context = { subject, visit, key: administration.id, effective: {} };
  for (const { observation } of mapResults(group, 'OBSERVATION', scope, context, undefined))
    if (observation !== undefined) observation.partOf = [scope.reference(administration.id)];
  return [scope.reference(administration.id)];
}

const medicines = { structure: RDE_O11, convert: convertPharmacy };

/** Orders (OMP), encodings (RDE), dispenses (RDS), givings (RGV) and administrations (RAS); `O01` is their v2.2 name. */
export const omp: Events = { O09: medicines };
export const rde: Events = { O01: medicines, O11: medicines, O25: medicines };
export const rds: Events = { O01: medicines, O13: medicines };
export const rgv: Events = { O01: medicines, O15: medicines };
export const ras: Events = { O01: medicines, O17: medicines };
