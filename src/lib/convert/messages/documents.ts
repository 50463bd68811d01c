import type { Attachment, DocumentReferenceContent, Reference } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { encapsulatedData } from '../datatypes/ed';
import { literalText } from '../datatypes/observation-value';
import { referencePointer } from '../datatypes/rp';
import { codeableConcept } from '../datatypes/cwe';
import { absentReason } from '../extensions';
import { Rejection } from '../types';
import type { Scope } from '../scope';
import { mapCon } from '../segments/con';
import { mapObx } from '../segments/obx';
import type { PatientSubject } from '../segments/pid';
import type { Visit } from '../segments/pv1';
import { mapTxa, type Document } from '../segments/txa';
import { mapAttachedOrders } from './attached-orders';
import type { Group } from './grammar';
import type { Converter, Events } from './registry';
import { MDM_T02 } from './structures-documents';
import { mapPatient, mapVisit } from './visit';

/** MDM: one document about one patient. What OBX carries is the document, not results beside it. */
function convertDocument(root: Group, scope: Scope): Reference[] {
  const subject = mapPatient(root, scope);
  const visit = mapVisit(root, scope, subject);
  const txa = root.first('TXA');
  if (txa === undefined) throw new Rejection('SEGMENT_MISSING', 'TXA[1]');
  const document = mapTxa(txa, scope, subject, visit);
  for (const con of root.all('CON')) mapCon(con, scope, subject);
  mapContent(root, document, scope, subject, visit);
  const orders = mapAttachedOrders(root.allGroups('COMMON_ORDER'), scope, subject, visit);
  if (orders.length > 0) {
    const around = (document.resource.context ??= {});
    around.related = [...(around.related ?? []), ...orders];
  }
  const { resource, replaced } = document;
  return [scope.reference(resource.id), ...(replaced === undefined ? [] : [replaced])];
}

const textTypes = new Set(['TX', 'FT', 'ST', '']);
const documentTypes = new Set(['ED', 'RP']);
const contentKept = {
  1: 'Set id: order of segments in the message.',
  4: 'Sub id: order of the lines, which they have.',
  11: 'Status: TXA-17 has that of the document.',
};

function mapContent(
  root: Group,
  { resource, mediaType }: Document,
  scope: Scope,
  subject: PatientSubject,
  visit: Visit | undefined,
): void {
  const parts: Part[] = [];
  const lines = new Map<string, Part & { lines: string[] }>();
  for (const group of root.allGroups('OBSERVATION')) {
    for (const obx of group.all('OBX')) {
      const type = obx.get(2)?.trim().toUpperCase() ?? '';
      if (documentTypes.has(type)) parts.push(...attachments(obx, type, scope));
      else if (textTypes.has(type)) addLines(obx, lines, parts, scope);
      else {
        const context = { subject, visit, key: resource.id, effective: {} };
        const found = mapObx(obx, group.all('NTE'), scope, context, undefined);
        const around = (resource.context ??= {});
        (around.related ??= []).push(found);
        continue;
      }
      scope.open(obx).entry = `urn:uuid:${resource.id}`;
      for (const nte of group.all('NTE')) scope.open(nte).keepAll('R4 has no notes on a document.');
    }
  }
  for (const part of lines.values()) {
    part.attachment.contentType = mediaType?.startsWith('text/') ? mediaType : 'text/plain; charset=utf-8';
    part.attachment.data = Buffer.from(part.lines.join('\n'), 'utf8').toString('base64');
  }
  resource.content = parts.map(({ attachment }): DocumentReferenceContent => ({ attachment }));
  if (parts.length === 0) resource.content = [elsewhere(mediaType)];
}

/** R4 wants content; here the document itself is elsewhere (T01, T03, T05...), or the store has it already. */
function elsewhere(mediaType: string | undefined): DocumentReferenceContent {
  const attachment = absentReason('unknown');
  return { attachment: mediaType === undefined ? attachment : { ...attachment, contentType: mediaType } };
}

/** TXA among results: the document in which they were reported. */
export function mapReportDocuments(
  segments: readonly Hl7Segment[],
  report: Reference,
  scope: Scope,
  subject: PatientSubject,
  visit: Visit | undefined,
): void {
  for (const txa of segments) {
    const { resource, mediaType } = mapTxa(txa, scope, subject, visit);
    resource.content = [elsewhere(mediaType)];
    const around = (resource.context ??= {});
    around.related = [...(around.related ?? []), report];
  }
}

interface Part {
  readonly attachment: Attachment;
}

function attachments(obx: Hl7Segment, type: string, scope: Scope): Part[] {
  const reader = scope.open(obx, contentKept);
  reader.code(2, 'DocumentReference.content');
  const name = codeableConcept(reader.first(3, 'DocumentReference.content.attachment.title'));
  const title = name?.text ?? name?.coding?.[0]?.display ?? name?.coding?.[0]?.code;
  return reader.all(5, 'DocumentReference.content.attachment').flatMap((value) => {
    const attachment = type === 'ED' ? encapsulatedData(value) : referencePointer(value);
    if (attachment === undefined) return [];
    return [{ attachment: title === undefined ? attachment : { ...attachment, title } }];
  });
}

/** The lines of one text have one code; another code begins another text. */
function addLines(
  obx: Hl7Segment,
  texts: Map<string, Part & { lines: string[] }>,
  parts: Part[],
  scope: Scope,
): void {
  const reader = scope.open(obx, contentKept);
  reader.code(2, 'DocumentReference.content');
  const name = codeableConcept(reader.first(3, 'DocumentReference.content.attachment.title'));
  const values = reader.all(5, 'DocumentReference.content.attachment.data');
  const title = name?.text ?? name?.coding?.[0]?.display ?? name?.coding?.[0]?.code;
  const key = name?.coding?.[0]?.code ?? title ?? '';
  if (values.length === 0) return;
  let text = texts.get(key);
  if (text === undefined) {
    text = { attachment: title === undefined ? {} : { title }, lines: [] };
    texts.set(key, text);
    parts.push(text);
  }
  text.lines.push(...values.map(literalText));
}

const document: Converter = { structure: MDM_T02, convert: convertDocument };
const events = 'T01 T02 T03 T04 T05 T06 T07 T08 T09 T10 T11';

export const documents: Events = Object.fromEntries(events.split(' ').map((event) => [event, document]));
