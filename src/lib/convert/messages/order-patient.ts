import { joinKey } from '../identity';
import type { Scope } from '../scope';
import { mapFt1 } from '../segments/ft1';
import type { PatientSubject } from '../segments/pid';
import type { Visit } from '../segments/pv1';
import { mapFindings } from './findings';
import type { Group } from './grammar';
import { mapResults } from './results';
import { mapPatient, mapVisit } from './visit';

export interface OrderPatient {
  readonly subject: PatientSubject;
  readonly visit: Visit | undefined;
}

/** The PATIENT group of order messages: person, visit, allergies, who pays, and observations that no order asked for. */
export function mapOrderPatient(root: Group, scope: Scope): OrderPatient {
  const group = root.group('PATIENT');
  const subject = mapPatient(group, scope);
  const visit = mapVisit(group?.group('PATIENT_VISIT'), scope, subject);
  for (const part of [group, group?.group('PATIENT_VISIT')])
    if (part !== undefined) mapFindings(part, scope, subject, visit);
  const key = joinKey(subject.patient.id, 'message', scope.messageKey);
  mapResults(group, 'PATIENT_OBSERVATION', scope, { subject, visit, key, effective: {} }, undefined);
  keepMessageNotes(root, scope);
  return { subject, visit };
}

/** What an order costs (FT1); when it is billed and to whom (BLG) is between the two systems. */
export function mapBilling(group: Group, scope: Scope, { subject, visit }: OrderPatient): void {
  for (const ft1 of group.all('FT1')) mapFt1(ft1, [], scope, subject, visit);
  for (const blg of group.all('BLG'))
    scope
      .open(blg)
      .keepAll('When and whom to bill for an order: R4 requests have no account, charges (FT1) have.');
}

export function keepMessageNotes(root: Group, scope: Scope): void {
  for (const nte of root.group('BATCH_NOTES')?.all('NTE') ?? [])
    scope.open(nte).keepAll('A note on the message as a whole: R4 transactions have none.');
}
