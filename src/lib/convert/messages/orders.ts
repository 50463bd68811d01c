import type { Reference } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { joinKey } from '../identity';
import type { Identified, Scope } from '../scope';
import { mapCtd } from '../segments/ctd';
import { mapDg1 } from '../segments/dg1';
import { mapOrderedObr, mapObr, type Order, type ReportedOrder } from '../segments/obr';
import { mapDiet } from '../segments/ods';
import { readOrc } from '../segments/orc';
import { mapSupply } from '../segments/rqd';
import { mapBareOrder } from '../segments/orc-request';
import { Rejection } from '../types';
import type { Group } from './grammar';
import { mapBilling, mapOrderPatient, type OrderPatient } from './order-patient';
import { linkParents, type ConvertedOrder } from './parents';
import { isMedicine, mapMedicineOrder } from './pharmacy';
import type { Converter, Events } from './registry';
import {
  carryPlaces,
  completeReport,
  mapOrderFindings,
  mapResults,
  mapSpecimens,
  orderSegments,
} from './results';
import { OML_O33, ORM_O01 } from './structures-orders';
import { mapPatient } from './visit';

/** Orders of one patient, for whatever each of them asks. Returns what the message is about. */
function convertOrders(root: Group, scope: Scope): Reference[] {
  const patient = mapOrderPatient(root, scope);
  adoptRest(root);
  const groups = root.allGroups('ORDER');
  if (groups.length === 0) throw new Rejection('SEGMENT_MISSING', 'ORC[1]');
  const converted: ConvertedOrder[] = [];
  const targets = groups.flatMap((group) => convertOrder(group, scope, patient, converted));
  linkParents(converted, scope);
  carryPlaces(
    converted.map(({ order }) => order.obr.segment),
    'Provenance.target',
    scope,
  );
  for (const prior of root.allGroups('PRIOR_RESULT')) convertPrior(prior, scope);
  return [patient.subject.reference, ...targets];
}

/** What stands behind the earlier results of an order is of the order. */
function adoptRest(root: Group): void {
  let order: Group | undefined;
  for (const group of root.groups) {
    if (group.name === 'ORDER') order = group;
    else if (group.name === 'SPECIMEN') order = group.allGroups('ORDER').at(-1);
    else if (group.name === 'ORDER_REST') order?.segments.push(...group.segments);
  }
}

/** OML_O33 and OML_O35: the orders of each specimen. */
function convertBySpecimen(root: Group, scope: Scope): Reference[] {
  const patient = mapOrderPatient(root, scope);
  const { subject, visit } = patient;
  const key = joinKey(subject.patient.id, 'message', scope.messageKey);
  adoptRest(root);
  const groups = root.allGroups('SPECIMEN');
  if (groups.length === 0) throw new Rejection('SEGMENT_MISSING', 'SPM[1]');
  const converted: ConvertedOrder[] = [];
  const targets = mapSpecimens(groups, scope, { subject, key }).flatMap(({ group, specimen }) => {
    const context = { subject, visit, key, effective: {} };
    mapResults(group, 'SPECIMEN_OBSERVATION', scope, context, specimen);
    return group
      .allGroups('ORDER')
      .flatMap((order) =>
        convertOrder(order, scope, patient, converted, specimen === undefined ? [] : [specimen]),
      );
  });
  linkParents(converted, scope);
  carryPlaces(
    converted.map(({ order }) => order.obr.segment),
    'Provenance.target',
    scope,
  );
  for (const prior of root.allGroups('PRIOR_RESULT')) convertPrior(prior, scope);
  return [subject.reference, ...targets];
}

function convertOrder(
  group: Group,
  scope: Scope,
  patient: OrderPatient,
  converted: ConvertedOrder[],
  given: readonly Reference[] = [],
): Reference[] {
  const { subject, visit } = patient;
  mapBilling(group, scope, patient);
  const obr = group.first('OBR');
  if (obr !== undefined) return convertService(group, obr, scope, patient, converted, given);
  if (isMedicine(group)) return mapMedicineOrder(group, scope, patient);
  const orcSegment = group.first('ORC');
  if (orcSegment === undefined) return [];
  const reference = mapOther(group, orcSegment, scope, patient);
  const id = reference.reference?.slice('urn:uuid:'.length) ?? '';
  const results = mapResults(
    group,
    'OBSERVATION',
    scope,
    { subject, visit, key: id, effective: {} },
    undefined,
  );
  const request = scope.resources.get(id);
  // R4 orders of food and supplies do not refer to what was observed; the observations stand for themselves.
  if (request?.resourceType === 'ServiceRequest' && results.length > 0)
    request.supportingInfo = results.map((result) => result.reference);
  if (request !== undefined) for (const ctd of group.all('CTD')) mapCtd(ctd, scope, request);
  conditionsOf(group, scope, patient);
  return [reference];
}

/** Food (ODS), supplies (RQD), or an order of which only the number is told. */
function mapOther(
  group: Group,
  orcSegment: Hl7Segment,
  scope: Scope,
  { subject, visit }: OrderPatient,
): Reference {
  const diets = group.all('ODS');
  if (diets.length > 0) {
    const orc = readOrc(orcSegment, scope, 'NutritionOrder');
    return mapDiet({ diets, trays: group.all('ODT'), notes: group.all('NTE') }, orc, scope, subject, visit);
  }
  const [rqd] = group.all('RQD');
  if (rqd === undefined) return mapBareOrder(orcSegment, group, scope, subject, visit);
  const orc = readOrc(orcSegment, scope, 'SupplyRequest');
  return mapSupply({ rqd, rq1: group.first('RQ1'), notes: group.all('NTE') }, orc, scope, subject);
}

/** ORC, OBR: the request with its specimens, diagnoses and what the orderer observed. */
function convertService(
  group: Group,
  obr: Hl7Segment,
  scope: Scope,
  { subject, visit }: OrderPatient,
  converted: ConvertedOrder[],
  given: readonly Reference[],
): Reference[] {
  const order = mapOrderedObr(orderSegments(group, obr), scope, subject, visit);
  const found = mapOrderFindings(group, 'OBSERVATION', scope, order, given);
  const { request } = order;
  if (found.specimens.length > 0) request.specimen = found.specimens;
  for (const ctd of group.all('CTD')) mapCtd(ctd, scope, request);
  const reasons = conditionsOf(group, scope, { subject, visit });
  if (reasons.length > 0) request.reasonReference = reasons;
  if (isReported(order)) completeReport(order, found, scope);
  else if (found.results.length > 0) {
    request.supportingInfo = found.results.map(({ reference }) => reference);
    carryPlaces(
      found.results.map(({ obx }) => obx),
      'ServiceRequest.supportingInfo',
      scope,
    );
  }
  converted.push({ order, results: found.results });
  const reference = scope.reference(request.id);
  return order.report === undefined ? [reference] : [reference, scope.reference(order.report.id)];
}

const isReported = (order: Order): order is ReportedOrder => order.report !== undefined;

/** DG1 of an order: why it is asked for. */
function conditionsOf(group: Group, scope: Scope, { subject, visit }: OrderPatient): Reference[] {
  return group.all('DG1').flatMap((dg1) => {
    const before = new Set(scope.resources.keys());
    mapDg1(dg1, scope, subject, visit);
    return [...scope.resources.values()]
      .filter(
        (resource): resource is Identified =>
          resource.resourceType === 'Condition' && !before.has(resource.id),
      )
      .map(({ id }) => scope.reference(id));
  });
}

/** Earlier results that the filler should know: reports as any other, of the patient as they were known then. */
function convertPrior(group: Group, scope: Scope): void {
  const subject = mapPatient(group.group('PATIENT_PRIOR'), scope);
  for (const orderGroup of group.allGroups('ORDER_PRIOR')) {
    const obr = orderGroup.first('OBR');
    if (obr === undefined) continue;
    const order = mapObr(orderSegments(orderGroup, obr), scope, subject, undefined);
    completeReport(order, mapOrderFindings(orderGroup, 'OBSERVATION', scope, order), scope);
  }
}

const general: Converter = { structure: ORM_O01, convert: convertOrders };
const bySpecimen: Converter = { structure: OML_O33, convert: convertBySpecimen };

export const orm: Events = { O01: general, '': general };
export const omg: Events = { O19: general };
export const omi: Events = { O23: general };
/** Diets (OMD), stock (OMS) and other supplies (OMN). */
export const omd: Events = { O03: general };
export const oms: Events = { O05: general };
export const omn: Events = { O07: general };
export const oml: Events = { O21: general, O33: bySpecimen, O35: bySpecimen, O39: general };
