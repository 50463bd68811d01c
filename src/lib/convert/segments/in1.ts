import type { ContactPoint, Coverage, Organization, Reference } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { administrativeSex, relationship } from '../codemaps/patient';
import { terminology } from '../codemaps/table';
import { codeableConcept } from '../datatypes/cwe';
import { identifier } from '../datatypes/cx';
import { dateOnly } from '../datatypes/dtm';
import { period } from '../datatypes/dr';
import { money } from '../datatypes/mo';
import { parsePositiveInt } from '../datatypes/nm';
import { address } from '../datatypes/xad';
import { organization } from '../datatypes/xon';
import { humanName, nameText } from '../datatypes/xpn';
import { contactPoint } from '../datatypes/xtn';
import { declare, type DeclaredFields } from '../declared';
import { absentReason } from '../extensions';
import type { SegmentReader } from '../reader';
import type { Identified, Scope } from '../scope';
import { each, list, set } from '../set';
import { isSelf, personOf, state, type Person } from './person';
import type { PatientSubject } from './pid';

const kept = { 1: 'Set id: order of segments in the message.' };

const rows: DeclaredFields = {
  14: ['authorization', 'string'],
  20: ['assignment-of-benefits', 'CodeableConcept', '0135'],
  21: ['coordination-of-benefits', 'CodeableConcept', '0173'],
  23: ['notice-of-admission', 'boolean'],
  24: ['notice-of-admission-date', 'date'],
  25: ['report-of-eligibility', 'boolean'],
  26: ['report-of-eligibility-date', 'date'],
  27: ['release-of-information', 'CodeableConcept', '0093'],
  28: ['pre-admit-certification', 'string'],
  29: ['verified', 'dateTime'],
  30: ['verified-by', 'Practitioner'],
  31: ['type-of-agreement', 'CodeableConcept', '0098'],
  32: ['billing-status', 'CodeableConcept', '0022'],
  33: ['lifetime-reserve-days', 'decimal'],
  34: ['delay-before-lifetime-reserve-day', 'decimal'],
  35: ['company-plan', 'CodeableConcept', '0042'],
  38: ['policy-limit', 'Money'],
  39: ['policy-limit-days', 'decimal'],
  40: ['room-rate-semi-private', 'Money'],
  41: ['room-rate-private', 'Money'],
  45: ['verification-status', 'string'],
  46: ['prior-insurance-plan', 'CodeableConcept', '0072'],
  47: ['coverage-type', 'CodeableConcept', '0309'],
  50: ['signature', 'CodeableConcept', '0535'],
  51: ['signature-date', 'date'],
  54: ['external-health-plan', 'Identifier'],
  55: ['insurance-action', 'CodeableConcept'],
};

/** Of the insured; on the Coverage where the message does not say who that is. */
const insuredRows: DeclaredFields = {
  42: ['employment-status', 'CodeableConcept', '0066'],
  44: ['employer-address', 'Address'],
  48: ['handicap', 'CodeableConcept', '0295'],
  52: ['birth-place', 'string'],
  53: ['vip-indicator', 'CodeableConcept', '0099'],
};

/** The Coverage that IN1 made, for the segments that say more of it. */
export interface Insurance {
  readonly coverage: Identified<Coverage>;
  readonly insured: Person | undefined;
}

/**
 * IN1: a Coverage. It has no status in v2 and R4 has no code for that, so the required element says why it is empty.
 * Coverage.payor is required too: without a company (IN1-3, IN1-4) there is no Coverage.
 */
export function mapIn1(segment: Hl7Segment, scope: Scope, subject: PatientSubject): Insurance | undefined {
  const in1 = scope.open(segment, kept);
  const companies = each(in1.all(3, 'Coverage.payor'), (field) => identifier(field, 'XX')) ?? [];
  const [company] = companies;
  const details = {
    address: each(in1.all(5, 'Organization.address'), address),
    telecom: each(in1.all(7, 'Organization.telecom'), (field): ContactPoint | undefined =>
      contactPoint(field, 'work'),
    ),
  };
  const [named] = in1.all(4, 'Coverage.payor').map((field) => organization(field, scope, details));
  const payor = named ?? (company === undefined ? undefined : { identifier: company });
  if (payor === undefined) {
    in1.report('info', 'COVERAGE_WITHOUT_PAYOR', 'IN1 names no insurance company, so no Coverage was made.');
    in1.keepAll('R4 Coverage.payor is required and IN1 names no company.');
    return undefined;
  }
  const payorId = named?.reference?.slice('urn:uuid:'.length);
  const payorResource = payorId === undefined ? undefined : scope.resources.get(payorId);
  const contacts = each(in1.all(6, 'Organization.contact'), humanName);
  if (payorResource?.resourceType === 'Organization') {
    for (const own of companies) addIdentifier(payorResource, own);
    if (contacts !== undefined) payorResource.contact ??= contacts.map((name) => ({ name }));
  } else if (contacts !== undefined) {
    for (const field of in1.all(6, 'Organization.contact'))
      field.keep('IN1-4 names no company to hold its contact.');
  }
  const plan = codeableConcept(in1.first(2, 'Coverage.class'), { table: '0072' });
  const [member, ...members] = each(in1.all(49, 'Coverage.subscriberId'), (field) => identifier(field)) ?? [];
  const policy = in1.code(36, 'Coverage.identifier');
  const group = in1.code(8, 'Coverage.class');
  const coverage: Identified<Coverage> = {
    resourceType: 'Coverage',
    id: scope.nextId(
      'Coverage',
      subject.patient.id,
      payorId ?? `${company?.system ?? ''} ${company?.value ?? ''}`,
      plan?.coding?.[0]?.code ?? plan?.text ?? '',
      policy ?? group ?? '',
    ),
    beneficiary: subject.reference,
    payor: [payor],
  } as Identified<Coverage>;
  Object.assign(coverage, { _status: absentReason('unknown') });
  in1.entry = `urn:uuid:${coverage.id}`;
  const policyNumber = policy === undefined ? undefined : { system: in1.sender.system, value: policy };
  set(coverage, 'identifier', list([policyNumber, ...members]));
  set(coverage, 'type', codeableConcept(in1.first(15, 'Coverage.type'), { table: '0086' }));
  set(coverage, 'subscriberId', member?.value);
  set(
    coverage,
    'relationship',
    codeableConcept(in1.first(17, 'Coverage.relationship'), { table: '0063', map: relationship }),
  );
  const [start, end] = [
    dateOnly(in1.first(12, 'Coverage.period')),
    dateOnly(in1.first(13, 'Coverage.period')),
  ];
  set(coverage, 'period', period(start, end, in1));
  set(coverage, 'policyHolder', policyHolder(in1, scope));
  const insured = mapInsured(in1, coverage, scope, subject);
  set(coverage, 'order', parsePositiveInt(in1.code(22, 'Coverage.order')));
  const deductible = money(in1.first(37, 'Coverage.costToBeneficiary'));
  if (deductible !== undefined) {
    const type = { coding: [{ system: `${terminology}/coverage-copay-type`, code: 'deductible' }] };
    coverage.costToBeneficiary = [{ type, valueMoney: deductible }];
  }
  setClasses(
    coverage,
    plan?.coding?.[0]?.code ?? plan?.text,
    plan?.coding?.[0]?.display,
    group,
    in1.text(9, 'Coverage.class'),
  );
  declare(coverage, 'Coverage', in1, rows, scope);
  declare(insured ?? coverage, insured?.resourceType ?? 'Coverage', in1, insuredRows, scope);
  scope.add(coverage);
  return { coverage, insured };
}

/** The group through which the person is insured: the employer that holds the policy. */
function policyHolder(in1: SegmentReader, scope: Scope): Reference | undefined {
  const [group] = in1.all(11, 'Coverage.policyHolder').map((field) => organization(field, scope));
  const number = identifier(in1.first(10, 'Coverage.policyHolder'));
  const holder = group?.reference && scope.resources.get(group.reference.slice('urn:uuid:'.length));
  if (holder && holder.resourceType === 'Organization' && number !== undefined) addIdentifier(holder, number);
  return group ?? (number === undefined ? undefined : { type: 'Organization', identifier: number });
}

/** Who holds the coverage: the patient (IN1-17 says so), or somebody else, known within this coverage only. */
function mapInsured(
  in1: SegmentReader,
  coverage: Identified<Coverage>,
  scope: Scope,
  subject: PatientSubject,
): Person | undefined {
  const named = in1.all(16, 'Coverage.subscriber');
  const relation = in1.first(17, 'Coverage.relationship');
  if (named.length === 0 && !isSelf(relation)) return undefined;
  const id = scope.id('RelatedPerson', coverage.id, 'insured');
  const { person, reference } = personOf(relation, id, scope, subject);
  const names = each(named, humanName);
  const [first] = names ?? [];
  coverage.subscriber = first === undefined ? reference : { ...reference, display: nameText(first) };
  if (person.resourceType === 'RelatedPerson') set(person, 'name', names);
  const [born, sex] = [in1.first(18, 'RelatedPerson.birthDate'), in1.first(43, 'RelatedPerson.gender')];
  state(person, 'birthDate', dateOnly(born), list([born]) ?? []);
  const homes = in1.all(19, 'RelatedPerson.address');
  state(person, 'address', each(homes, address), homes);
  state(person, 'gender', administrativeSex(sex?.code(1)?.toUpperCase()), list([sex]) ?? []);
  return person;
}

function addIdentifier(payor: Organization, company: NonNullable<Organization['identifier']>[number]): void {
  const own = (payor.identifier ??= []);
  if (!own.some(({ system, value }) => system === company.system && value === company.value))
    own.push(company);
}

const classSystem = 'http://terminology.hl7.org/CodeSystem/coverage-class';

function setClasses(
  coverage: Coverage,
  plan: string | undefined,
  planName: string | undefined,
  group: string | undefined,
  groupName: string | undefined,
): void {
  const classes = [
    ['plan', plan, planName],
    ['group', group, groupName],
  ] as const;
  for (const [code, value, name] of classes) {
    if (value === undefined) continue;
    const entry = { type: { coding: [{ system: classSystem, code }] }, value };
    (coverage.class ??= []).push(name === undefined ? entry : { ...entry, name });
  }
}
