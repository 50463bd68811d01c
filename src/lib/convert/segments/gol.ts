import type { Goal, Reference } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { goalLifecycle } from '../codemaps/problems';
import { codeableConcept } from '../datatypes/cwe';
import { dateOnly } from '../datatypes/dtm';
import { entityIdentifier } from '../datatypes/ei';
import { declare, type DeclaredFields } from '../declared';
import { absentReason } from '../extensions';
import { codeKey, identifierKey } from '../keys';
import type { Identified, Scope } from '../scope';
import { list, set } from '../set';
import { mapNotes } from './nte';
import type { PatientSubject } from './pid';

const rows: DeclaredFields = {
  2: ['updated', 'dateTime'],
  5: ['episode-of-care', 'EntityIdentifier'],
  6: ['goal-priority', 'decimal'],
  10: ['management-discipline', 'CodeableConcept'],
  11: ['review-status', 'CodeableConcept'],
  12: ['reviewed', 'dateTime'],
  13: ['next-review', 'dateTime'],
  14: ['previous-review', 'dateTime'],
  15: ['review-interval', 'string'],
  20: ['target-type', 'CodeableConcept'],
  21: ['target-name', 'HumanName'],
};

/** GOL: what the treatment of a problem is to achieve. */
export function mapGol(
  segment: Hl7Segment,
  notes: readonly Hl7Segment[],
  scope: Scope,
  subject: PatientSubject,
  problem: Reference,
): Identified<Goal> {
  const gol = scope.open(segment);
  const what = codeableConcept(gol.first(3, 'Goal.description'));
  const own = entityIdentifier(gol.first(4, 'Goal.identifier'));
  const key = own === undefined ? ['goal', ...codeKey(what)] : ['instance', ...identifierKey(own)];
  const goal = {
    resourceType: 'Goal',
    id: scope.nextId('Goal', subject.patient.id, ...key),
  } as Identified<Goal>;
  gol.entry = `urn:uuid:${goal.id}`;
  if (own !== undefined) goal.identifier = [own];
  const action = gol.first(1, 'Goal.lifecycleStatus');
  const isWithdrawn = action?.code(1)?.toUpperCase() === 'DE';
  if (!isWithdrawn) action?.keep('Action code: how a receiver should apply the segment.');
  const life = goalLifecycle(gol.code(18, 'Goal.lifecycleStatus')?.toLowerCase());
  if (isWithdrawn) goal.lifecycleStatus = 'entered-in-error';
  else if (life !== undefined) goal.lifecycleStatus = life;
  else {
    Object.assign(goal, { _lifecycleStatus: absentReason('unknown') });
    declare(goal, 'Goal', gol, { 18: ['life-cycle-status', 'CodeableConcept'] }, scope);
  }
  set(goal, 'achievementStatus', codeableConcept(gol.first(16, 'Goal.achievementStatus')));
  set(goal, 'category', list([codeableConcept(gol.first(9, 'Goal.category'))]));
  goal.description = what ?? absentReason('unknown');
  goal.subject = subject.reference;
  set(goal, 'startDate', dateOnly(gol.first(7, 'Goal.startDate')));
  const due = dateOnly(gol.first(8, 'Goal.target.dueDate'));
  if (due !== undefined) goal.target = [{ dueDate: due }];
  set(goal, 'statusDate', dateOnly(gol.first(19, 'Goal.statusDate')));
  goal.addresses = [problem];
  const words = gol.all(17, 'Goal.note').flatMap((field) => field.get(1) ?? []);
  const comments = [...words.map((text) => ({ text })), ...(mapNotes(notes, scope, 'Goal.note') ?? [])];
  if (comments.length > 0) goal.note = comments;
  declare(goal, 'Goal', gol, rows, scope);
  scope.add(goal);
  return goal;
}
