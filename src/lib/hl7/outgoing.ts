import HL7 from 'hl7-standard';
import { canonicalDelimiters, encodingCharacters } from './delimiters';
import type { Delimiters, Leaf } from './types';

/** A component, or its subcomponents. */
export type OutgoingComponent = Leaf | readonly Leaf[];
export type OutgoingRepetition = readonly OutgoingComponent[];
/** One value, or repetitions of components. */
export type OutgoingField = Leaf | readonly OutgoingRepetition[];

export interface OutgoingSegment {
  readonly name: string;
  /** From field 1; of MSH, FHS and BHS from field 3, as their first two are the delimiters. */
  readonly fields: readonly OutgoingField[];
}

const escapes: Readonly<Record<string, string>> = {
  '|': '\\F\\',
  '^': '\\S\\',
  '&': '\\T\\',
  '~': '\\R\\',
  '\\': '\\E\\',
  '\n': '\\.br\\',
};

function escapeLeaf(leaf: Leaf): string {
  if (leaf === undefined) return '';
  if (leaf === null) return '""';
  // The text of two quotes must not read as a deletion.
  if (leaf === '""') return '\\X2222\\';
  const hex = (c: string): string => `\\X${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}\\`;
  return leaf.replace(/[|^&~\\\0-\x08\x0a-\x1f]/g, (c) => escapes[c] ?? hex(c));
}

function toLibrary(
  name: string,
  position: number,
  field: OutgoingField,
): string | Record<string, string | string[]>[] {
  if (field === undefined || field === null || typeof field === 'string') return escapeLeaf(field);
  // The library forgets the separator behind a field without repetitions, and behind one without components.
  if (field.length === 0) return '';
  return field.map((repetition) =>
    Object.fromEntries(
      (repetition.length === 0 ? [undefined] : repetition).map((component, i) => [
        `${name}.${position}.${i + 1}`,
        typeof component === 'object' && component !== null && component.length > 0
          ? component.map(escapeLeaf)
          : escapeLeaf(Array.isArray(component) ? undefined : (component as Leaf)),
      ]),
    ),
  );
}

/** The library ends every segment with a separator; a segment without any value keeps one. */
function trimSegment(line: string): string {
  let end = line.length;
  while (end > 4 && line[end - 1] === '|') end--;
  return line.slice(0, end);
}

/** The library writes `|^~\&` only: its text in other delimiters, with what these mean in the text escaped. */
function redelimit(text: string, d: Delimiters): string {
  const own: ReadonlyMap<string, string> = new Map([
    ['|', d.field],
    ['^', d.component],
    ['~', d.repetition],
    ['&', d.subcomponent],
  ]);
  const letters: ReadonlyMap<string, string> = new Map([
    [d.field, 'F'],
    [d.component, 'S'],
    [d.repetition, 'R'],
    [d.escape, 'E'],
    [d.subcomponent, 'T'],
    ...(d.truncation === undefined ? [] : [[d.truncation, 'P'] as const]),
  ]);
  const literals: Readonly<Record<string, string>> = { F: '|', S: '^', R: '~', E: '\\', T: '&' };
  const literal = (c: string): string => (letters.has(c) ? `${d.escape}${letters.get(c)}${d.escape}` : c);
  return text.replace(/\\([^\\]*)\\|[!-/:-@[-`{-~]/g, (token, body: string | undefined) => {
    if (body === undefined) return own.get(token) ?? literal(token);
    const char = literals[body];
    if (char !== undefined) return literal(char);
    // `.br` cannot be written where the full stop separates.
    return d.escape + (body === '.br' && letters.has('.') ? 'X0A' : body) + d.escape;
  });
}

/**
 * Segments to HL7 text with CR line ends. hl7-standard does the layout; every value reaches it escaped, because it
 * neither escapes nor knows other delimiters.
 */
export function buildMessage(segments: readonly OutgoingSegment[], delimiters = canonicalDelimiters): string {
  const message = new HL7('', { lineEndings: '\r' });
  for (const { name, fields } of segments) {
    if (!/^[A-Z][A-Z0-9]{2}$/.test(name))
      throw new RangeError('A segment name has three characters, A-Z and 0-9.');
    const segment = message.createSegment(name);
    const offset = isHeader(name) ? 3 : 1;
    // Placeholder for MSH-2, which must not be read as values.
    if (offset === 3) segment.data[`${name}.2`] = '';
    fields.forEach(
      (field, i) => (segment.data[`${name}.${i + offset}`] = toLibrary(name, i + offset, field)),
    );
  }
  return message
    .build()
    .split('\r')
    .map((line) => {
      const text = redelimit(trimSegment(line), delimiters);
      const body = isHeader(text.slice(0, 3))
        ? encodingCharacters(delimiters) + text.slice(4)
        : text.slice(4);
      return `${text.slice(0, 3)}${delimiters.field}${body}\r`;
    })
    .join('');
}

const isHeader = (name: string): boolean => name === 'MSH' || name === 'FHS' || name === 'BHS';
