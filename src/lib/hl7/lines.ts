import { segmentNames } from './segment-names';
import type { Diagnostic } from './types';

const lineEnds = /\r\n|\r|\n/;
const upperName = /^[A-Z][A-Z0-9]{2}$/;

/**
 * The segment name a line starts with, in upper case, or undefined for a line of text. Any upper-case name followed
 * by the field separator is a segment (unknown ones are kept). A name in lower case, or without a field, is one only
 * when the standard (or `Z`) has it: text broken over lines may well start with three letters.
 */
export function segmentName(line: string, separator: string): string | undefined {
  const name = line.slice(0, 3);
  if (line[3] === separator && upperName.test(name)) return name;
  if (!/^[A-Za-z][A-Za-z0-9]{2}$/.test(name)) return undefined;
  const bare = line.length === 3 || (line.length > 3 && line.slice(3).trim() === '');
  if (!bare && line[3] !== separator) return undefined;
  const upper = name.toUpperCase();
  if (bare && name !== upper) return undefined;
  return segmentNames.has(upper) || (upper.startsWith('Z') && !bare) ? upper : undefined;
}

/**
 * The lines of one message as segments separated by a single CR. A line that is no segment continues the field
 * before it: some senders leave line breaks of report text unescaped.
 */
export function joinSegments(text: string, separator: string): { text: string; diagnostics: Diagnostic[] } {
  const segments: string[] = [];
  const continued = new Set<number>();
  const recased = new Set<number>();
  let open: string[] | undefined;
  let blanks = 0;
  const close = (): void => {
    if (open !== undefined) segments[segments.length - 1] = open.join('\n');
    open = undefined;
  };
  for (const line of text.split(text.includes('\n') ? lineEnds : '\r')) {
    if (line.trim() === '') {
      blanks++;
      continue;
    }
    const name = segmentName(line, separator);
    // A second MSH that the split has not taken for a message is text.
    if (name !== undefined && (name !== 'MSH' || segments.length === 0)) {
      close();
      if (!line.startsWith(name)) recased.add(segments.length);
      segments.push(line.startsWith(name) ? line : name + line.slice(3));
    } else {
      open ??= [segments.at(-1) ?? ''];
      for (; blanks > 0; blanks--) open.push('');
      open.push(line);
      continued.add(segments.length - 1);
    }
    blanks = 0;
  }
  close();
  return { text: segments.join('\r'), diagnostics: describe(segments, continued, recased) };
}

function describe(segments: readonly string[], continued: Set<number>, recased: Set<number>): Diagnostic[] {
  if (continued.size === 0 && recased.size === 0) return [];
  const diagnostics: Diagnostic[] = [];
  const counts = new Map<string, number>();
  segments.forEach((segment, index) => {
    const name = segment.slice(0, 3);
    const occurrence = (counts.get(name) ?? 0) + 1;
    counts.set(name, occurrence);
    const location = `${name}[${occurrence}]`;
    if (continued.has(index))
      diagnostics.push({
        severity: 'warning',
        code: 'CONTINUATION_LINE',
        location,
        safeMessage: 'Lines without a segment name were appended to the last field of this segment.',
      });
    if (recased.has(index))
      diagnostics.push({
        severity: 'warning',
        code: 'SEGMENT_NAME_CASE',
        location,
        safeMessage: 'The segment name was not in upper case.',
      });
  });
  return diagnostics;
}
