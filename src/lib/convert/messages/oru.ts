import type { Reference } from 'fhir/r4';
import type { Diagnostic, Hl7Segment } from '../../hl7';
import { joinKey } from '../identity';
import type { Scope } from '../scope';
import { mapObr, mapObrSpecimen, type OrderContext } from '../segments/obr';
import { mapObx } from '../segments/obx';
import type { PatientSubject } from '../segments/pid';
import type { Visit } from '../segments/pv1';
import { mapSpm } from '../segments/spm';
import { Rejection } from '../types';
import type { Group } from './grammar';
import { mapPatient, mapVisit } from './visit';

/** Patient and visit are still worth having; what is missing is said. */
const noResults: Diagnostic = {
  severity: 'error',
  code: 'NO_RESULTS',
  safeMessage: 'The result message has no OBR segment; only the patient and what follows PID were converted.',
};

/** ORU_R01: results of one patient or several. Returns what the message is about. */
export function convertOru(root: Group, scope: Scope): Reference[] {
  const results = root.allGroups('PATIENT_RESULT');
  const targets = results.flatMap((result) => convertResult(result, scope));
  if (results.length === 0) throw new Rejection('NO_PATIENT', 'PID[1]');
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
  const key = joinKey(subject.patient.id, 'message', scope.messageKey);
  mapObservations(
    patientGroup,
    'PATIENT_OBSERVATION',
    scope,
    { subject, visit, key, effective: {} },
    undefined,
  );
  return [
    subject.reference,
    ...orders.map(({ group, obr }) => convertOrder(group, obr, scope, subject, visit)),
  ];
}

function convertOrder(
  group: Group,
  obr: Hl7Segment,
  scope: Scope,
  subject: PatientSubject,
  visit: Visit | undefined,
): Reference {
  const order = mapObr(obr, group.first('ORC'), group.all('NTE'), scope, subject, visit);
  const specimenGroups = group.allGroups('SPECIMEN');
  const specimens = specimenGroups.map((specimen) => {
    const [spm] = specimen.all('SPM');
    return spm === undefined ? undefined : mapSpm(spm, specimen.all('NTE'), scope, order);
  });
  const own = specimenGroups.length === 0 ? mapObrSpecimen(obr, scope, order) : undefined;
  const present = [...specimens, own].filter((specimen) => specimen !== undefined);
  // With several specimens in one order v2 does not say which one a result is of.
  const shared = present.length === 1 ? present[0] : undefined;
  const observations = [
    ...mapObservations(group, 'OBSERVATION', scope, order, shared),
    ...specimenGroups.flatMap((specimen, i) =>
      mapObservations(specimen, 'SPECIMEN_OBSERVATION', scope, order, specimens[i]),
    ),
  ];
  if (present.length > 0) order.report.specimen = present;
  if (observations.length > 0) order.report.result = observations;
  return scope.reference(order.report.id);
}

function mapObservations(
  group: Group | undefined,
  name: string,
  scope: Scope,
  order: OrderContext,
  specimen: Reference | undefined,
): Reference[] {
  return (group?.allGroups(name) ?? []).flatMap((observation) =>
    observation.all('OBX').map((obx) => mapObx(obx, observation.all('NTE'), scope, order, specimen)),
  );
}
