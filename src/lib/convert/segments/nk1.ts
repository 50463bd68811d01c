import type { CodeableConcept, PatientContact } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { administrativeSex, relationship } from '../codemaps/patient';
import { codeableConcept } from '../datatypes/cwe';
import { dateOnly } from '../datatypes/dtm';
import { period } from '../datatypes/dr';
import { address } from '../datatypes/xad';
import { organization } from '../datatypes/xon';
import { humanName } from '../datatypes/xpn';
import { contactPoint } from '../datatypes/xtn';
import { declare, type DeclaredFields } from '../declared';
import type { FieldReader, SegmentReader } from '../reader';
import type { Scope } from '../scope';
import { list, set } from '../set';
import type { PatientSubject } from './pid';

const kept = { 1: 'Set id: order of segments in the message.' };

const rows: DeclaredFields = {
  10: ['job-title', 'string'],
  11: ['job-code', 'string'],
  12: ['employee-number', 'Identifier'],
  14: ['marital-status', 'CodeableConcept', '0002'],
  16: ['birth-date', 'dateTime'],
  17: ['living-dependency', 'CodeableConcept', '0223'],
  18: ['ambulatory-status', 'CodeableConcept', '0009'],
  19: ['citizenship', 'CodeableConcept', '0171'],
  20: ['language', 'CodeableConcept', '0296'],
  21: ['living-arrangement', 'CodeableConcept', '0220'],
  22: ['publicity', 'CodeableConcept', '0215'],
  23: ['protection-indicator', 'boolean'],
  24: ['student-status', 'CodeableConcept', '0231'],
  25: ['religion', 'CodeableConcept', '0006'],
  26: ['mothers-maiden-name', 'HumanName'],
  27: ['nationality', 'CodeableConcept', '0212'],
  28: ['ethnic-group', 'CodeableConcept', '0189'],
  29: ['contact-reason', 'CodeableConcept', '0222'],
  33: ['identifier', 'Identifier'],
  34: ['job-status', 'CodeableConcept', '0311'],
  35: ['race', 'CodeableConcept', '0005'],
  36: ['handicap', 'CodeableConcept', '0295'],
  37: ['contact-person-social-security-number', 'string'],
  38: ['birth-place', 'string'],
  39: ['vip-indicator', 'CodeableConcept', '0099'],
};

/** NK1-30 to 32 and 41: whom to talk to, where the contact is an organization (NK1-13) and so names no person. */
const contactPerson: DeclaredFields = {
  30: ['contact-person-name', 'HumanName'],
  31: ['contact-person-telecom', 'ContactPoint'],
  32: ['contact-person-address', 'Address'],
  41: ['contact-person-telecom', 'ContactPoint'],
};

/**
 * NK1: a contact of the Patient, one of the guide's two choices. A RelatedPerson would need an identity that NK1 does
 * not give: its set id numbers the list as it is today, so an update would change the wrong person.
 */
export function mapNk1(segment: Hl7Segment, scope: Scope, { patient }: PatientSubject): void {
  const nk1 = scope.open(segment, kept);
  const contact: PatientContact = {};
  const relationships: (CodeableConcept | undefined)[] = [
    codeableConcept(nk1.first(3, 'Patient.contact.relationship'), { table: '0063', map: relationship }),
    codeableConcept(nk1.first(7, 'Patient.contact.relationship'), { table: '0131' }),
  ];
  set(contact, 'relationship', list(relationships));
  const isPerson = !nk1.isEmpty(2);
  const [first, ...others] = nk1.all(isPerson ? 2 : 30, 'Patient.contact.name').map(humanName);
  set(contact, 'name', first);
  set(
    contact,
    'telecom',
    list([
      ...nk1.all(5, 'Patient.contact.telecom').map((field) => contactPoint(field, 'home')),
      ...nk1.all(6, 'Patient.contact.telecom').map((field) => contactPoint(field, 'work')),
      ...(isPerson ? [40] : [40, 31, 41]).flatMap((n) =>
        nk1.all(n, 'Patient.contact.telecom').map((field) => contactPoint(field)),
      ),
    ]),
  );
  const addresses = isPerson || !nk1.isEmpty(4) ? 4 : 32;
  set(contact, 'address', address(oneOf(nk1, addresses, 'address')));
  set(contact, 'gender', administrativeSex(nk1.code(15, 'Patient.contact.gender')?.toUpperCase()));
  set(contact, 'organization', organization(oneOf(nk1, 13, 'organization'), scope));
  const start = dateOnly(nk1.first(8, 'Patient.contact.period'));
  const end = dateOnly(nk1.first(9, 'Patient.contact.period'));
  set(contact, 'period', period(start, end, nk1));
  if (others.length > 0) nk1.report('info', 'NAME_REPEATED', oneName);
  for (const field of nk1.all(isPerson ? 2 : 30, 'Patient.contact.name').slice(1)) field.keep(oneName);
  if ((contact.name ?? contact.telecom ?? contact.address ?? contact.organization) === undefined) {
    nk1.keepAll('R4 pat-1: a contact needs a name, telecom, address or organization.');
    return;
  }
  declare(contact, 'Patient.contact', nk1, rows, scope);
  if (isPerson) declare(contact, 'Patient.contact', nk1, contactPerson, scope);
  else if (addresses !== 32)
    declare(contact, 'Patient.contact', nk1, { 32: ['contact-person-address', 'Address'] }, scope);
  (patient.contact ??= []).push(contact);
}

const oneName = 'R4 gives a contact one name; further names stay in the raw message.';

function oneOf(nk1: SegmentReader, n: number, element: string): FieldReader | undefined {
  const [first, ...others] = nk1.all(n, `Patient.contact.${element}`);
  for (const other of others) other.keep(`R4 gives a contact one ${element}.`);
  return first;
}
