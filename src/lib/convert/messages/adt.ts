import type { Reference } from 'fhir/r4';
import { joinKey } from '../identity';
import type { Scope } from '../scope';
import { mapAl1 } from '../segments/al1';
import { mapDg1 } from '../segments/dg1';
import { mapIn1 } from '../segments/in1';
import { mapObx } from '../segments/obx';
import { mapPr1 } from '../segments/pr1';
import type { Group } from './grammar';
import type { Events } from './registry';
import { ADT_A01, ADT_A03 } from './structures';
import { mapPatient, mapVisit } from './visit';

/** ADT_A01 and ADT_A03: one patient, one visit and what is known about them. Returns what the message is about. */
function convertAdt(root: Group, scope: Scope): Reference[] {
  const subject = mapPatient(root, scope);
  const visit = mapVisit(root, scope, subject);
  const about = visit === undefined ? subject.patient.id : visit.encounter.id;
  for (const group of root.allGroups('OBSERVATION')) {
    for (const obx of group.all('OBX')) {
      // No order names these, so their time does, else the message.
      const taken = obx.get(14) ?? scope.messageKey;
      mapObx(
        obx,
        group.all('NTE'),
        scope,
        { subject, visit, key: joinKey(about, 'visit', taken), effective: {} },
        undefined,
      );
    }
  }
  for (const al1 of root.all('AL1')) mapAl1(al1, scope, subject);
  for (const dg1 of root.all('DG1')) mapDg1(dg1, scope, subject, visit);
  for (const group of root.allGroups('PROCEDURE')) {
    for (const pr1 of group.all('PR1')) mapPr1(pr1, scope, subject, visit);
  }
  for (const group of root.allGroups('INSURANCE')) {
    for (const in1 of group.all('IN1')) mapIn1(in1, scope, subject);
  }
  return visit === undefined ? [subject.reference] : [subject.reference, visit.reference];
}

const admission = { structure: ADT_A01, convert: convertAdt };

export const adt: Events = {
  A01: admission,
  A03: { structure: ADT_A03, convert: convertAdt },
  A04: admission,
  A08: admission,
};
