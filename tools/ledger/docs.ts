import { readFileSync, writeFileSync } from 'node:fs';
import { converters } from '../../src/lib/convert/messages/registry';
import type { Tally } from './count';

const file = 'docs/conversion.md';

/** Replaces what stands between two marks of the page. */
function replaceBetween(page: string, name: string, lines: readonly string[]): string {
  const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [page.indexOf(start), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${file} has no place for "${name}".`);
  return `${page.slice(0, from + start.length)}\n\n${lines.join('\n')}\n\n${page.slice(to)}`;
}

const row = (...cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const share = (part: number, { populated }: Tally): string =>
  `${((100 * part) / Math.max(populated, 1)).toFixed(1)} %`;

function events(): string[] {
  const rows = [...converters].map(([type, table]) => {
    const byStructure = new Map<string, string[]>();
    for (const [event, { structure }] of Object.entries(table)) {
      const names = byStructure.get(structure.root.name) ?? [];
      names.push(event === '' ? 'none' : event);
      byStructure.set(structure.root.name, names);
    }
    const cells = [...byStructure].map(([structure, names]) => `${structure}: ${names.join(' ')}`);
    return row(type, cells.join('<br>'));
  });
  return [row('type', 'structure: trigger events'), row('---', '---'), ...rows.sort()];
}

function segments(
  tallies: readonly (readonly [string, Tally])[],
  targets: ReadonlyMap<string, ReadonlySet<string>>,
): string[] {
  const head = [
    'segment',
    'populated',
    'carried',
    'own extension',
    'in full',
    'kept',
    'unknown',
    'guide',
    'becomes',
  ];
  return [
    row(...head),
    row(...head.map((_, i) => (i === 0 || i === head.length - 1 ? '---' : '--:'))),
    ...tallies.map(([name, tally]) =>
      row(
        name,
        String(tally.populated),
        ...[tally.carried, tally.own, tally.whole, tally.kept, tally.unknown, tally.guide].map((part) =>
          share(part, tally),
        ),
        [...(targets.get(name) ?? [])].sort().join(' '),
      ),
    ),
  ];
}

/** Brings the tables of docs/conversion.md up to date. */
export function writeDocs(
  tallies: readonly (readonly [string, Tally])[],
  targets: ReadonlyMap<string, ReadonlySet<string>>,
): void {
  const page = replaceBetween(readFileSync(file, 'utf8'), 'events', events());
  writeFileSync(file, replaceBetween(page, 'ledger', segments(tallies, targets)));
}
