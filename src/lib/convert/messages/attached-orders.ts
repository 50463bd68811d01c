import type { Reference } from 'fhir/r4';
import type { Scope } from '../scope';
import { mapOrderedObr } from '../segments/obr';
import { mapBareOrder } from '../segments/orc-request';
import type { PatientSubject } from '../segments/pid';
import type { Visit } from '../segments/pv1';
import type { Group } from './grammar';
import { isMedicine, mapMedicineOrder } from './pharmacy';
import { completeReport, mapOrderFindings, orderSegments } from './results';

/** Orders beside what a message is about: those behind a document, a charge or a problem. Requests, and reports. */
export function mapAttachedOrders(
  groups: readonly Group[],
  scope: Scope,
  subject: PatientSubject,
  visit: Visit | undefined,
): Reference[] {
  return groups.flatMap((group) => {
    const orc = group.first('ORC');
    const obr = group.first('OBR');
    if (obr === undefined && isMedicine(group)) return mapMedicineOrder(group, scope, { subject, visit });
    if (obr === undefined) return orc === undefined ? [] : [mapBareOrder(orc, group, scope, subject, visit)];
    const order = mapOrderedObr(orderSegments(group, obr), scope, subject, visit);
    const found = mapOrderFindings(group, 'OBSERVATION', scope, order);
    const { request, report } = order;
    const reference = scope.reference(request.id);
    if (report === undefined) {
      if (found.specimens.length > 0) request.specimen = found.specimens;
      if (found.results.length > 0) request.supportingInfo = found.results.map((result) => result.reference);
      return [reference];
    }
    completeReport({ ...order, report }, found, scope);
    return [reference, scope.reference(report.id)];
  });
}
