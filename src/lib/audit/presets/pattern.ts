/** A name of an event with `*` for any run of characters, dots as well: `fhir.*`, `*.search*`, `*`. */
export const PATTERN = /^[A-Za-z0-9*._-]{1,100}$/;

export type Matches = (name: string) => boolean;

/** Whether a name fits one of the patterns, wholly: `fhir.*` does not fit `fhir` nor `my-fhir.read`. */
export function matcher(patterns: readonly string[]): Matches {
  const exact = new Set(patterns.filter((pattern) => !pattern.includes('*')));
  const globs = patterns.filter((pattern) => pattern.includes('*')).map((pattern) => pattern.split(/\*+/));
  return (name) => exact.has(name) || globs.some((parts) => fits(name, parts));
}

/** The parts between the stars, each at its first place: linear, where a regular expression of many stars is not. */
function fits(name: string, parts: readonly string[]): boolean {
  const head = parts[0] ?? '';
  const tail = parts.at(-1) ?? '';
  const end = name.length - tail.length;
  if (end < head.length || !name.startsWith(head) || !name.endsWith(tail)) return false;
  let at = head.length;
  for (const part of parts.slice(1, -1)) {
    const found = name.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
