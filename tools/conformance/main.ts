/**
 * npm run conformance: converts samples/ and, where it is there, a corpus of other people's messages, and proves what
 * the README claims: no crash, nothing refused without a listed reason, valid R4 by three validators, no dangling
 * reference, no result lost, the same bytes again. Exit code 1 when a claim does not hold. Prints places and rules, no
 * values.
 */
import { type Conversion, convertMessage, Rejection, type SenderProfile } from '../../src/lib/convert';
import { validateBundle } from '../../src/lib/fhir';
import { type Hl7Segment, parseMessage } from '../../src/lib/hl7';
import { openProfile, readSamples, type Sample } from '../corpus';
import { expectedRejection } from './expected-rejections';
import { general, judge, loadOracles, type Oracle } from './oracles';
import { danglingReferences, resultsOf } from './results';

/** Times without a zone become dates under one profile and instants under the other: both must be valid. */
const profiles: readonly SenderProfile[] = [openProfile, { ...openProfile, timeZone: 'America/New_York' }];

const COUNTS = ['messages', 'converted', 'rejected', 'OBX with value', 'Observations'] as const;
const FAULTS = [
  'rejected for no listed reason',
  'listed and not rejected',
  'crashed',
  'oracle errors',
  'our errors',
  'dangling',
  'OBX not carried',
  'OBX not found',
  'not byte-equal',
] as const;
const COLUMNS = [...COUNTS, ...FAULTS];
type Column = (typeof COLUMNS)[number];

class Report {
  readonly rows = new Map<string, Map<Column, number>>();
  readonly rejections = new Map<string, number>();
  readonly falsePositives = new Map<string, number>();
  /** Finding -> the places where it was made. */
  readonly findings = new Map<string, string[]>();

  add(sample: Sample, column: Column, count = 1): void {
    for (const name of [sample.event, 'all']) {
      const row = this.rows.get(name) ?? new Map<Column, number>();
      row.set(column, (row.get(column) ?? 0) + count);
      this.rows.set(name, row);
    }
  }

  find(sample: Sample, column: Column, findings: readonly string[], detail = ''): void {
    this.add(sample, column, findings.length);
    for (const finding of findings) {
      const key = `${column}: ${finding}`;
      const places = this.findings.get(key) ?? [];
      const place = sample.place + detail;
      if (!places.includes(place)) places.push(place);
      this.findings.set(key, places);
    }
  }

  count(row: string, column: Column): number {
    return this.rows.get(row)?.get(column) ?? 0;
  }

  toJSON(): unknown {
    const rows = [...this.rows].map(([name, row]) => [name, Object.fromEntries(row)]);
    return {
      rows: Object.fromEntries(rows),
      rejections: Object.fromEntries(this.rejections),
      falsePositives: Object.fromEntries(this.falsePositives),
      findings: Object.fromEntries(this.findings),
    };
  }
}

function convert(sample: Sample, profile: SenderProfile): Conversion {
  return convertMessage(parseMessage(sample.raw), { tenantId: 'conformance', profile });
}

function check(sample: Sample, oracles: readonly Oracle[], report: Report): void {
  report.add(sample, 'messages');
  if (sample.raw.problem !== undefined) return reject(sample, sample.raw.problem, report);
  try {
    for (const [index, profile] of profiles.entries()) {
      const { bundle, ledger } = convert(sample, profile);
      for (const oracle of oracles) {
        const { errors, excused } = judge(oracle, bundle);
        report.find(sample, 'oracle errors', errors);
        for (const clause of excused)
          report.falsePositives.set(clause, (report.falsePositives.get(clause) ?? 0) + 1);
      }
      report.find(
        sample,
        'our errors',
        validateBundle(bundle).map(({ rule, path }) => `${rule} ${general(path)}`),
      );
      report.find(sample, 'dangling', danglingReferences(bundle));
      if (JSON.stringify(convert(sample, profile).bundle) !== JSON.stringify(bundle))
        report.find(sample, 'not byte-equal', ['second run differs']);
      if (index > 0) continue;
      report.add(sample, 'converted');
      if (expectedRejection(sample.hash) !== undefined)
        report.find(sample, 'listed and not rejected', ['take it off the list']);
      const results = resultsOf(parseMessage(sample.raw), bundle, ledger);
      report.add(sample, 'OBX with value', results.obxWithValue);
      report.add(sample, 'Observations', results.observations);
      for (const obx of results.notCarried) findResult(sample, 'OBX not carried', obx, report);
      for (const obx of results.notFound) findResult(sample, 'OBX not found', obx, report);
    }
  } catch (error) {
    if (error instanceof Rejection && error.code !== 'CONVERSION_FAILED')
      return reject(sample, error.code, report);
    const cause = error instanceof Rejection ? error.cause : error;
    report.find(sample, 'crashed', [
      cause instanceof Error ? `${cause.name} ${cause.stack?.split('\n')[1]?.trim() ?? ''}` : 'unknown',
    ]);
  }
}

function findResult(sample: Sample, column: Column, obx: Hl7Segment, report: Report): void {
  const type = (obx.get(2) ?? '').toUpperCase();
  report.find(sample, column, [/^[A-Z]{2,3}$/.test(type) ? type : 'without type'], ` OBX[${obx.occurrence}]`);
}

function reject(sample: Sample, code: string, report: Report): void {
  report.add(sample, 'rejected');
  report.rejections.set(code, (report.rejections.get(code) ?? 0) + 1);
  if (expectedRejection(sample.hash) !== code)
    report.find(
      sample,
      'rejected for no listed reason',
      [`${code} ${sample.event}`],
      ` ${sample.hash.slice(0, 16)}`,
    );
}

function print(report: Report): void {
  const names = [...report.rows.keys()].filter((name) => name !== 'all').sort();
  const table = ['all', ...names].map((name) => [
    name,
    ...COLUMNS.map((column) => String(report.count(name, column))),
  ]);
  const lines = [['', ...COLUMNS], ...table];
  const widths = lines[0]?.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0))) ?? [];
  for (const line of lines)
    console.log(
      line
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
        .join('  '),
    );
  console.log('\nrejected by code');
  for (const [code, count] of [...report.rejections].sort()) console.log(`  ${code}  ${count}`);
  if (report.falsePositives.size > 0)
    console.log('\nfalse positives of other validators, by the clause of R4');
  for (const [clause, count] of report.falsePositives) console.log(`  ${count}  ${clause}`);
  if (report.findings.size === 0) return;
  console.log('\nfindings');
  for (const [finding, places] of [...report.findings].sort()) {
    console.log(`  ${finding}  (${places.length})`);
    for (const place of places.slice(0, 3)) console.log(`    ${place}`);
  }
}

const oracles = loadOracles();
const report = new Report();
for (const sample of readSamples()) check(sample, oracles, report);
if (process.argv.includes('--json')) console.log(JSON.stringify(report, undefined, 2));
else print(report);
if (FAULTS.some((column) => report.count('all', column) > 0)) process.exitCode = 1;
