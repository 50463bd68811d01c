import type { Practitioner, PractitionerRole, Reference } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { codeableConcept } from '../datatypes/cwe';
import { dateTime } from '../datatypes/dtm';
import { period } from '../datatypes/dr';
import { location } from '../datatypes/pl';
import { licenceNumber } from '../datatypes/pln';
import { address } from '../datatypes/xad';
import { organization } from '../datatypes/xon';
import { humanName, nameText } from '../datatypes/xpn';
import { contactPoint } from '../datatypes/xtn';
import { declare, type DeclaredFields } from '../declared';
import { codeKey, identifierKey } from '../keys';
import type { SegmentReader } from '../reader';
import type { Identified, Scope } from '../scope';
import { each, set } from '../set';

const rows: DeclaredFields = {
  6: ['preferred-contact-method', 'CodeableConcept', '0185'],
  14: ['organization-contact-method', 'CodeableConcept', '0185'],
};

/** A party of the referral: HL7 table 0286 says which. */
export interface Provider {
  readonly codes: readonly string[];
  readonly role: Identified<PractitionerRole>;
  readonly reference: Reference;
}

/** PRD: a clinician in their role. Without a number (PRD-7) the clinician is known in this referral only. */
export function mapPrd(segment: Hl7Segment, scope: Scope, referralId: string): Provider {
  const prd = scope.open(segment);
  const coded = prd.all(1, 'PractitionerRole.code');
  const concepts = each(coded, (field) => codeableConcept(field, { table: '0286' }));
  const codes = coded.flatMap((field) => field.code(1)?.toUpperCase() ?? []);
  const person = practitioner(prd, scope, referralId, codes);
  const role: Identified<PractitionerRole> = {
    resourceType: 'PractitionerRole',
    id: scope.nextId('PractitionerRole', referralId, ...codeKey(concepts?.[0]), person?.reference ?? ''),
  };
  prd.entry = `urn:uuid:${role.id}`;
  const [start, end] = [8, 9].map((n) => dateTime(prd.first(n, 'PractitionerRole.period')));
  set(role, 'period', period(start, end, prd));
  set(role, 'practitioner', person);
  set(role, 'organization', employer(prd, scope));
  set(role, 'code', concepts);
  const places = [4, 12].flatMap((n) => prd.all(n, 'PractitionerRole.location'));
  set(
    role,
    'location',
    each(places, (place) => location(place, scope)),
  );
  set(
    role,
    'telecom',
    each(prd.all(5, 'PractitionerRole.telecom'), (field) => contactPoint(field, 'work')),
  );
  declare(role, 'PractitionerRole', prd, rows, scope);
  const reference = scope.add(role);
  set(reference, 'display', person?.display ?? role.organization?.display);
  return { codes, role, reference };
}

function practitioner(
  prd: SegmentReader,
  scope: Scope,
  referralId: string,
  codes: readonly string[],
): Reference | undefined {
  const names = each(prd.all(2, 'Practitioner.name'), humanName);
  const identifiers = each(prd.all(7, 'Practitioner.identifier'), licenceNumber);
  const addresses = each(prd.all(3, 'Practitioner.address'), address);
  if (names === undefined && identifiers === undefined) {
    for (const field of prd.all(3, 'Practitioner.address')) field.keep('PRD names nobody who lives there.');
    return undefined;
  }
  const [own] = identifiers ?? [];
  const [name] = names ?? [];
  const display = name && nameText(name);
  const person: Identified<Practitioner> = {
    resourceType: 'Practitioner',
    id:
      own === undefined
        ? scope.nextId('Practitioner', referralId, ...codes, display ?? '')
        : scope.id('Practitioner', ...identifierKey(own)),
  };
  set(person, 'identifier', identifiers);
  set(person, 'name', names);
  set(person, 'address', addresses);
  const reference = scope.add(person);
  set(reference, 'display', display);
  return reference;
}

function employer(prd: SegmentReader, scope: Scope): Reference | undefined {
  const reference = organization(prd.first(10, 'PractitionerRole.organization'), scope, {
    address: each(prd.all(11, 'Organization.address'), address),
    telecom: each(prd.all(13, 'Organization.telecom'), (field) => contactPoint(field, 'work')),
  });
  if (reference === undefined)
    for (const field of [...prd.all(11, 'Organization.address'), ...prd.all(13, 'Organization.telecom')])
      field.keep('PRD-10 names no organization.');
  return reference;
}
