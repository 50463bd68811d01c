import type { Reference, SupplyRequest } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { prescriptionStatus } from '../codemaps/orders';
import { codeableConcept } from '../datatypes/cwe';
import { dateTime } from '../datatypes/dtm';
import { absentReason } from '../extensions';
import { codeKey, identifierKey } from '../keys';
import type { Identified, Scope } from '../scope';
import { list, set } from '../set';
import { addOrderEvent, codedOrganization, type CommonOrder } from './orc';
import type { PatientSubject } from './pid';
import { amount } from './rx-amounts';

const accounts = 'Accounts and cost centres: billing has its own messages.';
const kept = {
  1: 'Requisition line: order of segments in the message.',
  7: accounts,
  8: accounts,
  9: accounts,
};
const rq1Kept = {
  1: accounts,
  3: 'Catalogue of the manufacturer: the item code says what it is.',
  6: accounts,
  7: accounts,
};

interface Supply {
  readonly rqd: Hl7Segment;
  readonly rq1: Hl7Segment | undefined;
  readonly notes: readonly Hl7Segment[];
}

/** RQD and RQ1: a SupplyRequest. R4 demands a quantity: without one the value says that it is unknown. */
export function mapSupply(
  { rqd: segment, rq1: detail, notes }: Supply,
  orc: CommonOrder,
  scope: Scope,
  subject: PatientSubject,
): Reference {
  const rqd = scope.open(segment, kept);
  const codes = [2, 3, 4].map((n) => codeableConcept(rqd.first(n, 'SupplyRequest.item')));
  const coding = codes.flatMap((concept) => concept?.coding ?? []);
  const text = codes.map((concept) => concept?.text).find((one) => one !== undefined);
  const item = { ...(coding.length > 0 ? { coding } : {}), ...(text === undefined ? {} : { text }) };
  const number = orc.placer ?? orc.filler;
  const key = number === undefined ? ['message', scope.messageKey] : ['number', ...identifierKey(number)];
  const request = {
    resourceType: 'SupplyRequest',
    id: scope.nextId('SupplyRequest', subject.patient.id, ...key, ...codeKey(item)),
  } as Identified<SupplyRequest>;
  rqd.entry = `urn:uuid:${request.id}`;
  set(request, 'identifier', list([orc.placer, orc.filler, orc.requisition, ...orc.otherIdentifiers]));
  const status = prescriptionStatus(orc);
  // R4's codes for supplies: stopped is not one of them.
  request.status =
    status === 'stopped' ? 'cancelled' : status === 'on-hold' ? 'suspended' : (status ?? 'unknown');
  request.itemCodeableConcept = Object.keys(item).length > 0 ? item : absentReason('unknown');
  const quantity = amount(rqd.first(5, 'SupplyRequest.quantity'), rqd.first(6, 'SupplyRequest.quantity'));
  request.quantity = quantity ?? (absentReason('unknown') as SupplyRequest['quantity']);
  set(request, 'occurrenceDateTime', dateTime(rqd.first(10, 'SupplyRequest.occurrence')));
  set(request, 'authoredOn', orc.authoredOn ?? orc.event.occurred);
  if (orc.requester?.reference !== undefined) request.requester = orc.requester;
  if (detail !== undefined) {
    const rq1 = scope.open(detail, rq1Kept);
    const suppliers = [
      codedOrganization(rq1.first(4, 'SupplyRequest.supplier'), scope),
      codedOrganization(rq1.first(2, 'SupplyRequest.supplier'), scope),
    ];
    set(request, 'supplier', list(suppliers));
  }
  request.deliverTo = subject.reference;
  for (const nte of notes) scope.open(nte).keepAll('R4 supply requests have no notes.');
  const reference = scope.add(request);
  addOrderEvent(orc, reference, scope);
  return reference;
}
