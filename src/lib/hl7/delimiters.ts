import type { Delimiters } from './types';

export const canonicalDelimiters: Delimiters = {
  field: '|',
  component: '^',
  repetition: '~',
  escape: '\\',
  subcomponent: '&',
};

/**
 * Delimiters are ASCII punctuation, so that they read the same in every ASCII-based character set, but no quote: `""`
 * has a meaning of its own.
 */
const isPunctuation = (c: string): boolean => c > ' ' && c < '\x7f' && !/[A-Za-z0-9"]/.test(c);

/**
 * MSH-1 and MSH-2 of a header line (also FHS-1/2, BHS-1/2), undefined when they cannot delimit anything.
 * MSH-2 has four characters, since v2.7 five (ch. 2.5.4); a fifth splits nothing. `^~\\&` is `^~\&` from a sender
 * that escaped the backslash once too often (seen in the wild): there is one way to read it.
 */
export function readDelimiters(line: string): Delimiters | undefined {
  const field = line[3];
  if (field === undefined || !isPunctuation(field)) return undefined;
  const end = line.indexOf(field, 4);
  const encoding = end < 0 ? line.slice(4) : line.slice(4, end);
  const once =
    encoding.length === 5 && encoding[2] === encoding[3]
      ? encoding.slice(0, 3) + encoding.charAt(4)
      : encoding;
  const [component, repetition, escape, subcomponent, truncation] = once;
  if (!component || !repetition || !escape || !subcomponent || once.length > 5) return undefined;
  const all = [field, ...once];
  if (!all.every(isPunctuation) || new Set(all).size !== all.length) return undefined;
  return { field, component, repetition, escape, subcomponent, ...(truncation && { truncation }) };
}

/** MSH-2 as these delimiters are written. */
export const encodingCharacters = (d: Delimiters): string =>
  d.component + d.repetition + d.escape + d.subcomponent + (d.truncation ?? '');
