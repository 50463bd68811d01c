/**
 * npm run ledger: how much of what senders say reaches FHIR, by segment and by field, over samples/ and the corpus.
 * Beside it stands what HL7's own v2-to-FHIR guide maps of the same fields. Prints places and counts, no values.
 */
import { Command } from 'commander';
import { convertMessage, Rejection } from '../../src/lib/convert';
import { parseMessage } from '../../src/lib/hl7';
import { openProfile, readSamples } from '../corpus';
import { writeDocs } from './docs';
import { countFields, emptyTally, type Tally } from './count';
import { guideFields } from './guide';

const overallBar = 92;
const segmentBar = 80;
/** A segment with fewer occurrences than this says nothing about senders. */
const segmentMinimum = 200;

interface Options {
  readonly gaps: string;
  readonly json?: true;
  readonly docs?: true;
}

function report({ gaps, json, docs }: Options): void {
  const guide = guideFields();
  const fields = new Map<string, Tally>();
  const reasons = new Map<string, Map<string, number>>();
  const targets = new Map<string, Set<string>>();
  let converted = 0;
  let rejected = 0;
  for (const { raw } of readSamples()) {
    if (raw.problem !== undefined) {
      rejected++;
      continue;
    }
    try {
      const message = parseMessage(raw);
      const conversion = convertMessage(message, { tenantId: 'ledger', profile: openProfile });
      countFields(message, conversion, guide, fields);
      for (const { location, fate, detail } of conversion.ledger.entries) {
        if (fate === 'carried') {
          addTargets(targets, location.slice(0, 3), detail ?? '');
          continue;
        }
        const kind = location.replace(/\[\d+\]/g, '');
        const counts = reasons.get(kind) ?? new Map<string, number>();
        counts.set(detail ?? 'unknown', (counts.get(detail ?? 'unknown') ?? 0) + 1);
        reasons.set(kind, counts);
      }
      converted++;
    } catch (error) {
      if (!(error instanceof Rejection)) throw error;
      rejected++;
    }
  }
  const segments = new Map<string, Tally>();
  const all = emptyTally();
  for (const [name, tally] of fields)
    for (const sum of [all, sumOf(segments, name.slice(0, 3))])
      for (const key of Object.keys(sum) as (keyof Tally)[]) sum[key] += tally[key];

  const rows = [...segments].sort(([, a], [, b]) => b.populated - a.populated);
  if (docs) writeDocs([['all', all], ...rows.filter(([, { populated }]) => populated >= 5)], targets);
  const missing = [...fields]
    .map(([name, tally]) => ({ name, missing: tally.populated - tally.carried, ...tally }))
    .filter((row) => row.missing > 0)
    .sort((a, b) => b.missing - a.missing)
    .slice(0, Number(gaps))
    .map((row) => ({ ...row, reason: mostFrequent(reasons.get(row.name)) }));
  const parts = [...reasons]
    .filter(([name]) => name.includes('.'))
    .map(([name, counts]) => ({ name, missing: total(counts), reason: mostFrequent(counts) }))
    .sort((a, b) => b.missing - a.missing)
    .slice(0, Number(gaps));
  const low = rows.filter(
    ([, tally]) => tally.populated > segmentMinimum && percent(tally.carried, tally) < segmentBar,
  );
  if (json)
    console.log(
      JSON.stringify(
        { converted, rejected, all, segments: Object.fromEntries(rows), missing, parts },
        null,
        2,
      ),
    );
  else {
    console.log(`${converted} messages converted, ${rejected} rejected\n`);
    print(
      ['', 'populated', 'carried', 'own extension', 'in full', 'kept', 'unknown', 'guide'],
      [['all', all] as const, ...rows].map(([name, tally]) => [
        name,
        String(tally.populated),
        ...(['carried', 'own', 'whole', 'kept', 'unknown', 'guide'] as const).map(
          (key) => `${percent(tally[key], tally).toFixed(1)} %`,
        ),
      ]),
    );
    console.log('\nmost frequent fields that are not carried');
    print(
      ['field', 'not carried', 'populated', 'guide', 'reason'],
      missing.map((row) => [
        row.name,
        String(row.missing),
        String(row.populated),
        row.guide > 0 ? 'maps' : '',
        row.reason,
      ]),
    );
    console.log('\nmost frequent parts that are not carried, of fields that are');
    print(
      ['part', 'not carried', 'reason'],
      parts.map((row) => [row.name, String(row.missing), row.reason]),
    );
  }
  console.error(
    `\ncarried ${percent(all.carried, all).toFixed(1)} % (wanted >= ${overallBar} %), ` +
      `segments below ${segmentBar} %: ${low.map(([name]) => name).join(' ') || 'none'}`,
  );
  if (percent(all.carried, all) < overallBar || low.length > 0) process.exitCode = 1;
}

/** `Patient.telecom, Organization.telecom` -> Patient, Organization. */
function addTargets(targets: Map<string, Set<string>>, segment: string, detail: string): void {
  const known = targets.get(segment) ?? new Set<string>();
  targets.set(segment, known);
  for (const [, type] of detail.matchAll(/(?:^|, )([A-Z][A-Za-z]+)\./g))
    if (type !== undefined) known.add(type);
}

function sumOf(segments: Map<string, Tally>, name: string): Tally {
  const tally = segments.get(name) ?? emptyTally();
  segments.set(name, tally);
  return tally;
}

const percent = (part: number, { populated }: Tally): number => (100 * part) / Math.max(populated, 1);

const total = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((sum, count) => sum + count, 0);

const mostFrequent = (counts: ReadonlyMap<string, number> = new Map()): string =>
  [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? '';

function print(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const lines = [head, ...rows];
  const widths = head.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  for (const line of lines)
    console.log(
      line
        .map((cell, i) =>
          i === 0 || head[i] === 'reason' ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    );
}

new Command('ledger')
  .option('--gaps <n>', 'how many of the most frequent fields that are not carried', '40')
  .option('--json', 'print JSON instead of tables')
  .option('--docs', 'bring the tables of docs/conversion.md up to date')
  .action(report)
  .parse();
