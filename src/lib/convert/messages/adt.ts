import type { Reference } from 'fhir/r4';
import type { Scope } from '../scope';
import { readMrg } from '../segments/mrg';
import { mapNpu } from '../segments/npu';
import { Rejection } from '../types';
import { convertLink, convertUnlink } from './adt-link';
import { applyMrg, convertMerge, effects } from './adt-merge';
import { mapFindings } from './findings';
import type { Group } from './grammar';
import type { Converter, Events } from './registry';
import { ADT_A01, ADT_A17, ADT_A20, ADT_A39 } from './structures-adt';
import { mapPatient, mapVisit } from './visit';

/** A patient, their visit and what is known about them. Returns what the message is about. */
function convertPatient(group: Group, scope: Scope): Reference[] {
  const subject = mapPatient(group, scope);
  const inUse = personInUse(scope.event);
  if (inUse !== undefined) subject.patient.active = inUse;
  const visit = mapVisit(group, scope, subject);
  mapFindings(group, scope, subject, visit);
  const mrg = group.first('MRG');
  // A06 and A07 may give the visit another number or account.
  const changed =
    mrg === undefined
      ? []
      : applyMrg(readMrg(mrg, scope), { account: 'merge', visit: 'merge' }, scope, subject, visit);
  return [subject.reference, ...(visit === undefined ? [] : [visit.reference]), ...changed];
}

/**
 * A28 adds a person, A29 deletes one: R4's word for a record that is not to be used is `active`. Nothing else of the
 * person goes, and nothing that others use (their doctors, wards and insurers).
 */
function personInUse(event: string): boolean | undefined {
  if (event === 'A28') return true;
  return event === 'A29' ? false : undefined;
}

/** A17: two patients change beds. */
function convertSwap(root: Group, scope: Scope): Reference[] {
  const groups = root.allGroups('PATIENT');
  if (groups.length === 0) throw new Rejection('NO_PATIENT', 'PID');
  return groups.flatMap((group) => convertPatient(group, scope));
}

/** A20: the status of a bed. */
function convertBeds(root: Group, scope: Scope): Reference[] {
  const beds = root.all('NPU').map((npu) => mapNpu(npu, scope));
  const named = beds.filter((bed) => bed !== undefined);
  if (named.length === 0) throw new Rejection('SEGMENT_MISSING', 'NPU[1]-1');
  return named;
}

const visitEvents =
  'A01 A02 A03 A04 A05 A06 A07 A08 A09 A10 A11 A12 A13 A14 A15 A16 A21 A22 A23 A25 A26 A27 A28 A29 A31 A32 A33 A38 A52 A53 A54 A55 A60 A61 A62';
const patient: Converter = { structure: ADT_A01, convert: convertPatient };
const merge: Converter = {
  structure: ADT_A39,
  convert: (root, scope) => convertMerge(root, scope, mapFindings),
};

export const adt: Events = {
  ...Object.fromEntries(visitEvents.split(' ').map((event) => [event, patient])),
  ...Object.fromEntries(Object.keys(effects).map((event) => [event, merge])),
  A17: { structure: ADT_A17, convert: convertSwap },
  A20: { structure: ADT_A20, convert: convertBeds },
  A24: { structure: ADT_A17, convert: (root, scope) => convertLink(root, scope, mapFindings) },
  A37: { structure: ADT_A17, convert: (root, scope) => convertUnlink(root, scope, mapFindings) },
  // v2.1 knew messages without an event: what they state is taken as an update states it.
  '': patient,
};
