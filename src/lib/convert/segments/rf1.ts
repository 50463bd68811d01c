import type { ServiceRequest } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { referralEvent, referralPriority, referralStatus } from '../codemaps/referrals';
import { codeableConcept } from '../datatypes/cwe';
import { dateTime } from '../datatypes/dtm';
import { period } from '../datatypes/dr';
import { entityIdentifier } from '../datatypes/ei';
import { asText } from '../datatypes/observation-value';
import { practitioners } from '../datatypes/xcn';
import { organization } from '../datatypes/xon';
import { declare, type DeclaredFields } from '../declared';
import { identifierKey } from '../keys';
import type { SegmentReader } from '../reader';
import type { Identified, Scope } from '../scope';
import { each, list, set } from '../set';
import type { PatientSubject } from './pid';

const kept = { 25: 'Action code: how a receiver should apply the segment.' };

const rows: DeclaredFields = {
  4: ['referral-disposition', 'CodeableConcept', '0282'],
  5: ['referral-category', 'CodeableConcept', '0284'],
  12: ['documentation-status', 'CodeableConcept', '0865'],
};

/** A referral, as R4 knows it: SNOMED CT "patient referral". */
const referral = {
  coding: [{ system: 'http://snomed.info/sct', code: '3457005', display: 'Patient referral' }],
};

/** RF1: the referral as a ServiceRequest; without RF1 the message is one all the same. */
export function mapRf1(
  segment: Hl7Segment | undefined,
  scope: Scope,
  subject: PatientSubject,
): Identified<ServiceRequest> {
  const rf1 = segment === undefined ? undefined : scope.open(segment, kept);
  const origin = entityIdentifier(rf1?.first(6, 'ServiceRequest.identifier'), 'PLAC');
  const others = rf1?.all(11, 'ServiceRequest.identifier').map((field) => entityIdentifier(field)) ?? [];
  const numbers = list([origin, ...others]);
  const [number] = numbers ?? [];
  const key = number === undefined ? ['message', scope.messageKey] : ['referral', ...identifierKey(number)];
  const request: Identified<ServiceRequest> = {
    resourceType: 'ServiceRequest',
    id: scope.id('ServiceRequest', subject.patient.id, ...key),
    status: status(rf1, scope),
    intent: 'order',
    subject: subject.reference,
  };
  set(request, 'identifier', numbers);
  request.category = [referral];
  if (rf1 !== undefined) describe(request, rf1, scope);
  scope.add(request);
  return request;
}

function status(rf1: SegmentReader | undefined, scope: Scope): ServiceRequest['status'] {
  const ended = referralEvent(scope.event);
  const field = rf1?.first(1, 'ServiceRequest.status');
  for (const component of [2, 3]) field?.code(component);
  const said = referralStatus(field?.code(1)?.toUpperCase());
  if (field !== undefined && said === undefined && ended === undefined)
    field.refuse('CODE_UNMAPPED', 'RF1-1 says nothing that R4 has a status for (HL7 table 0283).');
  return ended ?? said ?? 'unknown';
}

function describe(request: Identified<ServiceRequest>, rf1: SegmentReader, scope: Scope): void {
  rf1.entry = `urn:uuid:${request.id}`;
  const type = codeableConcept(rf1.first(3, 'ServiceRequest.category'), { table: '0281' });
  if (type !== undefined) request.category = [referral, type];
  const urgency = rf1.first(2, 'ServiceRequest.priority');
  for (const component of [2, 3]) urgency?.code(component);
  set(request, 'priority', referralPriority(urgency?.code(1)?.toUpperCase()));
  if (request.priority === undefined) urgency?.keep('RF1-2 is not in HL7 table 0280.');
  const [start, end] = [7, 8].map((n) => dateTime(rf1.first(n, 'ServiceRequest.occurrencePeriod')));
  set(request, 'occurrencePeriod', period(start, end, rf1));
  set(request, 'authoredOn', dateTime(rf1.first(9, 'ServiceRequest.authoredOn')));
  const why = rf1.first(14, 'ServiceRequest.reasonCode');
  const words = why && asText(why)?.valueString;
  const reasons = [
    ...(each(rf1.all(10, 'ServiceRequest.reasonCode'), (field) =>
      codeableConcept(field, { table: '0336' }),
    ) ?? []),
    words?.trim() ? { text: words } : undefined,
  ];
  set(request, 'reasonCode', list(reasons));
  const performers = [
    organization(rf1.first(19, 'ServiceRequest.performer'), scope),
    ...practitioners(rf1.all(20, 'ServiceRequest.performer'), scope),
  ];
  set(request, 'performer', list(performers));
  const comments = rf1.all(24, 'ServiceRequest.note').flatMap((field) => asText(field)?.valueString ?? []);
  if (comments.length > 0) request.note = comments.map((text) => ({ text }));
  declare(request, 'ServiceRequest', rf1, rows, scope);
}
