import type { Account, AccountGuarantor } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { administrativeSex } from '../codemaps/patient';
import { identifier, identifierType } from '../datatypes/cx';
import { period } from '../datatypes/dr';
import { dateOnly } from '../datatypes/dtm';
import { yesNo } from '../datatypes/id';
import { address } from '../datatypes/xad';
import { organization } from '../datatypes/xon';
import { humanName, nameText } from '../datatypes/xpn';
import { contactPoint } from '../datatypes/xtn';
import { declare, type DeclaredFields } from '../declared';
import { identifierKey } from '../keys';
import type { SegmentReader } from '../reader';
import type { Identified, Scope } from '../scope';
import { each, list, set } from '../set';
import { personOf, state, type Person } from './person';
import { language, type PatientSubject } from './pid';

const kept = { 1: 'Set id: order of segments in the message.' };

const rows: DeclaredFields = {
  4: ['spouse-name', 'HumanName'],
  10: ['guarantor-type', 'CodeableConcept', '0068'],
  15: ['guarantor-priority', 'integer'],
  16: ['employer-name', 'string'],
  17: ['employer-address', 'Address'],
  18: ['employer-telecom', 'ContactPoint'],
  20: ['employment-status', 'CodeableConcept', '0066'],
  23: ['credit-rating', 'CodeableConcept', '0341'],
  24: ['death-date', 'dateTime'],
  25: ['death-indicator', 'boolean'],
  26: ['charge-adjustment', 'CodeableConcept', '0218'],
  27: ['household-income', 'Money'],
  28: ['household-size', 'integer'],
  29: ['employer-identifier', 'Identifier'],
  30: ['marital-status', 'CodeableConcept', '0002'],
  31: ['employment-start', 'date'],
  32: ['employment-stop', 'date'],
  33: ['living-dependency', 'CodeableConcept', '0223'],
  34: ['ambulatory-status', 'CodeableConcept', '0009'],
  35: ['citizenship', 'CodeableConcept', '0171'],
  37: ['living-arrangement', 'CodeableConcept', '0220'],
  38: ['publicity', 'CodeableConcept', '0215'],
  39: ['protection-indicator', 'boolean'],
  40: ['student-status', 'CodeableConcept', '0231'],
  41: ['religion', 'CodeableConcept', '0006'],
  42: ['mothers-maiden-name', 'HumanName'],
  43: ['nationality', 'CodeableConcept', '0212'],
  44: ['ethnic-group', 'CodeableConcept', '0189'],
  45: ['contact-person-name', 'HumanName'],
  46: ['contact-person-telecom', 'ContactPoint'],
  47: ['contact-reason', 'CodeableConcept', '0222'],
  48: ['contact-relationship', 'CodeableConcept', '0063'],
  49: ['job-title', 'string'],
  50: ['job-code', 'string'],
  51: ['employer', 'Organization'],
  52: ['handicap', 'CodeableConcept', '0295'],
  53: ['job-status', 'CodeableConcept', '0311'],
  54: ['financial-class', 'CodeableConcept', '0064'],
  55: ['race', 'CodeableConcept', '0005'],
  56: ['birth-place', 'string'],
  57: ['vip-indicator', 'CodeableConcept', '0099'],
};

/**
 * GT1: who answers for the bill. The patient, or a RelatedPerson; the patient's account (PID-18) names the guarantor.
 * An organization may be one too (GT1-21, where no person is named).
 */
export function mapGt1(segment: Hl7Segment, scope: Scope, subject: PatientSubject): void {
  const gt1 = scope.open(segment, kept);
  const names = each(gt1.all(3, 'RelatedPerson.name'), humanName);
  const company = organization(gt1.first(21, 'Account.guarantor.party'), scope);
  if (names === undefined && company !== undefined && !gt1.segment.field(11).isPopulated) {
    addGuarantor(gt1, company, scope, subject);
    gt1.keepAll('The guarantor is an organization; the fields about a person were left out.');
    return;
  }
  const numbers = [
    ...gt1.all(2, 'RelatedPerson.identifier').map((field) => identifier(field)),
    ...gt1.all(19, 'RelatedPerson.identifier').map((field) => identifier(field, 'EN')),
  ];
  const [own] = numbers;
  const relation = gt1.first(11, 'RelatedPerson.relationship');
  const key = own === undefined ? ['name', names?.[0] ? nameText(names[0]) : ''] : identifierKey(own);
  const id = scope.id('RelatedPerson', subject.patient.id, 'guarantor', ...key);
  const { person, reference } = personOf(relation, id, scope, subject);
  gt1.entry = `urn:uuid:${person.id}`;
  state(person, 'name', names, gt1.all(3, 'RelatedPerson.name'));
  describe(person, gt1, numbers);
  declare(person, person.resourceType, gt1, rows, scope);
  addGuarantor(gt1, reference, scope, subject);
}

function describe(person: Person, gt1: SegmentReader, numbers: ReturnType<typeof identifier>[]): void {
  const social = gt1.code(12, 'RelatedPerson.identifier');
  const ssn =
    social === undefined
      ? undefined
      : { type: identifierType('SS'), system: 'http://hl7.org/fhir/sid/us-ssn', value: social };
  state(person, 'identifier', list([...numbers, ssn]), []);
  const addresses = gt1.all(5, 'RelatedPerson.address');
  state(person, 'address', each(addresses, address), addresses);
  const [home, work] = [gt1.all(6, 'RelatedPerson.telecom'), gt1.all(7, 'RelatedPerson.telecom')];
  const telecom = list([
    ...home.map((field) => contactPoint(field, 'home')),
    ...work.map((field) => contactPoint(field, 'work')),
  ]);
  state(person, 'telecom', telecom, [...home, ...work]);
  state(
    person,
    'birthDate',
    dateOnly(gt1.first(8, 'RelatedPerson.birthDate')),
    gt1.all(8, 'RelatedPerson.birthDate'),
  );
  const sex = gt1.first(9, 'RelatedPerson.gender');
  state(person, 'gender', administrativeSex(sex?.code(1)?.toUpperCase()), gt1.all(9, 'RelatedPerson.gender'));
  const spoken = gt1.first(36, 'RelatedPerson.communication');
  const tongue = spoken && language(spoken);
  if (tongue !== undefined) person.communication ??= [tongue];
}

/** Account.guarantor, where the patient has an account; it takes the dates and the hold too. */
function addGuarantor(
  gt1: SegmentReader,
  party: AccountGuarantor['party'],
  scope: Scope,
  subject: PatientSubject,
): void {
  const guarantor: AccountGuarantor = { party };
  set(guarantor, 'onHold', yesNo(gt1.first(22, 'Account.guarantor.onHold')));
  const [start, end] = [13, 14].map((n) => dateOnly(gt1.first(n, 'Account.guarantor.period')));
  set(guarantor, 'period', period(start, end, gt1));
  const account = accountOf(subject, scope);
  if (account !== undefined) (account.guarantor ??= []).push(guarantor);
  else
    for (const n of [13, 14, 22])
      gt1.first(n, 'Account.guarantor')?.keep('PID-18 names no account to hold this.');
}

export function accountOf({ account }: PatientSubject, scope: Scope): Identified<Account> | undefined {
  if (account === undefined) return undefined;
  const resource = scope.resources.get(scope.id('Account', ...identifierKey(account)));
  return resource?.resourceType === 'Account' ? resource : undefined;
}
