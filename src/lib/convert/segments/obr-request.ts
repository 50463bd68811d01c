import type {
  CodeableConcept,
  CommunicationRequest,
  Extension,
  Identifier,
  Reference,
  ServiceRequest,
} from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { orderLocation, progressStatus, requestPriority, requestStatus } from '../codemaps/orders';
import { codeableConcept } from '../datatypes/cwe';
import { identifier } from '../datatypes/cx';
import { dateTime } from '../datatypes/dtm';
import { readTq, type Schedule } from '../datatypes/timing';
import { practitioners } from '../datatypes/xcn';
import { contactPoint } from '../datatypes/xtn';
import { conceptExtension, extend } from '../extensions';
import { codeKey, identifierKey } from '../keys';
import type { Group } from '../messages/grammar';
import type { SegmentReader } from '../reader';
import type { Identified, Scope } from '../scope';
import { each, list, set } from '../set';
import { isFasting } from './obr-specimen';
import { addStudies } from './cti';
import { mapNotes } from './nte';
import { parentOrders, type CommonOrder } from './orc';
import type { PatientSubject } from './pid';
import type { Visit } from './pv1';
import { mapTimings } from './tq1';

/** The segments of one order that asks for, or answers, a service. */
export interface OrderSegments {
  readonly obr: Hl7Segment;
  readonly orc: Hl7Segment | undefined;
  readonly notes: readonly Hl7Segment[];
  readonly timings: readonly Group[];
  readonly participations: readonly Hl7Segment[];
  readonly studies: readonly Hl7Segment[];
}

interface NamedOrder {
  readonly obr: SegmentReader;
  readonly orc: CommonOrder | undefined;
  readonly placer: Identifier | undefined;
  readonly filler: Identifier | undefined;
  readonly further: readonly Identifier[];
  readonly code: CodeableConcept | undefined;
  readonly key: readonly string[];
}

const extensionUrl = (name: string): string => `http://hl7.org/fhir/StructureDefinition/${name}`;

/**
 * The ServiceRequest of an OBR. A result only mentions the order that it answers (`purpose`), so there the notes, the
 * category and the participants are the report's.
 */
export function mapRequest(
  { obr, orc, placer, filler, further, code, key }: NamedOrder,
  segments: OrderSegments,
  scope: Scope,
  subject: PatientSubject,
  visit: Visit | undefined,
  purpose: 'order' | 'result',
): Identified<ServiceRequest> {
  const number =
    placer === undefined ? key : [subject.patient.id, 'placer', ...identifierKey(placer), ...codeKey(code)];
  const request: Identified<ServiceRequest> = {
    resourceType: 'ServiceRequest',
    id: scope.nextId('ServiceRequest', ...number),
    status: 'unknown',
    intent: intent(obr),
    subject: subject.reference,
  };
  const alternate = obr.all(53, 'ServiceRequest.identifier').map((field) => identifier(field, 'PLAC'));
  set(
    request,
    'identifier',
    list([placer, filler, ...further, ...(orc?.otherIdentifiers ?? []), ...alternate]),
  );
  const known = orc === undefined ? undefined : requestStatus(orc);
  const progress = purpose === 'order' ? obr.first(25, 'ServiceRequest.status') : undefined;
  if (known !== undefined) {
    request.status = known;
    progress?.keep('ORC says what the status of the order is.');
  } else request.status = progressStatus(progress?.code(1)?.toUpperCase()) ?? 'unknown';
  const parents = [
    ...parentOrders(obr.first(29, 'ServiceRequest.basedOn'), obr.first(50, 'ServiceRequest.basedOn')),
    ...parentOrders(obr.first(54, 'ServiceRequest.basedOn'), undefined),
    ...(orc?.parents ?? []),
  ];
  if (parents.length > 0) request.basedOn = distinct(parents);
  set(request, 'requisition', orc?.requisition);
  set(request, 'code', code);
  set(request, 'orderDetail', details(obr, code));
  const schedule = scheduleOf(obr, orc, segments, scope);
  set(request, 'priority', priority(obr, schedule));
  set(request, 'quantityQuantity', schedule?.quantity);
  setOccurrence(request, obr, schedule, purpose);
  if (schedule?.isAsNeeded) request.asNeededBoolean = true;
  set(request, 'encounter', visit?.reference);
  set(request, 'authoredOn', orc?.authoredOn);
  const [orderer] = practitioners(obr.all(16, 'ServiceRequest.requester').slice(0, 1), scope);
  for (const other of obr.all(16, 'ServiceRequest.requester').slice(1)) other.keep('R4 has one requester.');
  set(request, 'requester', orderer ?? orc?.requester);
  set(request, 'reasonCode', reasons(obr));
  const place = orc?.reader.first(29, 'ServiceRequest.locationCode');
  const locationCode = codeableConcept(place, {
    table: '0482',
    map: (sent) => orderLocation(sent?.toUpperCase()),
  });
  if (locationCode !== undefined) request.locationCode = [locationCode];
  if (orc?.security !== undefined) request.meta = { security: [orc.security] };
  addExtensions(request, obr, orc, segments, scope);
  const notes = [
    ...(list([schedule?.condition, schedule?.instruction]) ?? []).map((text) => ({ text })),
    ...(purpose === 'order' ? (mapNotes(segments.notes, scope, 'ServiceRequest.note') ?? []) : []),
  ];
  if (notes.length > 0) request.note = notes;
  if (purpose === 'order') {
    const section = codeableConcept(obr.first(24, 'ServiceRequest.category'), { table: '0074' });
    if (section !== undefined) request.category = [section];
  }
  scope.add(request);
  addCopies(request, obr, scope);
  return request;
}

/** TQ1, else ORC-7, else OBR-27; R4 has one schedule for a request, so what comes after the first is kept. */
function scheduleOf(
  obr: SegmentReader,
  orc: CommonOrder | undefined,
  segments: OrderSegments,
  scope: Scope,
): Schedule | undefined {
  const oneOnly = 'R4 has one schedule for a request.';
  const [first] = mapTimings(segments.timings.slice(0, 1), scope, 'ServiceRequest');
  const further = segments.timings.flatMap((group, i) => group.all('TQ1').slice(i === 0 ? 1 : 0));
  for (const tq1 of further) scope.open(tq1).keepAll(oneOnly);
  for (const group of segments.timings)
    for (const tq2 of group.all('TQ2'))
      scope.open(tq2).keepAll('R4 has no order of one request after another.');
  const old = [
    ...(orc?.reader.all(7, 'ServiceRequest.occurrence') ?? []),
    ...obr.all(27, 'ServiceRequest.occurrence'),
  ];
  const read = first === undefined ? old.map(readTq).find((schedule) => schedule !== undefined) : undefined;
  for (const field of first === undefined ? old.slice(1) : old) field.keep(oneOnly);
  return first ?? read;
}

/** TQ1-9, or TQ-6 of ORC-7 and OBR-27; OBR-5 "has been retained for backward compatibility only" (v2.5.1 ch. 4.5.3.5). */
function priority(obr: SegmentReader, schedule: Schedule | undefined): ServiceRequest['priority'] {
  const old = obr.first(5, 'ServiceRequest.priority');
  const sent = requestPriority(old?.code(1)?.toUpperCase());
  if (schedule?.priority === undefined) return sent;
  if (sent !== schedule.priority) old?.keep('The schedule of the order says its priority.');
  return schedule.priority;
}

/** Only what G says is an intent; the other actions are the laboratory's. */
function intent(obr: SegmentReader): ServiceRequest['intent'] {
  const isReflex = obr.segment.get(11)?.trim().toUpperCase() === 'G';
  if (isReflex) obr.code(11, 'ServiceRequest.intent');
  return isReflex ? 'reflex-order' : 'order';
}

const distinct = (references: readonly Reference[]): Reference[] => [
  ...new Map(references.map((reference) => [JSON.stringify(reference), reference])).values(),
];

/** Procedure, its modifiers and supplements. R4 prr-1: only beside a code. */
function details(obr: SegmentReader, code: CodeableConcept | undefined): CodeableConcept[] | undefined {
  if (code === undefined) return undefined;
  const fields = [44, 45, 46, 47].flatMap((n) => obr.all(n, 'ServiceRequest.orderDetail'));
  return each(fields, (field) => codeableConcept(field));
}

/** OBR-31, and why a duplicate is necessary (OBR-48). */
function reasons(obr: SegmentReader): CodeableConcept[] | undefined {
  const fields = [...obr.all(31, 'ServiceRequest.reasonCode'), ...obr.all(48, 'ServiceRequest.reasonCode')];
  return each(fields, (field) => codeableConcept(field));
}

/** When it is wanted: the schedule, OBR-6, what the filler planned (OBR-36), in an order also OBR-7. */
function setOccurrence(
  request: ServiceRequest,
  obr: SegmentReader,
  schedule: Schedule | undefined,
  purpose: 'order' | 'result',
): void {
  const target = 'ServiceRequest.occurrence';
  const requested = obr.first(6, target);
  const planned = obr.first(36, target);
  if (schedule?.timing !== undefined) request.occurrenceTiming = schedule.timing;
  else if (schedule?.end !== undefined) {
    request.occurrencePeriod = { end: schedule.end };
    if (schedule.start !== undefined) request.occurrencePeriod = { start: schedule.start, end: schedule.end };
  } else {
    const start = schedule?.start ?? dateTime(requested) ?? dateTime(planned);
    const when = start ?? (purpose === 'order' ? dateTime(obr.first(7, target)) : undefined);
    set(request, 'occurrenceDateTime', when);
    if (dateTime(requested) === when) {
      if (requested !== undefined) planned?.keep('OBR-6 says when.');
      return;
    }
  }
  if (schedule !== undefined) requested?.keep('The schedule of the order says when.');
  if (schedule !== undefined || requested !== undefined)
    planned?.keep('The schedule of the order says when.');
}

function addExtensions(
  request: ServiceRequest,
  obr: SegmentReader,
  orc: CommonOrder | undefined,
  segments: OrderSegments,
  scope: Scope,
): void {
  const numbers = obr.all(17, 'ServiceRequest.extension(callback)');
  const callback = each(numbers, (field) => contactPoint(field, 'work')) ?? orc?.callback;
  for (const valueContactPoint of callback ?? []) {
    extend(request, { url: extensionUrl('servicerequest-order-callback-phone-number'), valueContactPoint });
  }
  if (orc?.statusReason !== undefined)
    extend(request, conceptExtension('request-statusReason', orc.statusReason));
  for (const info of supportingInfo(obr)) extend(request, info);
  addStudies(segments.studies, request, scope);
}

/** OBR-12 and OBR-13, R5's supportingInfo: hazards and what the laboratory should know. Fasting is the specimen's. */
function supportingInfo(obr: SegmentReader): Extension[] {
  const target = 'ServiceRequest.extension(supportingInfo)';
  const fields = [...obr.all(12, target), ...obr.all(13, target).filter((field) => !isFasting(field))];
  return (each(fields, (field) => codeableConcept(field)) ?? []).map((valueCodeableConcept) => ({
    url: 'http://hl7.org/fhir/5.0/StructureDefinition/extension-ServiceRequest.supportingInfo',
    extension: [{ url: 'concept', valueCodeableConcept }],
  }));
}

/** OBR-28: who else is to get the result is a request of its own, to tell them. */
function addCopies(request: Identified<ServiceRequest>, obr: SegmentReader, scope: Scope): void {
  const recipient = practitioners(obr.all(28, 'CommunicationRequest.recipient'), scope);
  if (recipient.length === 0) return;
  const copies: Identified<CommunicationRequest> = {
    resourceType: 'CommunicationRequest',
    id: scope.id('CommunicationRequest', request.id, 'copies'),
    status: request.status,
    category: [{ text: 'Result copies to' }],
    subject: request.subject,
    about: [scope.reference(request.id)],
    recipient,
  };
  scope.add(copies);
}
