import type { CareTeam, CodeableConcept, Period, Reference } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { generalPractitioners } from '../codemaps/roles';
import { joinKey } from '../identity';
import type { Identified, Scope } from '../scope';
import { mapAcc } from '../segments/acc';
import { mapAl1 } from '../segments/al1';
import { mapArv } from '../segments/arv';
import { mapAut } from '../segments/aut';
import { mapDb1 } from '../segments/db1';
import { mapDg1 } from '../segments/dg1';
import { mapDrg } from '../segments/drg';
import { accountOf, mapGt1 } from '../segments/gt1';
import { mapIam } from '../segments/iam';
import { mapIn1, type Insurance } from '../segments/in1';
import { mapIn2 } from '../segments/in2';
import { mapIn3 } from '../segments/in3';
import { mapObx } from '../segments/obx';
import { mapPda } from '../segments/pda';
import type { PatientSubject } from '../segments/pid';
import { mapPr1 } from '../segments/pr1';
import { readPrt } from '../segments/prt';
import type { Visit } from '../segments/pv1';
import { mapRf1 } from '../segments/rf1';
import { readRol } from '../segments/rol';
import { mapUb1 } from '../segments/ub1';
import { mapUb2 } from '../segments/ub2';
import type { Group } from './grammar';

/** What a patient's group says beside PID and PV1: what was found, who cares, who pays. */
export function mapFindings(
  group: Group,
  scope: Scope,
  subject: PatientSubject,
  visit: Visit | undefined,
): void {
  mapRoles(group, scope, subject, visit);
  mapObservations(group, scope, subject, visit);
  for (const al1 of group.all('AL1')) mapAl1(al1, scope, subject);
  for (const iam of group.all('IAM')) mapIam(iam, scope, subject);
  for (const dg1 of group.all('DG1')) mapDg1(dg1, scope, subject, visit);
  for (const procedure of group.allGroups('PROCEDURE')) mapProcedure(procedure, scope, subject, visit);
  for (const db1 of group.all('DB1')) mapDb1(db1, scope, subject);
  const place = group.first('PV1')?.index ?? Infinity;
  for (const arv of group.all('ARV'))
    mapArv(arv, scope, arv.index > place && visit !== undefined ? visit.encounter : subject.patient);
  for (const pda of group.all('PDA')) mapPda(pda, scope, subject);
  mapFinance(group, scope, subject, visit);
}

/** OBX without an order. */
function mapObservations(
  group: Group,
  scope: Scope,
  subject: PatientSubject,
  visit: Visit | undefined,
): Reference[] {
  const about = visit === undefined ? subject.patient.id : visit.encounter.id;
  return group.allGroups('OBSERVATION').flatMap((observation) =>
    observation.all('OBX').map((obx) => {
      // No order names these, so their time does, else the message.
      const taken = obx.get(14) ?? scope.messageKey;
      const context = { subject, visit, key: joinKey(about, 'visit', taken), effective: {} };
      return mapObx(obx, observation.all('NTE'), scope, context, undefined, observation.all('PRT'));
    }),
  );
}

/** Who pays: GT1, the insurance groups, and what bills are made from. */
export function mapFinance(
  group: Group,
  scope: Scope,
  subject: PatientSubject,
  visit: Visit | undefined,
): void {
  for (const gt1 of group.all('GT1')) mapGt1(gt1, scope, subject);
  for (const insurance of group.allGroups('INSURANCE')) mapInsurance(insurance, scope, subject);
  const account = accountOf(subject, scope);
  const bill = visit?.encounter ?? account ?? subject.patient;
  for (const drg of group.all('DRG')) mapDrg(drg, scope, bill);
  for (const acc of group.all('ACC')) mapAcc(acc, scope, bill);
  for (const ub1 of group.all('UB1')) mapUb1(ub1, scope, bill);
  for (const ub2 of group.all('UB2')) mapUb2(ub2, scope, bill);
}

function mapInsurance(group: Group, scope: Scope, subject: PatientSubject): Insurance | undefined {
  const [in1] = group.all('IN1');
  const insurance = in1 === undefined ? undefined : mapIn1(in1, scope, subject);
  for (const in2 of group.all('IN2')) mapIn2(in2, scope, insurance);
  for (const in3 of group.all('IN3')) mapIn3(in3, scope, insurance);
  for (const aut of group.all('AUT')) mapAut(aut, scope, insurance?.coverage);
  for (const rf1 of group.all('RF1')) mapRf1(rf1, scope, subject);
  return insurance;
}

function mapProcedure(group: Group, scope: Scope, subject: PatientSubject, visit: Visit | undefined): void {
  const [pr1] = group.all('PR1');
  if (pr1 === undefined) return;
  const procedure = mapPr1(pr1, scope, subject, visit);
  for (const { concept, actor } of participantsOf(group, scope, 'Procedure.performer'))
    (procedure.performer ??= []).push(concept === undefined ? { actor } : { function: concept, actor });
}

interface Participant {
  readonly segment: Hl7Segment;
  readonly code: string | undefined;
  readonly concept: CodeableConcept | undefined;
  readonly actor: Reference;
  readonly period: Period | undefined;
}

/** ROL, and PRT that took its place in v2.7. */
function participantsOf(group: Group, scope: Scope, target: string): Participant[] {
  const roles = group.all('ROL').flatMap((segment) => {
    const role = readRol(segment, scope);
    return role === undefined ? [] : [{ segment, ...role }];
  });
  const participations = group.all('PRT').flatMap((segment) => {
    const { role, roleCode, actor } = readPrt(segment, scope, target);
    if (actor === undefined) return [];
    return [{ segment, code: roleCode, concept: role, actor, period: undefined }];
  });
  return [...roles, ...participations];
}

/** Before PV1 they care for the patient, after it for the visit. */
function mapRoles(group: Group, scope: Scope, subject: PatientSubject, visit: Visit | undefined): void {
  const place = group.first('PV1')?.index ?? Infinity;
  for (const { segment, code, concept, actor, period } of participantsOf(group, scope, 'participant')) {
    const during = period === undefined ? {} : { period };
    const isPerson = !isOrganization(actor, scope);
    if (visit !== undefined && segment.index > place && isPerson) {
      const type = concept === undefined ? {} : { type: [concept] };
      (visit.encounter.participant ??= []).push({ ...type, ...during, individual: actor });
    } else if (generalPractitioners.has(code ?? '')) {
      (subject.patient.generalPractitioner ??= []).push(actor);
    } else {
      const role = concept === undefined ? {} : { role: [concept] };
      (careTeam(scope, subject).participant ??= []).push({ ...role, member: actor, ...during });
    }
  }
}

/** R4 Encounter.participant is a person. */
function isOrganization({ reference }: Reference, scope: Scope): boolean {
  const resource = reference && scope.resources.get(reference.slice('urn:uuid:'.length));
  return resource !== undefined && resource !== '' && resource.resourceType === 'Organization';
}

function careTeam(scope: Scope, subject: PatientSubject): Identified<CareTeam> {
  const id = scope.id('CareTeam', subject.patient.id);
  const known = scope.resources.get(id);
  if (known?.resourceType === 'CareTeam') return known;
  const team: Identified<CareTeam> = { resourceType: 'CareTeam', id, subject: subject.reference };
  scope.add(team);
  return team;
}
