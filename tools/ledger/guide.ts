import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { corpusFolder } from '../corpus';

/** Fields (`PID-5`) to which the segment maps of HL7's own v2-to-FHIR guide give an element. */
export function guideFields(): ReadonlySet<string> {
  const folder = join(corpusFolder(), 'v2-to-fhir/mappings/segments');
  const mapped = new Set<string>();
  for (const file of globSync('*.csv', { cwd: folder }))
    for (const row of parseCsv(readFileSync(join(folder, file), 'utf8'))) {
      const name = /^([A-Z][A-Z0-9]{2}-\d+)/.exec(row[1]?.trim() ?? '')?.[1];
      if (name !== undefined && (row[9] ?? '').trim() !== '') mapped.add(name);
    }
  return mapped;
}

/** RFC 4180. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const [, quoted, plain = '', end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === ',') continue;
    rows.push(row);
    row = [];
  }
  return rows;
}
