import type { CodeableConcept, Condition } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { clinicalStatuses, verificationStatuses } from '../codemaps/problems';
import { terminology } from '../codemaps/table';
import { codeableConcept } from '../datatypes/cwe';
import { dateTime } from '../datatypes/dtm';
import { entityIdentifier } from '../datatypes/ei';
import { declare, type DeclaredFields } from '../declared';
import { absentReason } from '../extensions';
import { codeKey, identifierKey } from '../keys';
import type { SegmentReader } from '../reader';
import type { Identified, Scope } from '../scope';
import { set } from '../set';
import { mapNotes } from './nte';
import type { PatientSubject } from './pid';
import type { Visit } from './pv1';

const action = 'Action code: how a receiver should apply the segment.';

const rows: DeclaredFields = {
  2: ['updated', 'dateTime'],
  5: ['episode-of-care', 'EntityIdentifier'],
  6: ['problem-priority', 'decimal'],
  8: ['anticipated-resolution', 'dateTime'],
  11: ['management-discipline', 'CodeableConcept'],
  12: ['persistence', 'CodeableConcept'],
  15: ['life-cycle-status-time', 'dateTime'],
  18: ['problem-ranking', 'CodeableConcept'],
  19: ['certainty', 'CodeableConcept'],
  20: ['probability', 'decimal'],
  21: ['awareness', 'CodeableConcept'],
  22: ['prognosis', 'CodeableConcept'],
  23: ['awareness-of-prognosis', 'CodeableConcept'],
  24: ['family-awareness', 'string'],
  25: ['sensitivity', 'CodeableConcept'],
  27: ['perspective', 'CodeableConcept'],
};

/** PRB: an entry of the problem list, known by its instance id (PRB-4). */
export function mapPrb(
  segment: Hl7Segment,
  notes: readonly Hl7Segment[],
  scope: Scope,
  subject: PatientSubject,
  visit: Visit | undefined,
): Identified<Condition> {
  const prb = scope.open(segment);
  const code = codeableConcept(prb.first(3, 'Condition.code'));
  const own = entityIdentifier(prb.first(4, 'Condition.identifier'));
  const key = own === undefined ? ['problem', ...codeKey(code)] : ['instance', ...identifierKey(own)];
  const condition = {
    resourceType: 'Condition',
    id: scope.nextId('Condition', subject.patient.id, ...key),
  } as Identified<Condition>;
  prb.entry = `urn:uuid:${condition.id}`;
  if (own !== undefined) condition.identifier = [own];
  setStatus(condition, prb, scope);
  condition.category = [
    { coding: [{ system: `${terminology}/condition-category`, code: 'problem-list-item' }] },
  ];
  const kind = codeableConcept(prb.first(10, 'Condition.category'));
  if (kind !== undefined) condition.category.push(kind);
  set(condition, 'severity', codeableConcept(prb.first(26, 'Condition.severity')));
  condition.code = code ?? absentReason('unknown');
  condition.subject = subject.reference;
  set(condition, 'encounter', visit?.reference);
  const began = dateTime(prb.first(16, 'Condition.onset'));
  const words = prb.text(17, 'Condition.onset');
  if (began !== undefined) condition.onsetDateTime = began;
  else set(condition, 'onsetString', words);
  if (began !== undefined) prb.first(17, 'Condition.onset')?.keep('PRB-16 says when.');
  set(condition, 'recordedDate', dateTime(prb.first(7, 'Condition.recordedDate')));
  declare(condition, 'Condition', prb, rows, scope);
  set(condition, 'note', mapNotes(notes, scope, 'Condition.note'));
  scope.add(condition);
  return condition;
}

/**
 * PC3 and action DE take the problem back. A problem that is over (PRB-9) is resolved where the sender has no word of
 * R4 for it, for con-4; one whose status nobody says keeps the reason, for con-3.
 */
function setStatus(condition: Condition, prb: SegmentReader, scope: Scope): void {
  const done = prb.first(1, 'Condition.verificationStatus');
  const code = done?.code(1)?.toUpperCase();
  const isWithdrawn = code === 'DE' || code === 'D' || scope.event === 'PC3';
  if (!isWithdrawn) done?.keep(action);
  const life = word(prb, 14, 'Condition.clinicalStatus', clinicalStatuses);
  const sure = word(prb, 13, 'Condition.verificationStatus', verificationStatuses);
  if (isWithdrawn) {
    condition.verificationStatus = concept('condition-ver-status', 'entered-in-error');
    // R4 con-5: no clinical status then, and so, by con-4, no end.
    prb.first(9, 'Condition.abatement')?.keep('R4 has no end of a problem that was entered in error.');
    return;
  }
  const over = dateTime(prb.first(9, 'Condition.abatement'));
  set(condition, 'abatementDateTime', over);
  if (sure !== undefined) condition.verificationStatus = concept('condition-ver-status', sure);
  else declare(condition, 'Condition', prb, { 13: ['confirmation-status', 'CodeableConcept'] }, scope);
  const ended = life === 'inactive' || life === 'remission' || life === 'resolved';
  if (over !== undefined && !ended) condition.clinicalStatus = concept('condition-clinical', 'resolved');
  else if (life !== undefined) condition.clinicalStatus = concept('condition-clinical', life);
  else condition.clinicalStatus = absentReason('unknown');
  if (life === undefined)
    declare(condition, 'Condition', prb, { 14: ['life-cycle-status', 'CodeableConcept'] }, scope);
}

function word(prb: SegmentReader, n: number, target: string, words: ReadonlySet<string>): string | undefined {
  const code = prb.code(n, target)?.toLowerCase();
  return code !== undefined && words.has(code) ? code : undefined;
}

const concept = (system: string, code: string): CodeableConcept => ({
  coding: [{ system: `${terminology}/${system}`, code }],
});
