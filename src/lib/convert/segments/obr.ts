import type {
  CodeableConcept,
  DiagnosticReport,
  Extension,
  Identifier,
  Period,
  Provenance,
  Reference,
  ServiceRequest,
} from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { reportsResults, reportStatus } from '../codemaps/results';
import { terminology } from '../codemaps/table';
import { codeableConcept } from '../datatypes/cwe';
import { dateTime, instant } from '../datatypes/dtm';
import { period } from '../datatypes/dr';
import { entityIdentifier } from '../datatypes/ei';
import { resultClinician } from '../datatypes/ndl';
import { declare } from '../declared';
import { absentReason, conceptExtension, extend } from '../extensions';
import { codeKey, identifierKey } from '../keys';
import type { FieldReader, SegmentReader } from '../reader';
import type { Identified, Scope } from '../scope';
import { list, set } from '../set';
import { mapNotes } from './nte';
import { mapRequest, type OrderSegments } from './obr-request';
import { addOrderEvent, readOrc, type CommonOrder } from './orc';
import type { PatientSubject } from './pid';
import { addLocations, performersOf, readPrt } from './prt';
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
  readonly obr: SegmentReader;
  readonly request: Identified<ServiceRequest>;
  readonly report: Identified<DiagnosticReport> | undefined;
}

export interface ReportedOrder extends Order {
  readonly report: Identified<DiagnosticReport>;
}

const userField = 'User-defined field: what it means is known to the sender alone.';
const logistics = 'Transport of the specimen or patient: R4 requests have no such element.';
const kept = {
  1: 'Set id: order of segments in the message.',
  11: 'Specimen action: R4 knows only the reflex order (G).',
  18: userField,
  19: userField,
  20: userField,
  21: userField,
  23: 'Charge: billing has its own messages.',
  25: 'HL7 table 0123.',
  30: logistics,
  32: 'When and where the clinician worked: R4 names the clinician.',
  33: 'When and where the clinician worked: R4 names the clinician.',
  34: 'When and where the clinician worked: R4 names the clinician.',
  35: 'When and where the clinician worked: R4 names the clinician.',
  37: 'How many containers: R4 lists the containers it describes and does not count them.',
  38: logistics,
  40: logistics,
  41: logistics,
  42: logistics,
  43: logistics,
  49: 'How the result is handled: protocol between the two systems.',
  55: 'Action code: says how to apply the segment.',
};

/** What OBR and ORC name an order by. */
interface Named {
  readonly obr: SegmentReader;
  readonly orc: CommonOrder | undefined;
  readonly placer: Identifier | undefined;
  readonly filler: Identifier | undefined;
  /** Numbers that ORC gives and OBR contradicts: the same order, under one more number. */
  readonly further: readonly Identifier[];
  readonly code: CodeableConcept | undefined;
  readonly key: readonly string[];
}

function nameOrder(segments: OrderSegments, type: string, scope: Scope, subject: PatientSubject): Named {
  const obr = scope.open(segments.obr, kept);
  const orc = segments.orc === undefined ? undefined : readOrc(segments.orc, scope, 'ServiceRequest');
  const placer = entityIdentifier(obr.first(2, `${type}.identifier`), 'PLAC') ?? orc?.placer;
  const filler = entityIdentifier(obr.first(3, `${type}.identifier`), 'FILL') ?? orc?.filler;
  const code = codeableConcept(obr.first(4, `${type}.code`));
  const further = [orc?.placer, orc?.filler].filter(
    (number) => number !== undefined && number.value !== placer?.value && number.value !== filler?.value,
  ) as Identifier[];
  const key = orderKey(scope, subject, obr, placer, filler, code);
  return { obr, orc, placer, filler, further, code, key };
}

/** OBR with its ORC in a result: a DiagnosticReport and the ServiceRequest that it answers. */
export function mapObr(
  segments: OrderSegments,
  scope: Scope,
  subject: PatientSubject,
  visit: Visit | undefined,
): ReportedOrder {
  const named = nameOrder(segments, 'DiagnosticReport', scope, subject);
  const request = mapRequest(named, segments, scope, subject, visit, 'result');
  scope.mentions.add(`urn:uuid:${request.id}`);
  if (named.orc !== undefined) addOrderEvent(named.orc, scope.reference(request.id), scope);
  return mapReport(named, segments, request, scope, subject, visit);
}

/** OBR with its ORC in an order: the ServiceRequest; a report only where OBR-25 says that there are results. */
export function mapOrderedObr(
  segments: OrderSegments,
  scope: Scope,
  subject: PatientSubject,
  visit: Visit | undefined,
): Order {
  const named = nameOrder(segments, 'ServiceRequest', scope, subject);
  const { obr, orc } = named;
  const request = mapRequest(named, segments, scope, subject, visit, 'order');
  const hasResults = reportsResults(obr.code(25, 'ServiceRequest.status')?.toUpperCase());
  // Who takes part is the report's; in an order they are of the event.
  const others = hasResults ? [] : agentsOf(segments, request, orc !== undefined, scope);
  if (orc !== undefined) addOrderEvent(orc, scope.reference(request.id), scope, others);
  if (hasResults) return mapReport(named, { ...segments, notes: [] }, request, scope, subject, visit);
  obr.entry = `urn:uuid:${request.id}`;
  return {
    subject,
    visit,
    key: request.id,
    effective: readEffective(obr, 'ServiceRequest'),
    obr,
    request,
    report: undefined,
  };
}

function mapReport(
  { obr, orc, placer, filler, further, code, key }: Named,
  segments: OrderSegments,
  request: Identified<ServiceRequest>,
  scope: Scope,
  subject: PatientSubject,
  visit: Visit | undefined,
): ReportedOrder {
  const report = {
    resourceType: 'DiagnosticReport',
    id: scope.nextId('DiagnosticReport', ...key),
  } as Identified<DiagnosticReport>;
  obr.entry = `urn:uuid:${report.id}`;
  const extension = noteExtensions(segments.notes, scope);
  if (extension !== undefined) report.extension = extension;
  const group = entityIdentifier(obr.first(51, 'DiagnosticReport.identifier'));
  set(
    report,
    'identifier',
    list([placer, filler, ...further, group && { type: { text: 'Observation group' }, ...group }]),
  );
  report.basedOn = [scope.reference(request.id)];
  report.status = status(obr);
  const section = codeableConcept(obr.first(24, 'DiagnosticReport.category'), { table: '0074' });
  if (section !== undefined) report.category = [section];
  report.code = code ?? missingCode(obr);
  report.subject = subject.reference;
  set(report, 'encounter', visit?.reference);
  const effective = readEffective(obr, 'DiagnosticReport');
  set(report, 'effectiveDateTime', effective.dateTime);
  set(report, 'effectivePeriod', effective.period);
  const issued = instant(obr.first(22, 'DiagnosticReport.issued'));
  if (issued !== undefined) report.issued = issued;
  else declare(report, 'DiagnosticReport', obr, { 22: ['issued', 'dateTime'] }, scope);
  const clinicians = (n: number, target: string): Reference[] =>
    obr
      .all(n, `DiagnosticReport.${target}`)
      .map((field) => resultClinician(field, scope))
      .filter((reference) => reference !== undefined);
  const participations = segments.participations.map((prt) =>
    readPrt(prt, scope, 'DiagnosticReport.performer'),
  );
  const interpreters = [...clinicians(32, 'resultsInterpreter'), ...clinicians(33, 'resultsInterpreter')];
  if (interpreters.length > 0) report.resultsInterpreter = interpreters;
  const performers = [
    ...clinicians(34, 'performer').map((who) => inRole(who, 'SPRF', 'secondary performer')),
    ...clinicians(35, 'performer').map((who) => inRole(who, 'TRANS', 'Transcriber')),
    ...(performersOf(participations) ?? []),
  ];
  if (performers.length > 0) report.performer = performers;
  addLocations(report, participations);
  if (orc?.security !== undefined) report.meta = { security: [orc.security] };
  scope.add(report);
  return { subject, visit, key: report.id, effective, obr, request, report };
}

/** PRT of an order: its orderer, and everybody else as an agent of what ORC reports. */
function agentsOf(
  segments: OrderSegments,
  request: Identified<ServiceRequest>,
  hasEvent: boolean,
  scope: Scope,
): Provenance['agent'] {
  const participations = segments.participations.map((prt) => readPrt(prt, scope, 'Provenance.agent.who'));
  addLocations(request, participations);
  return participations.flatMap(({ actor: who, role, roleCode }) => {
    if (who === undefined) return [];
    if (roleCode === 'OP' && request.requester === undefined) request.requester = who;
    else if (!hasEvent) (request.performer ??= []).push(who);
    return [role === undefined ? { who } : { type: role, who }];
  });
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

/** Guide: OBR-34 and OBR-35 perform in these roles. */
function inRole(who: Reference, code: string, display: string): Reference {
  extend(
    who,
    conceptExtension('event-performerFunction', {
      coding: [{ system: `${terminology}/v3-ParticipationType`, code, display }],
    }),
  );
  return who;
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

function readEffective(obr: SegmentReader, type: string): OrderContext['effective'] {
  const target = type === 'DiagnosticReport' ? 'DiagnosticReport.effective' : 'Observation.effective';
  const first: FieldReader | undefined = obr.first(7, target);
  const [start, end] = [dateTime(first), dateTime(obr.first(8, target))];
  const both = end === undefined || first === undefined ? undefined : period(start, end, first);
  if (both !== undefined) return { period: both };
  return start === undefined ? {} : { dateTime: start };
}
