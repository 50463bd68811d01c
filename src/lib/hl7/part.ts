/** Part `n` (from 1) of a text between separators, '' when there are fewer; reads no further than it must. */
export function nthPart(text: string, separator: string, n: number): string {
  let start = 0;
  for (let k = 1; k < n; k++) {
    const at = text.indexOf(separator, start);
    if (at < 0) return '';
    start = at + 1;
  }
  const end = text.indexOf(separator, start);
  if (end >= 0) return text.slice(start, end);
  return start === 0 ? text : text.slice(start);
}
