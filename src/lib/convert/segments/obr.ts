import type {
  CodeableConcept,
  DiagnosticReport,
  Extension,
  Identifier,
  Period,
  Reference,
  ServiceRequest,
  Specimen,
} from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { reportStatus, requestPriority } from '../codemaps/results';
import { codeableConcept } from '../datatypes/cwe';
import { dateTime, instant } from '../datatypes/dtm';
import { period } from '../datatypes/dr';
import { entityIdentifier, entityIdentifierIn } from '../datatypes/ei';
import { resultClinician } from '../datatypes/ndl';
import { practitioners } from '../datatypes/xcn';
import { absentReason } from '../extensions';
import { codeKey, identifierKey } from '../keys';
import type { SegmentReader } from '../reader';
import type { Identified, Scope } from '../scope';
import { each, list, set } from '../set';
import { mapNotes } from './nte';
import { readOrc, type CommonOrder } from './orc';
import type { PatientSubject } from './pid';
import type { Visit } from './pv1';

/** What the observations of an order share. */
export interface OrderContext {
  readonly subject: PatientSubject;
  readonly visit: Visit | undefined;
  /** What the observations belong to, as the first part of their keys: the id of the report or of the visit. */
  readonly key: string;
  readonly effective: { readonly dateTime?: string; readonly period?: Period };
}

export interface Order extends OrderContext {
  readonly report: Identified<DiagnosticReport>;
}

const kept = {
  1: 'Set id: order of segments in the message.',
  25: 'HL7 table 0123.',
};

/** OBR with its ORC: a DiagnosticReport and the ServiceRequest that it answers. */
export function mapObr(
  segment: Hl7Segment,
  orcSegment: Hl7Segment | undefined,
  notes: readonly Hl7Segment[],
  scope: Scope,
  subject: PatientSubject,
  visit: Visit | undefined,
): Order {
  const obr = scope.open(segment, kept);
  const orc = orcSegment === undefined ? undefined : readOrc(orcSegment, scope);
  const placer = entityIdentifier(obr.first(2, 'DiagnosticReport.identifier'), 'PLAC') ?? orc?.placer;
  const filler = entityIdentifier(obr.first(3, 'DiagnosticReport.identifier'), 'FILL') ?? orc?.filler;
  const code = codeableConcept(obr.first(4, 'DiagnosticReport.code'));
  const key = orderKey(scope, subject, obr, placer, filler, code);
  const report = {
    resourceType: 'DiagnosticReport',
    id: scope.nextId('DiagnosticReport', ...key),
  } as Identified<DiagnosticReport>;
  obr.entry = `urn:uuid:${report.id}`;
  const extension = noteExtensions(notes, scope);
  if (extension !== undefined) report.extension = extension;
  const identifiers = list([placer, filler]);
  set(report, 'identifier', identifiers);
  const request = mapRequest(obr, orc, identifiers, placer, code, key, scope, subject, visit);
  report.basedOn = [request];
  report.status = status(obr);
  const section = codeableConcept(obr.first(24, 'DiagnosticReport.category'), { table: '0074' });
  if (section !== undefined) report.category = [section];
  report.code = code ?? missingCode(obr);
  report.subject = subject.reference;
  set(report, 'encounter', visit?.reference);
  const effective = readEffective(obr);
  set(report, 'effectiveDateTime', effective.dateTime);
  set(report, 'effectivePeriod', effective.period);
  set(report, 'issued', instant(obr.first(22, 'DiagnosticReport.issued')));
  const interpreters = [
    ...obr.all(32, 'DiagnosticReport.resultsInterpreter'),
    ...obr.all(33, 'DiagnosticReport.resultsInterpreter'),
  ];
  set(
    report,
    'resultsInterpreter',
    each(interpreters, (field) => resultClinician(field, scope)),
  );
  const technicians = obr.all(34, 'DiagnosticReport.performer');
  set(
    report,
    'performer',
    each(technicians, (field) => resultClinician(field, scope)),
  );
  scope.add(report);
  return { subject, visit, key: report.id, effective, report };
}

/** Parts that name the order: with the patient, so that a reused order number never touches another patient. */
function orderKey(
  scope: Scope,
  subject: PatientSubject,
  obr: SegmentReader,
  placer: Identifier | undefined,
  filler: Identifier | undefined,
  code: CodeableConcept | undefined,
): string[] {
  const number = filler ?? placer;
  const own =
    number === undefined
      ? ['message', scope.messageKey, String(obr.segment.occurrence)]
      : [number === filler ? 'filler' : 'placer', ...identifierKey(number), ...codeKey(code)];
  return [subject.patient.id, ...own];
}

/** R4 reports have no notes; R5's element comes as its cross-version extension. */
const noteUrl = 'http://hl7.org/fhir/5.0/StructureDefinition/extension-DiagnosticReport.note';

function noteExtensions(notes: readonly Hl7Segment[], scope: Scope): Extension[] | undefined {
  const target = 'DiagnosticReport.extension(note)';
  return mapNotes(notes, scope, target)?.map((valueAnnotation) => ({ url: noteUrl, valueAnnotation }));
}

function status(obr: SegmentReader): DiagnosticReport['status'] {
  const field = obr.first(25, 'DiagnosticReport.status');
  const mapped = reportStatus(field?.code(1)?.toUpperCase());
  if (mapped !== undefined) return mapped;
  if (field === undefined)
    obr.report('info', 'STATUS_MISSING', 'OBR-25 is empty; the status of the report is unknown.');
  else
    field.refuse(
      'CODE_UNMAPPED',
      'OBR-25 says nothing about a report (HL7 table 0123); its status is unknown.',
    );
  return 'unknown';
}

function missingCode(obr: SegmentReader): CodeableConcept {
  obr.report('warning', 'CODE_MISSING', 'OBR-4 is empty; the report says that its code is unknown.');
  return absentReason('unknown');
}

function readEffective(obr: SegmentReader): OrderContext['effective'] {
  const first = obr.first(7, 'DiagnosticReport.effective');
  const [start, end] = [dateTime(first), dateTime(obr.first(8, 'DiagnosticReport.effective'))];
  const both = end === undefined || first === undefined ? undefined : period(start, end, first);
  if (both !== undefined) return { period: both };
  return start === undefined ? {} : { dateTime: start };
}

/** The order behind the report. Results only mention it, so it is created where the store has none. */
function mapRequest(
  obr: SegmentReader,
  orc: CommonOrder | undefined,
  identifiers: Identifier[] | undefined,
  placer: Identifier | undefined,
  code: CodeableConcept | undefined,
  key: readonly string[],
  scope: Scope,
  subject: PatientSubject,
  visit: Visit | undefined,
): Reference {
  const number =
    placer === undefined ? key : [subject.patient.id, 'placer', ...identifierKey(placer), ...codeKey(code)];
  const request: Identified<ServiceRequest> = {
    resourceType: 'ServiceRequest',
    id: scope.nextId('ServiceRequest', ...number),
    status: 'unknown',
    intent: obr.code(11, 'ServiceRequest.intent')?.toUpperCase() === 'G' ? 'reflex-order' : 'order',
    subject: subject.reference,
  };
  set(request, 'identifier', identifiers);
  if (orc?.status !== undefined) request.status = orc.status;
  const parents = list([
    parentRequest(entityIdentifierIn(obr.first(29, 'ServiceRequest.basedOn'), 1, 'PLAC')),
    parentRequest(entityIdentifierIn(obr.first(29, 'ServiceRequest.basedOn'), 2, 'FILL')),
  ]);
  set(request, 'basedOn', parents);
  set(request, 'requisition', orc?.requisition);
  set(request, 'priority', requestPriority(obr.code(5, 'ServiceRequest.priority')?.toUpperCase()));
  set(request, 'code', code);
  set(request, 'encounter', visit?.reference);
  set(request, 'occurrenceDateTime', dateTime(obr.first(6, 'ServiceRequest.occurrence')));
  set(request, 'authoredOn', orc?.authoredOn);
  const [orderer] = practitioners(obr.all(16, 'ServiceRequest.requester'), scope);
  set(request, 'requester', orderer ?? orc?.requester);
  set(
    request,
    'reasonCode',
    each(obr.all(31, 'ServiceRequest.reasonCode'), (field) => codeableConcept(field)),
  );
  const reference = scope.add(request);
  scope.mentions.add(`urn:uuid:${request.id}`);
  return reference;
}

const parentRequest = (identifier: Identifier | undefined): Reference | undefined =>
  identifier && { type: 'ServiceRequest', identifier };

/**
 * The specimen that OBR itself describes, as senders before v2.5 do (OBR-15 is an SPS: type, additives, text and body
 * site as components, their codes as subcomponents). Only used when the order has no SPM.
 */
export function mapObrSpecimen(
  segment: Hl7Segment,
  scope: Scope,
  order: OrderContext,
): Reference | undefined {
  const obr = scope.open(segment, kept);
  const source = obr.first(15, 'Specimen.type');
  const received = dateTime(obr.first(14, 'Specimen.receivedTime'));
  if (source === undefined && received === undefined) return undefined;
  const specimen: Identified<Specimen> = {
    resourceType: 'Specimen',
    id: scope.nextId('Specimen', order.key),
  };
  set(specimen, 'type', subcomponentConcept(source, 1));
  specimen.subject = order.subject.reference;
  set(specimen, 'receivedTime', received);
  const bodySite = subcomponentConcept(source, 4);
  if (bodySite !== undefined) specimen.collection = { bodySite };
  const text = source?.get(3);
  if (text !== undefined) specimen.note = [{ text }];
  return scope.add(specimen);
}

function subcomponentConcept(
  field: ReturnType<SegmentReader['first']>,
  component: number,
): CodeableConcept | undefined {
  const [code, display, systemId] = [
    field?.code(component),
    field?.get(component, 2),
    field?.code(component, 3),
  ];
  if (field === undefined || (code === undefined && display === undefined)) return undefined;
  if (code === undefined) return { text: display ?? '' };
  return {
    coding: [
      {
        ...(systemId === undefined ? {} : { system: field.sender.codeSystem(systemId) }),
        code: code.replace(/\s+/g, ' '),
        ...(display === undefined ? {} : { display }),
      },
    ],
  };
}
