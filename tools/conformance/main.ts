/**
 * npm run conformance: converts samples/ and, where it is there, a corpus of other people's messages (MEDRELAY_CORPUS,
 * default ../shared/corpus), and proves what the README claims: valid R4 by two validators, no dangling reference, no
 * result lost, the same bytes again. Exit code 1 when a claim does not hold. Prints places and rules, no values.
 */
import { existsSync } from 'node:fs';
import {
  type Conversion,
  convertMessage,
  defaultProfile,
  Rejection,
  type SenderProfile,
} from '../../src/lib/convert';
import { validateBundle } from '../../src/lib/fhir';
import type { Hl7Segment } from '../../src/lib/hl7';
import { loadOracle, oracleErrors } from './oracle';
import { danglingReferences, resultsOf } from './results';
import { corpusFolder, parse, readSamples, type Sample } from './sources';

const processingIds: SenderProfile['processingIds'] = ['P', 'T', 'D'];
/** Times without a zone become dates under one profile and instants under the other: both must be valid. */
const profiles: readonly SenderProfile[] = [
  { ...defaultProfile, processingIds },
  { ...defaultProfile, processingIds, timeZone: 'America/New_York' },
];

const COLUMNS = [
  'messages',
  'converted',
  'rejected',
  'rejected though sound',
  'crashed',
  'oracle errors',
  'our errors',
  'dangling',
  'OBX with value',
  'Observations',
  'OBX not carried',
  'OBX not found',
  'not byte-equal',
] as const;
type Column = (typeof COLUMNS)[number];
const MUST_BE_ZERO: readonly Column[] = [
  'rejected though sound',
  'crashed',
  'oracle errors',
  'our errors',
  'dangling',
  'OBX not carried',
  'OBX not found',
  'not byte-equal',
];

class Report {
  readonly rows = new Map<string, Map<Column, number>>();
  readonly rejections = new Map<string, number>();
  /** Finding -> the places where it was made. */
  readonly findings = new Map<string, string[]>();

  add(sample: Sample, column: Column, count = 1): void {
    for (const name of [`${sample.group} ${sample.event}`, 'all']) {
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
}

/** Indexes say nothing about a kind of fault. */
const general = (path: string): string => path.replace(/\[\d+\]/g, '[]');

function convert(sample: Sample, profile: SenderProfile): Conversion {
  return convertMessage(parse(sample.raw), { tenantId: 'conformance', profile });
}

function check(sample: Sample, report: Report): void {
  report.add(sample, 'messages');
  if (sample.raw.problem !== undefined) return reject(sample, sample.raw.problem, report);
  try {
    for (const [index, profile] of profiles.entries()) {
      const { bundle, ledger } = convert(sample, profile);
      report.find(sample, 'oracle errors', oracleErrors(bundle).map(general));
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
      const results = resultsOf(parse(sample.raw), bundle, ledger);
      report.add(sample, 'OBX with value', results.obxWithValue);
      report.add(sample, 'Observations', results.observations);
      for (const obx of results.notCarried) findResult(sample, 'OBX not carried', obx, report);
      for (const obx of results.notFound) findResult(sample, 'OBX not found', obx, report);
    }
  } catch (error) {
    if (error instanceof Rejection) return reject(sample, error.code, report);
    report.find(sample, 'crashed', [
      error instanceof Error ? `${error.name} ${error.stack?.split('\n')[1]?.trim() ?? ''}` : 'unknown',
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
  if (sample.isSound) report.find(sample, 'rejected though sound', [code]);
}

function print(report: Report): void {
  const names = [...report.rows.keys()].filter((name) => name !== 'all').sort();
  const table = ['all', ...names].map((name) => [
    name,
    ...COLUMNS.map((column) => String(report.rows.get(name)?.get(column) ?? 0)),
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
  if (report.findings.size === 0) return;
  console.log('\nfindings');
  for (const [finding, places] of [...report.findings].sort()) {
    console.log(`  ${finding}  (${places.length})`);
    for (const place of places.slice(0, 3)) console.log(`    ${place}`);
  }
}

if (!existsSync(corpusFolder()))
  console.log('No corpus (set MEDRELAY_CORPUS to a folder of messages): samples only.\n');
loadOracle();
const report = new Report();
for (const sample of readSamples()) check(sample, report);
print(report);
if (MUST_BE_ZERO.some((column) => (report.rows.get('all')?.get(column) ?? 0) > 0)) process.exitCode = 1;
