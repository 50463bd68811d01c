import type { ChargeItem, CodeableConcept, Identifier, Reference } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { notCharged } from '../codemaps/finance';
import { codeableConcept } from '../datatypes/cwe';
import { dateTime } from '../datatypes/dtm';
import { period } from '../datatypes/dr';
import { identifier } from '../datatypes/cx';
import { entityIdentifier } from '../datatypes/ei';
import { money } from '../datatypes/mo';
import { parseDecimal } from '../datatypes/nm';
import { practitioner, practitioners } from '../datatypes/xcn';
import { organization } from '../datatypes/xon';
import { declare, type DeclaredFields } from '../declared';
import { absentReason } from '../extensions';
import { codeKey } from '../keys';
import type { SegmentReader } from '../reader';
import type { Identified, Scope } from '../scope';
import { each, list, set } from '../set';
import { accountOf } from './gt1';
import { mapNotes } from './nte';
import type { PatientSubject } from './pid';
import type { Visit } from './pv1';

const kept = { 1: 'Set id: order of segments in the message.' };

const rows: DeclaredFields = {
  3: ['transaction-batch', 'string'],
  6: ['transaction-type', 'CodeableConcept', '0017'],
  8: ['transaction-description', 'string'],
  9: ['transaction-description', 'string'],
  12: ['unit-price', 'Money'],
  14: ['health-plan', 'CodeableConcept', '0072'],
  15: ['insurance-amount', 'Money'],
  16: ['location', 'Location'],
  17: ['fee-schedule', 'CodeableConcept', '0024'],
  18: ['patient-type', 'CodeableConcept', '0018'],
  21: ['ordered-by', 'Practitioner'],
  22: ['unit-cost', 'Money'],
  26: ['procedure-modifier', 'CodeableConcept', '0340'],
  27: ['advance-beneficiary-notice', 'CodeableConcept', '0339'],
  28: ['duplicate-procedure-reason', 'CodeableConcept', '0476'],
  30: ['payment-reference', 'Identifier'],
  31: ['transaction-reference', 'string'],
  34: ['item-number', 'CodeableConcept'],
  35: ['model-number', 'string'],
  36: ['special-processing', 'CodeableConcept'],
  37: ['clinic', 'CodeableConcept'],
  40: ['provider-taxonomy', 'CodeableConcept'],
  41: ['revenue', 'CodeableConcept', '0456'],
  43: ['drug-quantity', 'Quantity'],
};

const noCharge =
  'FT1-6 says that the transaction is a credit, payment or adjustment; R4 ChargeItem is a charge.';

/**
 * FT1: a ChargeItem. v2 says what is charged, not how far the bill is: status unknown. What is no charge (FT1-6) makes
 * none, so that nobody sums it up as one.
 */
export function mapFt1(
  segment: Hl7Segment,
  notes: readonly Hl7Segment[],
  scope: Scope,
  subject: PatientSubject,
  visit: Visit | undefined,
): Identified<ChargeItem> | undefined {
  const ft1 = scope.open(segment, kept);
  if (notCharged.has(ft1.code(6, 'ChargeItem.extension(transaction-type)')?.toUpperCase() ?? '')) {
    ft1.report('info', 'TRANSACTION_NOT_A_CHARGE', noCharge);
    ft1.keepAll(noCharge);
    for (const note of notes) scope.open(note).keepAll(noCharge);
    return undefined;
  }
  const number = ft1.code(2, 'ChargeItem.identifier');
  const code = charged(ft1);
  const charge: Identified<ChargeItem> = {
    resourceType: 'ChargeItem',
    id:
      number === undefined
        ? scope.nextId('ChargeItem', subject.patient.id, 'message', scope.messageKey, ...codeKey(code))
        : scope.nextId('ChargeItem', subject.patient.id, scope.sender.system, number),
    status: 'unknown',
    code: code ?? absentReason('unknown'),
    subject: subject.reference,
  };
  ft1.entry = `urn:uuid:${charge.id}`;
  if (number !== undefined) charge.identifier = [{ system: scope.sender.system, value: number }];
  set(charge, 'context', visit?.reference);
  setTimes(charge, ft1);
  setParties(charge, ft1, scope);
  const quantity = parseDecimal(ft1.code(10, 'ChargeItem.quantity') ?? '');
  if (quantity !== undefined) charge.quantity = { value: quantity.value };
  else ft1.first(10, 'ChargeItem.quantity')?.keep('FT1-10 is no number.');
  set(charge, 'priceOverride', money(ft1.first(11, 'ChargeItem.priceOverride')));
  set(
    charge,
    'reason',
    each(ft1.all(19, 'ChargeItem.reason'), (field) => codeableConcept(field, { table: '0051' })),
  );
  set(
    charge,
    'productCodeableConcept',
    codeableConcept(ft1.first(29, 'ChargeItem.product'), { table: '0549' }),
  );
  const account = accountOf(subject, scope);
  if (account !== undefined) charge.account = [scope.reference(account.id)];
  set(charge, 'supportingInformation', papers(ft1));
  set(charge, 'note', mapNotes(notes, scope, 'ChargeItem.note'));
  declare(charge, 'ChargeItem', ft1, rows, scope);
  scope.add(charge);
  return charge;
}

/** The transaction code (FT1-7), with the procedure that it stands for (FT1-25). */
function charged(ft1: SegmentReader): CodeableConcept | undefined {
  const code = codeableConcept(ft1.first(7, 'ChargeItem.code'), { table: '0132' });
  const procedure = codeableConcept(ft1.first(25, 'ChargeItem.code'), { table: '0088' });
  if (code === undefined || procedure?.coding === undefined) return code ?? procedure;
  const present = new Set(code.coding?.map(({ system, code: own }) => `${system} ${own}`));
  const others = procedure.coding.filter(({ system, code: own }) => !present.has(`${system} ${own}`));
  return { ...code, coding: [...(code.coding ?? []), ...others] };
}

function setTimes(charge: ChargeItem, ft1: SegmentReader): void {
  const when = ft1.first(4, 'ChargeItem.occurrence');
  const [start, end] = [dateTime(when), dateTime(when, 2)];
  const during = end === undefined || when === undefined ? undefined : period(start, end, when);
  if (during !== undefined) charge.occurrencePeriod = during;
  else set(charge, 'occurrenceDateTime', start);
  set(charge, 'enteredDate', dateTime(ft1.first(5, 'ChargeItem.enteredDate')));
}

function setParties(charge: ChargeItem, ft1: SegmentReader, scope: Scope): void {
  const performers = practitioners(ft1.all(20, 'ChargeItem.performer'), scope);
  if (performers.length > 0) charge.performer = performers.map((actor) => ({ actor }));
  const [enterer, ...others] = ft1.all(24, 'ChargeItem.enterer');
  for (const other of others) other.keep('R4 names one enterer.');
  set(charge, 'enterer', practitioner(enterer, scope));
  const [facility, ...more] = ft1.all(32, 'ChargeItem.performingOrganization');
  for (const other of more) other.keep('R4 names one performing organization.');
  set(charge, 'performingOrganization', organization(facility, scope));
  set(
    charge,
    'requestingOrganization',
    organization(ft1.first(33, 'ChargeItem.requestingOrganization'), scope),
  );
  const department = codeableConcept(ft1.first(13, 'ChargeItem.costCenter'), { table: '0049' });
  const [coding] = department?.coding ?? [];
  const display = department?.text ?? coding?.display ?? coding?.code;
  if (display === undefined) return;
  charge.costCenter =
    coding?.code === undefined
      ? { display }
      : { identifier: { system: coding.system ?? ft1.sender.system, value: coding.code }, display };
}

/** What the charge comes from and is allowed by, known by number only. */
function papers(ft1: SegmentReader): Reference[] | undefined {
  const order = entityIdentifier(ft1.first(23, 'ChargeItem.supportingInformation'), 'FILL');
  const prescription = ft1.code(42, 'ChargeItem.supportingInformation');
  const drug: Identifier | undefined =
    prescription === undefined ? undefined : { system: ft1.sender.system, value: prescription };
  const [referral, authorization] = [38, 39].map((n) =>
    identifier(ft1.first(n, 'ChargeItem.supportingInformation')),
  );
  return list([
    order && { type: 'ServiceRequest', identifier: order },
    drug && { type: 'MedicationRequest', identifier: drug },
    referral && { type: 'ServiceRequest', identifier: referral },
    authorization && { type: 'ClaimResponse', identifier: authorization },
  ]);
}
