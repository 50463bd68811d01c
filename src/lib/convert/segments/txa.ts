import type { DocumentReference, Identifier, Reference } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { availability, completionStatus, relation } from '../codemaps/documents';
import { contentType } from '../codemaps/media-types';
import { codeableConcept } from '../datatypes/cwe';
import { dateTime, instant } from '../datatypes/dtm';
import { entityIdentifier } from '../datatypes/ei';
import { practitioner, practitioners } from '../datatypes/xcn';
import { declare, type DeclaredFields } from '../declared';
import { absentReason } from '../extensions';
import { identifierKey } from '../keys';
import type { SegmentReader } from '../reader';
import type { Identified, Scope } from '../scope';
import { each, set } from '../set';
import type { PatientSubject } from './pid';
import type { Visit } from './pv1';

const kept = { 1: 'Set id: order of segments in the message.' };

const rows: DeclaredFields = {
  5: ['primary-activity-provider', 'Practitioner'],
  7: ['transcribed', 'dateTime'],
  8: ['edited', 'dateTime'],
  11: ['transcriptionist', 'Practitioner'],
  20: ['storage-status', 'CodeableConcept', '0275'],
  21: ['change-reason', 'string'],
  23: ['distributed-to', 'Practitioner'],
  24: ['folder', 'CodeableConcept'],
  26: ['agreed-due', 'dateTime'],
};

/** A document, and the media type that TXA-3 gives its content where the content itself names none. */
export interface Document {
  readonly resource: Identified<DocumentReference>;
  /** The document that this one replaces. */
  readonly replaced: Reference | undefined;
  readonly mediaType: string | undefined;
}

/** TXA: the DocumentReference, known by its document number (TXA-12), else by its message. */
export function mapTxa(
  segment: Hl7Segment,
  scope: Scope,
  subject: PatientSubject,
  visit: Visit | undefined,
): Document {
  const txa = scope.open(segment, kept);
  const number = entityIdentifier(txa.first(12, 'DocumentReference.masterIdentifier'));
  const resource: Identified<DocumentReference> = {
    resourceType: 'DocumentReference',
    id:
      number === undefined
        ? scope.id('DocumentReference', subject.patient.id, 'message', scope.messageKey)
        : numbered(number, scope, subject),
    status: status(txa, scope),
    subject: subject.reference,
    content: [],
  };
  txa.entry = `urn:uuid:${resource.id}`;
  set(resource, 'masterIdentifier', number);
  const file = txa.text(16, 'DocumentReference.identifier')?.trim();
  if (file) resource.identifier = [{ system: scope.sender.system, value: file }];
  set(resource, 'docStatus', docStatus(txa));
  set(resource, 'type', codeableConcept(txa.first(2, 'DocumentReference.type'), { table: '0270' }));
  const written = txa.first(6, 'DocumentReference.date');
  const date = instant(written);
  if (date !== undefined) resource.date = date;
  else declare(resource, 'DocumentReference', txa, { 6: ['originated', 'dateTime'] }, scope);
  const authors = practitioners(txa.all(9, 'DocumentReference.author'), scope);
  if (authors.length > 0) resource.author = authors;
  set(resource, 'authenticator', authenticator(txa, resource, scope));
  const parent = entityIdentifier(txa.first(13, 'DocumentReference.relatesTo'));
  const replaced = relate(resource, parent, txa, scope, subject);
  const titles = txa.all(25, 'DocumentReference.description').flatMap((field) => field.get(1) ?? []);
  if (titles.some((title) => title.trim() !== '')) resource.description = titles.join('\n');
  const label = codeableConcept(txa.first(18, 'DocumentReference.securityLabel'), { table: '0272' });
  if (label !== undefined) resource.securityLabel = [label];
  setContext(resource, txa, visit);
  declare(resource, 'DocumentReference', txa, rows, scope);
  scope.add(resource);
  if (replaced !== undefined) scope.add(replaced);
  const shown = txa.first(3, 'DocumentReference.content.attachment.contentType');
  const mediaType = contentType(shown?.code(1), undefined);
  if (mediaType === undefined) shown?.keep('TXA-3 names no media type (HL7 table 0191).');
  return { resource, replaced: replaced && scope.reference(replaced.id), mediaType };
}

/** T11 takes the document back; else TXA-19; a document that is spoken of is otherwise the current one. */
function status(txa: SegmentReader, scope: Scope): DocumentReference['status'] {
  const field = txa.first(19, 'DocumentReference.status');
  const said = availability(field?.code(1)?.toUpperCase());
  if (said === undefined) field?.keep('TXA-19 says nothing that R4 has a status for (HL7 table 0273).');
  return scope.event === 'T11' ? 'entered-in-error' : (said ?? 'current');
}

function docStatus(txa: SegmentReader): DocumentReference['docStatus'] {
  const field = txa.first(17, 'DocumentReference.docStatus');
  for (const component of [2, 3]) field?.code(component);
  const mapped = completionStatus(field?.code(1)?.toUpperCase());
  if (field === undefined || mapped !== undefined) return mapped;
  return field.refuse('CODE_UNMAPPED', 'TXA-17 is not in HL7 table 0271; the document has no docStatus.');
}

/** Who did authenticate it (TXA-22, with the time), else who should (TXA-10). */
function authenticator(
  txa: SegmentReader,
  resource: Identified<DocumentReference>,
  scope: Scope,
): Reference | undefined {
  const [signed, ...others] = txa.all(22, 'DocumentReference.authenticator');
  for (const other of others) other.keep('R4 names one authenticator.');
  const signer = practitioner(signed, scope);
  const when = dateTime(signed, 15);
  if (when !== undefined)
    (resource.extension ??= []).push({ url: 'urn:medrelay:extension:authenticated', valueDateTime: when });
  if (signer !== undefined) {
    declare(resource, 'DocumentReference', txa, { 10: ['assigned-authenticator', 'Practitioner'] }, scope);
    return signer;
  }
  const [assigned, ...more] = txa.all(10, 'DocumentReference.authenticator');
  for (const other of more) other.keep('R4 names one authenticator.');
  return practitioner(assigned, scope);
}

const numbered = (number: Identifier, scope: Scope, { patient }: PatientSubject): string =>
  scope.id('DocumentReference', patient.id, 'number', ...identifierKey(number));

/**
 * The parent document: added to or replaced as the event says, else a version before this one. Returns the one that is
 * replaced: superseded, and the same person's; what it holds nobody says here, so the store leaves that as it is.
 */
function relate(
  resource: Identified<DocumentReference>,
  parent: Identifier | undefined,
  txa: SegmentReader,
  scope: Scope,
  subject: PatientSubject,
): Identified<DocumentReference> | undefined {
  const code = relation(scope.event);
  if (parent === undefined) {
    if (code === 'replaces')
      txa.report('warning', 'REPLACED_UNKNOWN', 'TXA-13 names no document, so none was superseded.');
    return undefined;
  }
  if (code === undefined) {
    declare(resource, 'DocumentReference', txa, { 13: ['parent-document', 'EntityIdentifier'] }, scope);
    return undefined;
  }
  const id = numbered(parent, scope, subject);
  if (id === resource.id) {
    txa.first(13, 'DocumentReference.relatesTo')?.keep('The document itself: its number stays the same.');
    return undefined;
  }
  if (code !== 'replaces') {
    resource.relatesTo = [{ code, target: { type: 'DocumentReference', identifier: parent } }];
    return undefined;
  }
  resource.relatesTo = [{ code, target: { ...scope.reference(id), identifier: parent } }];
  return {
    resourceType: 'DocumentReference',
    id,
    masterIdentifier: parent,
    status: 'superseded',
    subject: subject.reference,
    content: [{ attachment: absentReason('unknown') }],
  };
}

function setContext(
  resource: Identified<DocumentReference>,
  txa: SegmentReader,
  visit: Visit | undefined,
): void {
  const context: NonNullable<DocumentReference['context']> = {};
  if (visit !== undefined) context.encounter = [visit.reference];
  const performed = dateTime(txa.first(4, 'DocumentReference.context.period'));
  if (performed !== undefined) context.period = { start: performed };
  const orders: (Identifier | undefined)[] = [
    ...txa.all(14, 'DocumentReference.context.related').map((field) => entityIdentifier(field, 'PLAC')),
    ...txa.all(15, 'DocumentReference.context.related').map((field) => entityIdentifier(field, 'FILL')),
  ];
  set(
    context,
    'related',
    each(orders, (identifier) => identifier && { type: 'ServiceRequest', identifier }),
  );
  if (Object.keys(context).length > 0) resource.context = context;
}
