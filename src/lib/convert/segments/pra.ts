import type { PractitionerRole, Reference } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { codeableConcept } from '../datatypes/cwe';
import { period } from '../datatypes/dr';
import { dateOnly } from '../datatypes/dtm';
import { licenceNumber } from '../datatypes/pln';
import { declare, type DeclaredFields } from '../declared';
import type { Identified, Scope } from '../scope';
import { each, set } from '../set';

const kept = {
  1: 'Key of the record: STF-1 says it.',
  12: 'Set id: order of segments in the message.',
};

const rows: DeclaredFields = {
  2: ['practitioner-group', 'CodeableConcept', '0358'],
  4: ['provider-billing', 'CodeableConcept', '0187'],
  7: ['privilege', 'string'],
  11: ['reimbursement-eligibility', 'CodeableConcept', '0401'],
};

/** PRA: what the person of STF practises. */
export function mapPra(segment: Hl7Segment, scope: Scope, person: Reference): Reference {
  const pra = scope.open(segment, kept);
  const place = codeableConcept(pra.first(9, 'PractitionerRole.organization'), { table: '0537' });
  const display = place?.text ?? place?.coding?.[0]?.display ?? place?.coding?.[0]?.code;
  const role: Identified<PractitionerRole> = {
    resourceType: 'PractitionerRole',
    id: scope.nextId('PractitionerRole', 'practice', person.reference ?? '', display ?? ''),
  };
  pra.entry = `urn:uuid:${role.id}`;
  set(role, 'identifier', each(pra.all(6, 'PractitionerRole.identifier'), licenceNumber));
  const [start, end] = [8, 10].map((n) => dateOnly(pra.first(n, 'PractitionerRole.period')));
  set(role, 'period', period(start, end, pra));
  role.practitioner = person;
  if (display !== undefined) role.organization = { display };
  set(
    role,
    'code',
    each(pra.all(3, 'PractitionerRole.code'), (field) => codeableConcept(field, { table: '0186' })),
  );
  set(
    role,
    'specialty',
    each(pra.all(5, 'PractitionerRole.specialty'), (field) => {
      // SPD: specialty, board, certification status, date.
      const text = field.get(1);
      return text === undefined ? undefined : { text };
    }),
  );
  declare(role, 'PractitionerRole', pra, rows, scope);
  return scope.add(role);
}
