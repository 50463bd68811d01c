/**
 * npm run codemaps: holds our code maps (src/lib/convert/codemaps) against the concept maps of the HL7 v2-to-FHIR guide.
 * Every row of the guide is ours as well, or stands in errata.ts with the reason; so does every row of ours that the
 * guide does not have. Exit code 1 when something differs without a reason, or a reason explains nothing.
 */
import { globSync, readFileSync } from 'node:fs';
import { errata } from './errata';
import { hasGuide, readGuide, type Row } from './guide';
import { type Use, uses } from './maps';

/** A system by its last part, `v3-MaritalStatus#L`; a code of a closed set alone. */
const written = (system: string, code: string): string => `${system.replace(/^.*\//, '')}#${code}`;

const sources = globSync('src/lib/convert/{segments,messages,datatypes}/**/*.ts').map((file) =>
  readFileSync(file, 'utf8'),
);
const tablesInUse = new Set(sources.flatMap((text) => text.match(/(?<='|v2-)\d{4}\b/g) ?? []));

/** Codes that one of our maps may know: every short one, and every word that stands in them. */
function candidates(): Set<string> {
  const signs = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'];
  const two = signs.flatMap((a) => signs.map((b) => a + b));
  const words = globSync('src/lib/convert/codemaps/*.ts').flatMap(
    (file) => readFileSync(file, 'utf8').match(/[^\s'",:;()[\]{}]+/g) ?? [],
  );
  return new Set([...signs, ...two, ...two.flatMap((ab) => signs.map((c) => ab + c)), ...words]);
}

function mapped({ map }: Use, code: string): string | undefined {
  const target = map?.(code);
  return typeof target === 'object' ? written(target.system ?? '', target.code ?? '') : target;
}

/** What a code becomes: mapped, or as sent under its table's system. */
const becomes = (use: Use, code: string): string | undefined =>
  mapped(use, code) ?? (use.table === undefined ? undefined : written(`v2-${use.table}`, code));

const words = candidates();
const explained = new Map<string, string>(
  errata.flatMap(({ map, rows }) =>
    Object.entries(rows).map(([code, [guide, ours]]) => [`${map} ${code}`, `${guide} -> ${ours}`] as const),
  ),
);
const unexplained: string[] = [];
const met = new Set<string>();
const counts = { rows: 0, equal: 0, differing: 0, 'ours alone': 0, unused: 0 };

function compare(name: string, use: Use, rows: readonly Row[]): void {
  const guide = new Map(
    rows.map(({ code, target, system }) => {
      const isCode = use.table === undefined && typeof use.map?.(code) !== 'object';
      return [code, target === '' ? undefined : isCode ? target : written(system, target)] as const;
    }),
  );
  const ours = (code: string): string | undefined => {
    const known = mapped(use, code);
    // A code that the guide does not map either is carried as sent; that is no difference.
    return known ?? (guide.get(code) === undefined ? undefined : becomes(use, code));
  };
  /** Our maps know a code in several spellings; one is enough. */
  const isSpelling = (code: string): boolean => {
    if (guide.has(code)) return false;
    const same = [...guide.keys(), ...(words.has(code.toUpperCase()) ? [code.toUpperCase()] : [])].filter(
      (other) => other !== code && other.toUpperCase() === code.toUpperCase(),
    );
    return same.some((other) => mapped(use, other) === mapped(use, code));
  };
  for (const code of new Set([...guide.keys(), ...words])) {
    const [theirs, mine] = [guide.get(code), ours(code)];
    if (theirs !== undefined) counts.rows += 1;
    if (theirs === mine) {
      if (theirs !== undefined) counts.equal += 1;
      continue;
    }
    if (isSpelling(code)) continue;
    counts[theirs === undefined ? 'ours alone' : 'differing'] += 1;
    const id = `${name} ${code}`;
    met.add(id);
    const difference = `${theirs} -> ${mine}`;
    if (explained.get(id) !== difference) unexplained.push(`${id}: ${difference}`);
  }
}

if (!hasGuide()) console.log('The guide is not here (MEDRELAY_CORPUS): nothing to compare.');
else {
  for (const [name, rows] of readGuide()) {
    const use = uses[name];
    if (use?.unused !== undefined) counts.unused += rows.length;
    else if (use !== undefined) {
      if (use.table !== undefined && !tablesInUse.has(use.table))
        unexplained.push(`${name}: no field is read with HL7 table ${use.table}`);
      compare(name, use, rows);
    } else if (rows.some(({ target }) => target !== '')) unexplained.push(`${name}: is not in maps.ts`);
  }
  const idle = [...explained.keys()].filter((id) => !met.has(id));
  for (const [name, count] of Object.entries(counts)) console.log(`${name}: ${count}`);
  if (unexplained.length > 0) console.log('\ndifferences without a reason');
  for (const line of unexplained) console.log(`  ${line}`);
  if (idle.length > 0) console.log('\nreasons without a difference');
  for (const line of idle) console.log(`  ${line}`);
  if (unexplained.length + idle.length > 0) process.exitCode = 1;
}
