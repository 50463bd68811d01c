import type { Extension, Reference } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import type { Scope } from '../scope';
import { mapAl1 } from '../segments/al1';
import { mapGol } from '../segments/gol';
import { mapIam } from '../segments/iam';
import { mapObx } from '../segments/obx';
import type { PatientSubject } from '../segments/pid';
import { mapPrb } from '../segments/prb';
import type { Visit } from '../segments/pv1';
import { readRol } from '../segments/rol';
import { mapAttachedOrders } from './attached-orders';
import type { Group } from './grammar';
import type { Converter, Events } from './registry';
import { PPR_PC1 } from './structures-problems';
import { mapPatient, mapVisit } from './visit';

/** PPR: problems of one patient. */
function convertProblems(root: Group, scope: Scope): Reference[] {
  const subject = mapPatient(root, scope);
  const visit = mapVisit(root, scope, subject);
  for (const al1 of root.all('AL1')) mapAl1(al1, scope, subject);
  for (const iam of root.all('IAM')) mapIam(iam, scope, subject);
  const problems = root.allGroups('PROBLEM').flatMap((group) => {
    const prb = group.first('PRB');
    return prb === undefined ? [] : [mapProblem(group, prb, scope, subject, visit)];
  });
  return problems.length === 0 ? [subject.reference] : problems;
}

function mapProblem(
  group: Group,
  prb: Hl7Segment,
  scope: Scope,
  subject: PatientSubject,
  visit: Visit | undefined,
): Reference {
  const condition = mapPrb(prb, group.all('NTE'), scope, subject, visit);
  const reference = scope.reference(condition.id);
  addRoles(condition, group.allGroups('PROBLEM_ROLE'), scope);
  keepVariances(group, scope);
  for (const pathway of group.allGroups('PATHWAY')) {
    for (const pth of pathway.all('PTH')) scope.open(pth).keepAll('R4 has no clinical pathways.');
    keepVariances(pathway, scope);
  }
  for (const order of group.allGroups('COMMON_ORDER')) {
    keepVariances(order, scope);
    for (const found of order.allGroups('OBSERVATION')) keepVariances(found, scope);
  }
  const orders = mapAttachedOrders(group.allGroups('COMMON_ORDER'), scope, subject, visit);
  for (const valueReference of orders)
    (condition.extension ??= []).push({ url: 'urn:medrelay:extension:order', valueReference });
  const evidence = observations(group, condition.id, scope, subject, visit);
  if (evidence.length > 0) condition.evidence = evidence.map((detail) => ({ detail: [detail] }));
  for (const goals of group.allGroups('GOAL')) {
    const [gol] = goals.all('GOL');
    if (gol === undefined) continue;
    const goal = mapGol(gol, goals.all('NTE'), scope, subject, reference);
    addRoles(goal, goals.allGroups('GOAL_ROLE'), scope);
    keepVariances(goals, scope);
    const outcome = observations(goals, goal.id, scope, subject, visit);
    if (outcome.length > 0) goal.outcomeReference = outcome;
  }
  return reference;
}

/** R4 problems and goals have no participants. */
function addRoles(resource: { extension?: Extension[] }, groups: readonly Group[], scope: Scope): void {
  for (const group of groups) {
    for (const rol of group.all('ROL')) {
      const role = readRol(rol, scope);
      if (role === undefined) continue;
      (resource.extension ??= []).push({
        url: 'urn:medrelay:extension:participant',
        valueReference: role.actor,
      });
    }
    keepVariances(group, scope);
  }
}

function keepVariances(group: Group, scope: Scope): void {
  for (const variance of group.all('VAR')) scope.open(variance).keepAll('R4 has no variances of a plan.');
}

function observations(
  group: Group,
  key: string,
  scope: Scope,
  subject: PatientSubject,
  visit: Visit | undefined,
): Reference[] {
  const context = { subject, visit, key, effective: {} };
  return group
    .allGroups('OBSERVATION')
    .flatMap((found) =>
      found
        .all('OBX')
        .map((obx) => mapObx(obx, found.all('NTE'), scope, context, undefined, found.all('PRT'))),
    );
}

const problem: Converter = { structure: PPR_PC1, convert: convertProblems };

export const problems: Events = { PC1: problem, PC2: problem, PC3: problem };
