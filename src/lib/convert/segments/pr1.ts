import type { Procedure, ProcedurePerformer } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { codeableConcept } from '../datatypes/cwe';
import { dateTime } from '../datatypes/dtm';
import { entityIdentifier } from '../datatypes/ei';
import { location } from '../datatypes/pl';
import { practitioners } from '../datatypes/xcn';
import { declare, type DeclaredFields } from '../declared';
import { absentReason } from '../extensions';
import { codeKey, identifierKey } from '../keys';
import type { SegmentReader } from '../reader';
import type { Identified, Scope } from '../scope';
import { each, set } from '../set';
import type { PatientSubject } from './pid';
import type { Visit } from './pv1';

const kept = {
  1: 'Set id: order of segments in the message.',
  2: 'Coding method: PR1-3.3 names the code system.',
  20: 'Action code: how a receiver should apply the segment.',
};

const rows: DeclaredFields = {
  7: ['procedure-minutes', 'decimal'],
  9: ['anesthesia', 'CodeableConcept', '0019'],
  10: ['anesthesia-minutes', 'decimal'],
  13: ['consent', 'CodeableConcept', '0059'],
  14: ['procedure-priority', 'CodeableConcept', '0418'],
  16: ['procedure-modifier', 'CodeableConcept', '0340'],
  17: ['procedure-drg-type', 'CodeableConcept', '0416'],
  18: ['tissue-type', 'CodeableConcept', '0417'],
  21: ['drg-determination-status', 'CodeableConcept', '0761'],
  22: ['drg-relevance', 'CodeableConcept', '0763'],
  24: ['respiratory-within-surgery', 'CodeableConcept', '0136'],
};

/** Fields of clinicians, with the SNOMED CT codes the guide gives their functions. */
const functions = [
  [8, { code: '88189002', display: 'Anesthesiologist' }],
  [11, { code: '304292004', display: 'Surgeon' }],
  [12, undefined],
] as const;

/** PR1: a Procedure. v2 does not say whether it is planned, going on or done: status unknown. */
export function mapPr1(
  segment: Hl7Segment,
  scope: Scope,
  subject: PatientSubject,
  visit: Visit | undefined,
): Identified<Procedure> {
  const pr1 = scope.open(segment, kept);
  const coded = codeableConcept(pr1.first(3, 'Procedure.code'), { table: '0088' });
  const description = pr1.text(4, 'Procedure.code.text');
  const code = coded ?? (description === undefined ? undefined : { text: description });
  if (coded !== undefined && coded.text === undefined && description !== undefined) coded.text = description;
  const own = entityIdentifier(pr1.first(19, 'Procedure.identifier'));
  const performed = dateTime(pr1.first(5, 'Procedure.performed'));
  const about = visit === undefined ? subject.patient.id : visit.encounter.id;
  const procedure: Identified<Procedure> = {
    resourceType: 'Procedure',
    id:
      own === undefined
        ? scope.nextId('Procedure', about, ...codeKey(code), performed ?? '')
        : scope.id('Procedure', subject.patient.id, 'identifier', ...identifierKey(own)),
    status: 'unknown',
    subject: subject.reference,
  };
  pr1.entry = `urn:uuid:${procedure.id}`;
  if (own !== undefined) procedure.identifier = [own];
  set(procedure, 'category', codeableConcept(pr1.first(6, 'Procedure.category'), { table: '0230' }));
  procedure.code = code ?? absentReason('unknown');
  set(procedure, 'encounter', visit?.reference);
  set(procedure, 'performedDateTime', performed);
  set(procedure, 'performer', performers(pr1, scope));
  set(procedure, 'location', location(pr1.first(23, 'Procedure.location'), scope));
  set(
    procedure,
    'reasonCode',
    each(pr1.all(15, 'Procedure.reasonCode'), (field) => codeableConcept(field)),
  );
  const parent = entityIdentifier(pr1.first(25, 'Procedure.partOf'));
  if (parent !== undefined) procedure.partOf = [{ type: 'Procedure', identifier: parent }];
  declare(procedure, 'Procedure', pr1, rows, scope);
  scope.add(procedure);
  return procedure;
}

function performers(pr1: SegmentReader, scope: Scope): ProcedurePerformer[] | undefined {
  const result = functions.flatMap(([n, role]) =>
    practitioners(pr1.all(n, 'Procedure.performer'), scope).map((actor): ProcedurePerformer =>
      role === undefined
        ? { actor }
        : { function: { coding: [{ system: 'http://snomed.info/sct', ...role }] }, actor },
    ),
  );
  return result.length === 0 ? undefined : result;
}
