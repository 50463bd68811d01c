import { Rejection } from '../types';
import type { Scope } from '../scope';
import { extend } from '../extensions';
import { mapNk1 } from '../segments/nk1';
import { mapNotes } from '../segments/nte';
import { mapPd1 } from '../segments/pd1';
import { mapPid, type PatientSubject } from '../segments/pid';
import { mapPv1, type Visit } from '../segments/pv1';
import { mapPv2 } from '../segments/pv2';
import type { Group } from './grammar';

/** PID, PD1 and NK1 wherever a structure keeps them: the person the group is about. */
export function mapPatient(group: Group | undefined, scope: Scope): PatientSubject {
  const pid = group?.first('PID');
  if (group === undefined || pid === undefined) throw new Rejection('NO_PATIENT', 'PID[1]');
  const subject = mapPid(pid, scope);
  const pd1 = group.first('PD1');
  if (pd1 !== undefined) mapPd1(pd1, scope, subject);
  for (const kin of group.allGroups('NEXT_OF_KIN'))
    for (const nk1 of kin.all('NK1')) mapNk1(nk1, scope, subject);
  // R4 patients have no notes; its extension for notes is of any resource.
  for (const valueAnnotation of mapNotes(group.all('NTE'), scope, 'Patient.extension(note)') ?? [])
    extend(subject.patient, { url: 'http://hl7.org/fhir/StructureDefinition/note', valueAnnotation });
  return subject;
}

/** PV1 and PV2. */
export function mapVisit(group: Group | undefined, scope: Scope, subject: PatientSubject): Visit | undefined {
  const pv1 = group?.first('PV1');
  const visit = pv1 === undefined ? undefined : mapPv1(pv1, scope, subject);
  const pv2 = group?.first('PV2');
  if (pv2 !== undefined) mapPv2(pv2, scope, visit);
  return visit;
}
