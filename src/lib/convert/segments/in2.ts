import type { Hl7Segment } from '../../hl7';
import { identifier, identifierType } from '../datatypes/cx';
import { contactPoint } from '../datatypes/xtn';
import { declare, type DeclaredFields } from '../declared';
import { codeableConcept } from '../datatypes/cwe';
import type { Scope } from '../scope';
import { each, list } from '../set';
import type { Insurance } from './in1';
import { state } from './person';
import { language } from './pid';

const coverageRows: DeclaredFields = {
  5: ['mail-claim-party', 'CodeableConcept', '0137'],
  7: ['medicaid-case-name', 'HumanName'],
  18: ['military-non-availability-certificate', 'boolean'],
  19: ['baby-coverage', 'boolean'],
  20: ['combine-baby-bill', 'boolean'],
  21: ['blood-deductible', 'string'],
  22: ['special-coverage-approval-name', 'HumanName'],
  23: ['special-coverage-approval-title', 'string'],
  24: ['non-covered-insurance', 'CodeableConcept', '0143'],
  25: ['payor-identifier', 'Identifier'],
  27: ['eligibility-source', 'CodeableConcept', '0144'],
  28: ['room-coverage', 'string'],
  29: ['policy-amount', 'string'],
  30: ['daily-deductible', 'string'],
  57: ['company-contact-reason', 'CodeableConcept', '0232'],
  58: ['company-contact-telecom', 'ContactPoint'],
  59: ['policy-scope', 'CodeableConcept', '0312'],
  60: ['policy-source', 'CodeableConcept', '0313'],
  62: ['guarantor-relationship-to-insured', 'CodeableConcept', '0063'],
  66: ['suspend', 'boolean'],
  67: ['copay-limit', 'boolean'],
  68: ['stoploss-limit', 'boolean'],
};

/** Of the insured. */
const insuredRows: DeclaredFields = {
  3: ['employer-contact', 'Practitioner'],
  4: ['employer-information', 'CodeableConcept', '0139'],
  9: ['military-sponsor', 'HumanName'],
  11: ['dependent-of-military-recipient', 'CodeableConcept', '0342'],
  12: ['military-organization', 'string'],
  13: ['military-station', 'string'],
  14: ['military-service', 'CodeableConcept', '0140'],
  15: ['military-rank', 'CodeableConcept', '0141'],
  16: ['military-status', 'CodeableConcept', '0142'],
  17: ['military-retirement', 'date'],
  31: ['living-dependency', 'CodeableConcept', '0223'],
  32: ['ambulatory-status', 'CodeableConcept', '0009'],
  33: ['citizenship', 'CodeableConcept', '0171'],
  35: ['living-arrangement', 'CodeableConcept', '0220'],
  36: ['publicity', 'CodeableConcept', '0215'],
  37: ['protection-indicator', 'boolean'],
  38: ['student-status', 'CodeableConcept', '0231'],
  39: ['religion', 'CodeableConcept', '0006'],
  40: ['mothers-maiden-name', 'HumanName'],
  41: ['nationality', 'CodeableConcept', '0212'],
  42: ['ethnic-group', 'CodeableConcept', '0189'],
  43: ['marital-status', 'CodeableConcept', '0002'],
  44: ['employment-start', 'date'],
  45: ['employment-stop', 'date'],
  46: ['job-title', 'string'],
  47: ['job-code', 'string'],
  48: ['job-status', 'CodeableConcept', '0311'],
  49: ['employer-contact-name', 'HumanName'],
  50: ['employer-contact-telecom', 'ContactPoint'],
  51: ['employer-contact-reason', 'CodeableConcept', '0222'],
  52: ['contact-person-name', 'HumanName'],
  53: ['contact-person-telecom', 'ContactPoint'],
  54: ['contact-reason', 'CodeableConcept', '0222'],
  55: ['relationship-start', 'date'],
  56: ['relationship-stop', 'date'],
  64: ['employer-telecom', 'ContactPoint'],
  65: ['military-handicapped-program', 'CodeableConcept', '0343'],
  69: ['insured-organization', 'Organization'],
  70: ['employer', 'Organization'],
  71: ['race', 'CodeableConcept', '0005'],
};

/** Numbers under which the insured is known. */
const numbers = [
  [2, 'SS'],
  [6, 'MC'],
  [8, 'MA'],
  [10, 'MI'],
] as const;

/** IN2: more of the coverage, and of the person who holds it. */
export function mapIn2(segment: Hl7Segment, scope: Scope, insurance: Insurance | undefined): void {
  const in2 = scope.open(segment);
  if (insurance === undefined) {
    in2.keepAll('IN2 adds to a coverage, and IN1 made none.');
    return;
  }
  const { coverage, insured } = insurance;
  in2.entry = `urn:uuid:${coverage.id}`;
  const own = [
    ...in2.all(1, 'RelatedPerson.identifier').map((field) => identifier(field, 'EI')),
    ...numbers.map(([n, type]) => {
      const value = in2.code(n, 'RelatedPerson.identifier');
      if (value === undefined) return undefined;
      const system = n === 2 ? 'http://hl7.org/fhir/sid/us-ssn' : in2.sender.system;
      return { type: identifierType(type), system, value };
    }),
  ];
  const others = [
    ...in2.all(26, 'Coverage.identifier').map((field) => identifier(field)),
    identifier(in2.first(61, 'Coverage.identifier'), 'MB'),
  ];
  const coverageNumbers = list(insured === undefined ? [...own, ...others] : others);
  if (coverageNumbers !== undefined) (coverage.identifier ??= []).push(...coverageNumbers);
  const phones = in2.all(63, 'RelatedPerson.telecom');
  const telecom = each(phones, (field) => contactPoint(field, 'home'));
  const spoken = in2.first(34, 'RelatedPerson.communication');
  const tongue = spoken && language(spoken);
  if (insured === undefined) {
    for (const field of [...phones, ...(spoken === undefined ? [] : [spoken])])
      field.keep('The message does not say who the insured is.');
  } else {
    state(insured, 'identifier', list(own), []);
    state(insured, 'telecom', telecom, phones);
    if (tongue !== undefined) insured.communication ??= [tongue];
  }
  declare(coverage, 'Coverage', in2, coverageRows, scope);
  declare(insured ?? coverage, insured?.resourceType ?? 'Coverage', in2, insuredRows, scope);
  if (coverage.relationship === undefined) {
    const relation = codeableConcept(in2.first(72, 'Coverage.relationship'), { table: '0344' });
    if (relation !== undefined) coverage.relationship = relation;
  } else {
    const row = { 72: ['patient-relationship-to-insured', 'CodeableConcept', '0344'] } as const;
    declare(coverage, 'Coverage', in2, row, scope);
  }
}
