import type { Practitioner } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { administrativeSex } from '../codemaps/patient';
import { identifier } from '../datatypes/cx';
import { dateOnly } from '../datatypes/dtm';
import { address } from '../datatypes/xad';
import { humanName } from '../datatypes/xpn';
import { contactPoint } from '../datatypes/xtn';
import { declare, type DeclaredFields } from '../declared';
import { identifierKey } from '../keys';
import type { SegmentReader } from '../reader';
import { Rejection } from '../types';
import type { Identified, Scope } from '../scope';
import { each, list, set } from '../set';

const rows: DeclaredFields = {
  4: ['staff-type', 'CodeableConcept', '0182'],
  8: ['department', 'CodeableConcept', '0184'],
  9: ['hospital-service', 'CodeableConcept', '0069'],
  12: ['institution-activation', 'string'],
  13: ['institution-inactivation', 'string'],
  16: ['preferred-contact-method', 'CodeableConcept', '0185'],
  18: ['job-title', 'string'],
  19: ['job-code', 'string'],
  20: ['employment-status', 'CodeableConcept', '0066'],
  31: ['death-date', 'dateTime'],
  33: ['institution-relationship', 'CodeableConcept', '0538'],
  34: ['institution-relationship-period', 'Period'],
  35: ['expected-return', 'date'],
  36: ['cost-center', 'CodeableConcept', '0539'],
  38: ['inactive-reason', 'CodeableConcept', '0540'],
};

/** STF: a Practitioner under the number that other messages name them by (STF-2), else under the key of the file. */
export function mapStf(
  segment: Hl7Segment,
  scope: Scope,
  inUse: boolean | undefined,
): Identified<Practitioner> {
  const stf = scope.open(segment);
  const key = stf.first(1, 'Practitioner.identifier');
  const value = key?.code(1);
  const primary =
    key === undefined || value === undefined
      ? undefined
      : {
          system: key.code(3) === undefined ? stf.sender.system : stf.sender.codeSystem(key.code(3) ?? ''),
          value,
        };
  key?.get(2);
  const numbers = list([...stf.all(2, 'Practitioner.identifier').map((field) => identifier(field)), primary]);
  const [own] = numbers ?? [];
  if (own === undefined) throw new Rejection('SEGMENT_MISSING', `STF[${segment.occurrence}]-1`);
  const person: Identified<Practitioner> = {
    resourceType: 'Practitioner',
    id: scope.id('Practitioner', ...identifierKey(own)),
  };
  stf.entry = `urn:uuid:${person.id}`;
  set(person, 'identifier', numbers);
  set(person, 'active', activity(stf) ?? inUse);
  set(person, 'name', each(stf.all(3, 'Practitioner.name'), humanName));
  const mail = stf.all(15, 'Practitioner.telecom').map((field) => field.code(1));
  const telecom = list([
    ...stf.all(10, 'Practitioner.telecom').map((field) => contactPoint(field, 'work')),
    ...mail.map((address) =>
      address === undefined ? undefined : { system: 'email' as const, value: address },
    ),
  ]);
  set(person, 'telecom', telecom);
  set(person, 'address', each(stf.all(11, 'Practitioner.address'), address));
  set(person, 'gender', administrativeSex(stf.code(5, 'Practitioner.gender')?.toUpperCase()));
  set(person, 'birthDate', dateOnly(stf.first(6, 'Practitioner.birthDate')));
  declare(person, 'Practitioner', stf, rows, scope);
  scope.add(person);
  return person;
}

/** HL7 table 0183. */
function activity(stf: SegmentReader): boolean | undefined {
  const code = stf.code(7, 'Practitioner.active')?.toUpperCase();
  if (code === 'A') return true;
  return code === 'I' ? false : undefined;
}
