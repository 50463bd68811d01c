import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { corpusFolder } from '../corpus';

/** One row of a concept map of the guide; `target` is empty where the guide has none. */
export interface Row {
  readonly code: string;
  readonly target: string;
  readonly system: string;
}

const folder = (): string => join(corpusFolder(), 'v2-to-fhir', 'mappings', 'codesystems');
export const hasGuide = (): boolean => existsSync(folder());

/** RFC 4180: quotes around a cell, doubled inside. */
function cellsOf(csv: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain ?? '');
    if (end !== ',') rows.push([]);
  }
  return rows;
}

/** Below two lines of headings: v2 code first; the FHIR code under the second `Code`, its system under the last `Code System`. */
function rowsOf(csv: string): Row[] {
  const cells = cellsOf(csv.replace(/^\uFEFF/, ''));
  const start = cells.findIndex(([first]) => first?.trim() === 'Code');
  const heading = (cells[start] ?? []).map((cell) => cell.trim().toLowerCase());
  const target = heading.lastIndexOf('code');
  const system = heading.lastIndexOf('code system');
  return cells
    .slice(start + 1)
    .filter(([code = '']) => code.trim() !== '')
    .map((row) => ({
      code: row[0] ?? '',
      target: row[target]?.trim() ?? '',
      system: row[system]?.trim() ?? '',
    }));
}

/** Name of the concept map -> its rows. */
export function readGuide(): Map<string, Row[]> {
  const files = readdirSync(folder()).filter((file) => file.endsWith('.csv'));
  return new Map(
    files.sort().map((file) => {
      const name = file.replace(/^HL7 Concept Map_ /, '').replace(/ - [^-]*\.csv$/, '');
      return [name, rowsOf(readFileSync(join(folder(), file), 'utf8'))];
    }),
  );
}
