import type { Patient, PatientLink, Reference } from 'fhir/r4';
import type { Identified, Scope } from '../scope';
import { Rejection } from '../types';
import type { MapRest } from './adt-merge';
import type { Group } from './grammar';
import { mapPatient, mapVisit } from './visit';

/**
 * Says of a patient what another one is to it. One pair has one relation: a later word of the same message replaces
 * the earlier, so a merge and its reversal do not both stand.
 */
export function link(
  patient: Identified<Patient>,
  type: PatientLink['type'],
  to: Identified<Patient>,
  scope: Scope,
): void {
  const other = scope.reference(to.id);
  const others = (patient.link ?? []).filter((each) => each.other.reference !== other.reference);
  patient.link = [...others, { other, type }];
}

function mapPatients(root: Group, scope: Scope, mapRest: MapRest): Identified<Patient>[] {
  const groups = root.allGroups('PATIENT');
  if (groups.length === 0) throw new Rejection('NO_PATIENT', 'PID');
  const patients = groups.map((group) => {
    const subject = mapPatient(group, scope);
    mapRest(group, scope, subject, mapVisit(group, scope, subject));
    return subject.patient;
  });
  const distinct = [...new Set(patients)];
  if (distinct.length < 2) {
    scope.findings.add({
      severity: 'warning',
      code: 'LINK_WITHOUT_OTHER',
      location: 'PID[1]-3',
      safeMessage: 'The event needs two patients, and PID names one; no link was changed.',
    });
  }
  return distinct;
}

/** A24: the first patient and each of the others are the same person, and both records stay in use. */
export function convertLink(root: Group, scope: Scope, mapRest: MapRest): Reference[] {
  const [first, ...others] = mapPatients(root, scope, mapRest);
  if (first === undefined) return [];
  for (const other of others) {
    link(first, 'seealso', other, scope);
    link(other, 'seealso', first, scope);
  }
  return [first, ...others].map(({ id }) => scope.reference(id));
}

/** A37: they are not. A link is taken back whatever its type, so each is a record in use of its own again. */
export function convertUnlink(root: Group, scope: Scope, mapRest: MapRest): Reference[] {
  const [first, ...others] = mapPatients(root, scope, mapRest);
  if (first === undefined) return [];
  const entryOf = ({ id }: Identified<Patient>): string => `urn:uuid:${id}`;
  for (const other of others) {
    first.active = other.active = true;
    scope.deletions.push(
      { entry: entryOf(first), element: 'link', other: entryOf(other) },
      { entry: entryOf(other), element: 'link', other: entryOf(first) },
    );
  }
  return [first, ...others].map(({ id }) => scope.reference(id));
}
