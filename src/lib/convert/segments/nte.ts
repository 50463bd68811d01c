import type { Annotation } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { dateTime } from '../datatypes/dtm';
import { practitioner } from '../datatypes/xcn';
import type { Scope } from '../scope';
import { set } from '../set';

const kept = {
  1: 'Set id: order of segments in the message.',
  2: 'Source of comment: R4 annotations name an author, not a system.',
  4: 'Comment type: R4 annotations have none.',
};

/** NTE: a note of whatever it follows; the repetitions of NTE-3 are its lines. */
function mapNte(segment: Hl7Segment, scope: Scope, target: string): Annotation | undefined {
  const nte = scope.open(segment, kept);
  const lines = nte.all(3, target).map((field) => field.get(1) ?? '');
  const text = lines.join('\n');
  if (text === '') return undefined;
  const note: Annotation = { text };
  const author = practitioner(nte.first(5, `${target}.author`), scope);
  set(note, 'authorReference', author);
  set(note, 'time', dateTime(nte.first(6, `${target}.time`)));
  return note;
}

export function mapNotes(
  segments: readonly Hl7Segment[],
  scope: Scope,
  target: string,
): Annotation[] | undefined {
  const notes = segments
    .map((segment) => mapNte(segment, scope, target))
    .filter((note) => note !== undefined);
  return notes.length === 0 ? undefined : notes;
}
