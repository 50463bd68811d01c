import type { Reference } from 'fhir/r4';
import type { Diagnostic, Hl7Segment } from '../../hl7';
import { joinKey } from '../identity';
import type { Scope } from '../scope';
import { mapCtd } from '../segments/ctd';
import { mapObr } from '../segments/obr';
import type { PatientSubject } from '../segments/pid';
import type { Visit } from '../segments/pv1';
import { Rejection } from '../types';
import { mapFindings } from './findings';
import { mapReportDocuments } from './documents';
import type { Group } from './grammar';
import { keepMessageNotes, mapBilling } from './order-patient';
import { linkParents, type ConvertedOrder } from './parents';
import type { Events } from './registry';
import { carryPlaces, completeReport, mapOrderFindings, mapResults, orderSegments } from './results';
import { ORU_R01 } from './structures';
import { mapPatient, mapVisit } from './visit';

/** Patient and visit are still worth having; what is missing is said. */
const noResults: Diagnostic = {
  severity: 'error',
  code: 'NO_RESULTS',
  safeMessage: 'The result message has no OBR segment; only the patient and what follows PID were converted.',
};

/** ORU_R01: results of one patient or several. Returns what the message is about. */
function convertOru(root: Group, scope: Scope): Reference[] {
  const results = root.allGroups('PATIENT_RESULT');
  const targets = results.flatMap((result) => convertResult(result, scope));
  if (results.length === 0) throw new Rejection('NO_PATIENT', 'PID[1]');
  keepMessageNotes(root, scope);
  return targets;
}

function convertResult(result: Group, scope: Scope): Reference[] {
  const patientGroup = result.group('PATIENT');
  const subject = mapPatient(patientGroup, scope);
  const visit = mapVisit(patientGroup?.group('VISIT'), scope, subject);
  const orders = result.allGroups('ORDER_OBSERVATION').flatMap((group) => {
    const obr = group.first('OBR');
    return obr === undefined ? [] : [{ group, obr }];
  });
  if (orders.length === 0) scope.findings.add(noResults);
  for (const part of [patientGroup, patientGroup?.group('VISIT')])
    if (part !== undefined) mapFindings(part, scope, subject, visit);
  const key = joinKey(subject.patient.id, 'message', scope.messageKey);
  mapResults(patientGroup, 'PATIENT_OBSERVATION', scope, { subject, visit, key, effective: {} }, undefined);
  const converted = orders.map(({ group, obr }) =>
    convertReport(group, obr, 'OBSERVATION', scope, subject, visit),
  );
  linkParents(converted, scope);
  carryPlaces(
    converted.map(({ order }) => order.obr.segment),
    'Provenance.target',
    scope,
  );
  return [subject.reference, ...converted.map(({ order }) => scope.reference(order.key))];
}

/** One OBR with its results, of the specimens that its group names, else of those it stands in. */
export function convertReport(
  group: Group,
  obr: Hl7Segment,
  observations: string,
  scope: Scope,
  subject: PatientSubject,
  visit: Visit | undefined,
  given: readonly Reference[] = [],
): ConvertedOrder {
  const order = mapObr(orderSegments(group, obr), scope, subject, visit);
  for (const ctd of group.all('CTD')) mapCtd(ctd, scope, order.request);
  mapBilling(group, scope, { subject, visit });
  const found = mapOrderFindings(group, observations, scope, order, given);
  completeReport(order, found, scope);
  const documents = [...group.all('TXA'), ...group.allGroups(observations).flatMap((own) => own.all('TXA'))];
  mapReportDocuments(documents, scope.reference(order.report.id), scope, subject, visit);
  return { order, results: found.results };
}

const result = { structure: ORU_R01, convert: convertOru };

// v2.1 had no trigger events: its ORU is what became R01. R30 to R32 are results of point-of-care devices, W01 is a
// waveform: the same segments, where R30 to R32 have one order.
export const oru: Events = { R01: result, R30: result, R31: result, R32: result, W01: result, '': result };
