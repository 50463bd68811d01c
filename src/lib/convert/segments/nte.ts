import type { Annotation } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { table } from '../codemaps/table';
import { codeableConcept } from '../datatypes/cwe';
import { dateTime } from '../datatypes/dtm';
import { practitioner } from '../datatypes/xcn';
import { conceptExtension, extend } from '../extensions';
import { longestText, type FieldReader } from '../reader';
import type { Scope } from '../scope';
import { set } from '../set';

const kept = {
  1: 'Set id: order of segments in the message.',
  7: 'From when the note is valid: R4 annotations do not say.',
  8: 'Until when the note is valid: R4 annotations do not say.',
};

/** HL7 table 0105 (NTE-2): who wrote it, where no person is named. */
const source = table({
  L: 'Ancillary (filler) department is source of comment',
  P: 'Orderer (placer) is source of comment',
  O: 'Other system is source of comment',
});

/** NTE: a note of whatever it follows; the repetitions of NTE-3 are its lines. */
function mapNte(segment: Hl7Segment, place: number, scope: Scope, target: string): Annotation | undefined {
  const nte = scope.open(segment, kept);
  const lines = nte.all(3, target).map((field) => field.get(1) ?? '');
  const coded = nte.first(9, target);
  const text = lines.join('\n') || codedText(coded);
  if (text === undefined || text.trim() === '') {
    nte.keepAll('The note has no text.');
    return undefined;
  }
  if (text.length > longestText) {
    nte.keepAll('The note is longer than R4 lets a string be (1 MB).');
    return undefined;
  }
  // A set id that counts the notes from 1 is their place in the list.
  if (segment.get(1)?.trim() === String(place)) nte.first(1, target)?.code(1);
  const note = {} as Annotation;
  const type = codeableConcept(nte.first(4, `${target}.extension(annotationType)`), { table: '0364' });
  if (type !== undefined) extend(note, conceptExtension('annotationType', type));
  const author = practitioner(nte.first(5, `${target}.author`), scope);
  if (author !== undefined) note.authorReference = author;
  else set(note, 'authorString', sourceOf(nte.first(2, `${target}.author`)));
  if (author !== undefined) nte.first(2, `${target}.author`)?.keep('NTE-5 names the author.');
  set(note, 'time', dateTime(nte.first(6, `${target}.time`)));
  note.text = text;
  if (coded !== undefined && lines.length > 0) coded.keep('NTE-3 is the text of the note.');
  return note;
}

const codedText = (field: FieldReader | undefined): string | undefined => {
  const concept = codeableConcept(field);
  return concept?.text ?? concept?.coding?.[0]?.display ?? concept?.coding?.[0]?.code;
};

function sourceOf(field: FieldReader | undefined): string | undefined {
  const code = field?.code(1);
  const text = field?.get(2);
  field?.code(3);
  return text ?? source(code?.toUpperCase()) ?? code;
}

export function mapNotes(
  segments: readonly Hl7Segment[],
  scope: Scope,
  target: string,
): Annotation[] | undefined {
  const notes = segments
    .map((segment, i) => mapNte(segment, i + 1, scope, target))
    .filter((note) => note !== undefined);
  return notes.length === 0 ? undefined : notes;
}
