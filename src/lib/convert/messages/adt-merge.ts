import type { Account, Encounter, Identifier, Patient, Reference } from 'fhir/r4';
import { absentReason } from '../extensions';
import { identifierKey } from '../keys';
import type { Identified, Scope } from '../scope';
import { readMrg, type Prior } from '../segments/mrg';
import type { PatientSubject } from '../segments/pid';
import type { Visit } from '../segments/pv1';
import { Rejection } from '../types';
import type { Group } from './grammar';
import { link } from './adt-link';
import { mapPatient, mapVisit } from './visit';

/**
 * What an event does to what MRG names. `merge`: the one before ends in the one of PID or PV1 (a changed identifier
 * is the same thing, for identifiers make our ids). `move`: it stays what it is and belongs to the patient of PID.
 * `change`: the same patient is known by other identifiers.
 */
export interface Effect {
  readonly patient?: 'merge' | 'change';
  readonly account?: 'merge' | 'move';
  readonly visit?: 'merge' | 'move';
}

/** Chapter 3.3.18-3.3.51; what was withdrawn since v2.3 is still sent. */
export const effects: Readonly<Record<string, Effect>> = {
  A18: { patient: 'merge' },
  A30: { patient: 'merge' },
  A34: { patient: 'merge' },
  A35: { account: 'merge' },
  A36: { patient: 'merge', account: 'merge' },
  A39: { patient: 'merge' },
  A40: { patient: 'merge' },
  A41: { account: 'merge' },
  A42: { visit: 'merge' },
  // The moved identifier is in PID-3 and MRG-1; whose it was (MRG-4) is no longer its owner's.
  A43: { patient: 'change' },
  A44: { account: 'move' },
  A45: { visit: 'move' },
  A46: { patient: 'change' },
  A47: { patient: 'merge' },
  A48: { patient: 'change' },
  A49: { account: 'merge' },
  A50: { visit: 'merge' },
  A51: { visit: 'merge' },
};

const noGroup = (): Rejection => new Rejection('NO_PATIENT', 'PID');

/** All events that change who or what is meant. The survivor's resources come first in the Bundle. */
export function convertMerge(root: Group, scope: Scope, mapRest: MapRest): Reference[] {
  const effect = effects[scope.event] ?? {};
  const groups = root.allGroups('PATIENT');
  if (groups.length === 0) throw noGroup();
  const targets = groups.flatMap((group) => {
    const subject = mapPatient(group, scope);
    const visit = mapVisit(group, scope, subject);
    mapRest(group, scope, subject, visit);
    const infos = group.allGroups('MERGE_INFO');
    if (infos.length === 0) {
      scope.findings.add({
        severity: 'warning',
        code: 'MERGE_WITHOUT_MRG',
        location:
          scope.readers.find((reader) => reader?.entry === subject.reference.reference)?.location ?? 'PID',
        safeMessage: 'No MRG segment says what was there before; only what PID and PV1 state was taken.',
      });
    }
    const changed = infos.flatMap((info) => {
      const [mrg] = info.all('MRG');
      if (mrg === undefined) return [];
      const own = mapVisit(info, scope, subject) ?? visit;
      return [
        ...(own === undefined ? [] : [own.reference]),
        ...applyMrg(readMrg(mrg, scope), effect, scope, subject, own),
      ];
    });
    return [subject.reference, ...(visit === undefined ? [] : [visit.reference]), ...changed];
  });
  return [...new Map(targets.map((target) => [target.reference, target])).values()];
}

/** What a group says of its patient beside PID and PV1. */
export type MapRest = (group: Group, scope: Scope, subject: PatientSubject, visit: Visit | undefined) => void;

/** Returns what was changed beside the patient and visit that the message is about. */
export function applyMrg(
  prior: Prior,
  effect: Effect,
  scope: Scope,
  subject: PatientSubject,
  visit: Visit | undefined,
): Reference[] {
  const before = priorPatient(prior, effect, scope, subject);
  return [
    ...(before === undefined ? [] : [before]),
    ...priorAccount(prior, effect.account, scope, subject, before),
    ...priorVisit(prior, effect.visit, scope, subject, before, visit),
  ];
}

/** The Patient that MRG names, where it is another than PID's. */
function priorPatient(
  prior: Prior,
  effect: Effect,
  scope: Scope,
  { patient, keyType }: PatientSubject,
): Reference | undefined {
  const { patientId, identifiers, names, mrg } = prior;
  if (patientId === undefined || patientId === patient.id || effect.patient === 'change') {
    if (effect.patient !== undefined) addOldIdentifiers(patient, identifiers);
    if (effect.patient === 'merge' && identifiers.length === 0) {
      mrg.report(
        'warning',
        'MERGE_WITHOUT_PRIOR',
        'MRG names no patient (MRG-1, MRG-4, MRG-2), so none was merged.',
      );
    }
    return undefined;
  }
  const known = scope.resources.get(patientId);
  const before: Identified<Patient> =
    known?.resourceType === 'Patient'
      ? known
      : { resourceType: 'Patient', id: patientId, identifier: [...identifiers] };
  if (known === undefined) {
    if (names.length > 0) before.name = [...names];
    scope.add(before);
  }
  const reference = scope.reference(patientId);
  if (effect.patient === undefined) {
    if (known === undefined) scope.mentions.add(`urn:uuid:${patientId}`);
    return reference;
  }
  if (isOfLesserType(prior.keyType, keyType, scope)) {
    mrg.report(
      'warning',
      'MERGE_OTHER_IDENTIFIER_TYPE',
      'MRG-1 has no identifier of the type by which PID-3 knows patients. The record of the identifier that it has was ' +
        'retired and linked; a record that is known by the other type, if there is one, stays in use.',
    );
  }
  before.identifier = (before.identifier ?? []).map((each) => ({ use: 'old' as const, ...withoutUse(each) }));
  before.active = false;
  patient.active = true;
  patient.identifier = patient.identifier?.map(withoutUse) ?? [];
  link(before, 'replaced-by', patient, scope);
  link(patient, 'replaces', before, scope);
  return reference;
}

/**
 * PID-3 of the retired record was read by the profile's order of types, as MRG-1 is. Where MRG-1 has only what comes
 * after the survivor's type (the enterprise's number, not the record's), its record may be known by another number,
 * which nothing in the message says.
 */
function isOfLesserType(prior: string | undefined, own: string | undefined, scope: Scope): boolean {
  const { identifierTypeOrder } = scope.context.profile;
  const rank = (type: string): number => {
    const place = identifierTypeOrder.indexOf(type);
    return place < 0 ? identifierTypeOrder.length : place;
  };
  return prior !== undefined && own !== undefined && prior !== own && rank(prior) > rank(own);
}

function withoutUse(identifier: Identifier): Identifier {
  const result = { ...identifier };
  delete result.use;
  return result;
}

/** Identifiers that the same patient had before, unless it still has them. */
function addOldIdentifiers(patient: Patient, identifiers: readonly Identifier[]): void {
  const present = patient.identifier ?? [];
  const isPresent = (one: Identifier): boolean =>
    present.some(({ system, value }) => system === one.system && value === one.value);
  const old = identifiers.filter((one) => !isPresent(one));
  if (old.length > 0)
    patient.identifier = [...present, ...old.map((one) => ({ use: 'old' as const, ...one }))];
}

function priorAccount(
  { account: number, mrg }: Prior,
  effect: Effect['account'],
  scope: Scope,
  subject: PatientSubject,
  before: Reference | undefined,
): Reference[] {
  const current = subject.account && scope.id('Account', ...identifierKey(subject.account));
  const moved = effect === 'move' ? (number ?? subject.account) : number;
  if (moved === undefined) {
    if (effect !== undefined)
      mrg.report('warning', 'MERGE_WITHOUT_PRIOR', 'MRG-3 names no account, so none was changed.');
    return [];
  }
  const id = scope.id('Account', ...identifierKey(moved));
  const entry = `urn:uuid:${id}`;
  const known = scope.resources.get(id);
  const account: Identified<Account> =
    known?.resourceType === 'Account'
      ? known
      : {
          resourceType: 'Account',
          id,
          identifier: [moved],
          status: 'unknown',
          subject: [before ?? subject.reference],
        };
  if (known === undefined) scope.add(account);
  if (effect === 'move' || id === current) {
    account.subject = [subject.reference];
    move(scope, entry, before);
  } else if (effect === 'merge') {
    account.identifier = [{ use: 'old', ...moved }];
    account.status = 'inactive';
    if (current !== undefined) {
      account.partOf = scope.reference(current);
      const survivor = scope.resources.get(current);
      if (survivor?.resourceType === 'Account') survivor.status = 'active';
      scope.deletions.push({ entry: `urn:uuid:${current}`, element: 'partOf' });
    }
  } else if (known === undefined) scope.mentions.add(entry);
  return effect === undefined ? [] : [scope.reference(id)];
}

function priorVisit(
  { visit: number, alternateVisit, mrg }: Prior,
  effect: Effect['visit'],
  scope: Scope,
  subject: PatientSubject,
  before: Reference | undefined,
  visit: Visit | undefined,
): Reference[] {
  const prior = number ?? (hasNumber(visit, scope) ? undefined : alternateVisit);
  if (alternateVisit !== undefined && prior !== alternateVisit && visit !== undefined) {
    (visit.encounter.identifier ??= []).push({ use: 'old', ...alternateVisit });
  }
  if (prior === undefined) {
    if (effect === 'move' && visit !== undefined) move(scope, `urn:uuid:${visit.encounter.id}`, before);
    else if (effect !== undefined && alternateVisit === undefined) {
      mrg.report('warning', 'MERGE_WITHOUT_PRIOR', 'MRG-5 and MRG-6 name no visit, so none was changed.');
    }
    return [];
  }
  const id = scope.id('Encounter', ...identifierKey(prior));
  const entry = `urn:uuid:${id}`;
  const known = scope.resources.get(id);
  const encounter: Identified<Encounter> =
    known?.resourceType === 'Encounter'
      ? known
      : {
          resourceType: 'Encounter',
          id,
          identifier: [prior],
          status: 'unknown',
          class: absentReason('unknown'),
          subject: before ?? subject.reference,
        };
  if (known === undefined) scope.add(encounter);
  if (effect === 'move' || id === visit?.encounter.id) {
    encounter.subject = subject.reference;
    move(scope, entry, before);
  } else if (effect === 'merge') {
    encounter.identifier = [{ use: 'old', ...prior }];
    encounter.status = 'entered-in-error';
    if (visit !== undefined) {
      encounter.partOf = visit.reference;
      scope.deletions.push({ entry: `urn:uuid:${visit.encounter.id}`, element: 'partOf' });
    }
  } else if (known === undefined) scope.mentions.add(entry);
  return effect === undefined ? [] : [scope.reference(id)];
}

/** PV1-19, and not only PV1-50, names the visit. */
const hasNumber = (visit: Visit | undefined, scope: Scope): boolean =>
  visit !== undefined &&
  scope.message.segments.some(
    (segment) =>
      segment.name === 'PV1' &&
      scope.readers[segment.index]?.entry === visit.reference.reference &&
      segment.get(19) !== undefined &&
      segment.get(19) !== null,
  );

function move(scope: Scope, entry: string, before: Reference | undefined): void {
  if (before?.reference === undefined) return;
  if (!scope.moves.some((known) => known.entry === entry))
    scope.moves.push({ entry, from: before.reference });
}
