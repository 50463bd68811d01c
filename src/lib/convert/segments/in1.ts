import type { Coverage, Organization } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { relationship } from '../codemaps/patient';
import { codeableConcept } from '../datatypes/cwe';
import { identifier } from '../datatypes/cx';
import { dateOnly } from '../datatypes/dtm';
import { period } from '../datatypes/dr';
import { address } from '../datatypes/xad';
import { organization } from '../datatypes/xon';
import { humanName, nameText } from '../datatypes/xpn';
import { contactPoint } from '../datatypes/xtn';
import { absentReason } from '../extensions';
import type { Identified, Scope } from '../scope';
import { each, set } from '../set';
import type { PatientSubject } from './pid';

const kept = { 1: 'Set id: order of segments in the message.' };

/**
 * IN1: a Coverage. It has no status in v2 and R4 has no code for that, so the required element says why it is empty.
 * Coverage.payor is required too: without a company (IN1-3, IN1-4) there is no Coverage.
 */
export function mapIn1(segment: Hl7Segment, scope: Scope, subject: PatientSubject): void {
  const in1 = scope.open(segment, kept);
  const company = identifier(in1.first(3, 'Coverage.payor'), 'XX');
  const details = {
    address: each(in1.all(5, 'Organization.address'), address),
    telecom: each(in1.all(7, 'Organization.telecom'), (field) => contactPoint(field, 'work')),
  };
  const [named] = in1.all(4, 'Coverage.payor').map((field) => organization(field, scope, details));
  const payor = named ?? (company === undefined ? undefined : { identifier: company });
  if (payor === undefined) {
    in1.report('info', 'COVERAGE_WITHOUT_PAYOR', 'IN1 names no insurance company, so no Coverage was made.');
    in1.keepAll('R4 Coverage.payor is required and IN1 names no company.');
    return;
  }
  const payorId = named?.reference?.slice('urn:uuid:'.length);
  const payorResource = payorId === undefined ? undefined : scope.resources.get(payorId);
  if (company !== undefined && payorResource?.resourceType === 'Organization')
    addIdentifier(payorResource, company);
  const plan = codeableConcept(in1.first(2, 'Coverage.class'), { table: '0072' });
  const member = identifier(in1.first(49, 'Coverage.subscriberId'));
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
  if (policy !== undefined) coverage.identifier = [{ system: in1.sender.system, value: policy }];
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
  const insured = humanName(in1.first(16, 'Coverage.subscriber'));
  if (insured !== undefined) coverage.subscriber = { display: nameText(insured) };
  setClasses(
    coverage,
    plan?.coding?.[0]?.code ?? plan?.text,
    plan?.coding?.[0]?.display,
    group,
    in1.text(9, 'Coverage.class'),
  );
  scope.add(coverage);
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
