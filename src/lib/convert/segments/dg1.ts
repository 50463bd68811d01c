import type { Condition, EncounterDiagnosis } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { diagnosisRole } from '../codemaps/encounter';
import { terminology } from '../codemaps/table';
import { codeableConcept } from '../datatypes/cwe';
import { dateTime } from '../datatypes/dtm';
import { entityIdentifier } from '../datatypes/ei';
import { parsePositiveInt } from '../datatypes/nm';
import { practitioner } from '../datatypes/xcn';
import { declare, type DeclaredFields } from '../declared';
import { absentReason, dateTimeExtension, extend } from '../extensions';
import { codeKey, identifierKey } from '../keys';
import type { Identified, Scope } from '../scope';
import { set } from '../set';
import type { PatientSubject } from './pid';
import type { Visit } from './pv1';

const kept = {
  1: 'Set id: order of segments in the message.',
  2: 'Coding method: DG1-3.3 names the code system.',
};

const rows: DeclaredFields = {
  7: ['major-diagnostic-category', 'CodeableConcept', '0118'],
  8: ['drg', 'CodeableConcept', '0055'],
  9: ['drg-approval', 'boolean'],
  10: ['drg-grouper-review', 'CodeableConcept', '0056'],
  11: ['outlier-type', 'CodeableConcept', '0083'],
  12: ['outlier-days', 'decimal'],
  13: ['outlier-cost', 'Money'],
  14: ['grouper', 'string'],
  17: ['diagnosis-classification', 'CodeableConcept', '0228'],
  18: ['confidential', 'boolean'],
  22: ['parent-diagnosis', 'EntityIdentifier'],
  23: ['drg-complexity-level', 'CodeableConcept', '0728'],
  24: ['drg-grouping-usage', 'boolean'],
  25: ['drg-determination-status', 'CodeableConcept', '0731'],
  26: ['present-on-admission', 'CodeableConcept', '0895'],
};

/** DG1: a Condition, and a diagnosis of the visit when there is one. */
export function mapDg1(
  segment: Hl7Segment,
  scope: Scope,
  subject: PatientSubject,
  visit: Visit | undefined,
): void {
  const dg1 = scope.open(segment, kept);
  const coded = codeableConcept(dg1.first(3, 'Condition.code'));
  const description = dg1.text(4, 'Condition.code.text');
  const code = coded ?? (description === undefined ? undefined : { text: description });
  if (coded !== undefined && description !== undefined) coded.text = description;
  const use = codeableConcept(dg1.first(6, 'Encounter.diagnosis.use'), { table: '0052', map: diagnosisRole });
  const own = entityIdentifier(dg1.first(20, 'Condition.identifier'));
  const about = visit === undefined ? subject.patient.id : visit.encounter.id;
  const condition = {
    resourceType: 'Condition',
    id:
      own === undefined
        ? scope.nextId('Condition', about, ...codeKey(code), ...codeKey(use))
        : scope.id('Condition', subject.patient.id, 'identifier', ...identifierKey(own)),
  } as Identified<Condition>;
  dg1.entry = `urn:uuid:${condition.id}`;
  if (own !== undefined) condition.identifier = [own];
  const action = dg1.first(21, 'Condition.verificationStatus');
  if (action?.code(1)?.toUpperCase() !== 'D')
    action?.keep('Action code: how a receiver should apply the segment.');
  else {
    condition.verificationStatus = {
      coding: [{ system: `${terminology}/condition-ver-status`, code: 'entered-in-error' }],
    };
  }
  if (visit !== undefined) {
    condition.category = [
      { coding: [{ system: `${terminology}/condition-category`, code: 'encounter-diagnosis' }] },
    ];
  }
  condition.code = code ?? absentReason('unknown');
  condition.subject = subject.reference;
  set(condition, 'encounter', visit?.reference);
  set(condition, 'onsetDateTime', dateTime(dg1.first(5, 'Condition.onset')));
  const asserter = practitioner(dg1.first(16, 'Condition.asserter'), scope);
  set(condition, 'asserter', asserter);
  const attested = dateTime(dg1.first(19, 'Condition.extension(condition-assertedDate)'));
  if (attested !== undefined) extend(condition, dateTimeExtension('condition-assertedDate', attested));
  declare(condition, 'Condition', dg1, rows, scope);
  const reference = scope.add(condition);
  const rank = parsePositiveInt(dg1.code(15, 'Encounter.diagnosis.rank'));
  if (visit === undefined) return;
  const diagnosis: EncounterDiagnosis = { condition: reference };
  set(diagnosis, 'use', use);
  set(diagnosis, 'rank', rank);
  const diagnoses = (visit.encounter.diagnosis ??= []);
  diagnoses.push(diagnosis);
  // A set id that counts the diagnoses from 1 is their place in the list.
  if (segment.get(1)?.trim() === String(diagnoses.length)) dg1.code(1, 'Encounter.diagnosis');
}
