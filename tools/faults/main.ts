/**
 * npm run faults: puts faults of every kind into the Bundles that samples/ and, where it is there, a corpus become, and
 * asks three validators. Ours has to name every certain fault and whatever else one of the others calls an error.
 * `--places N` (default 1): how many Bundles each way of a fault is tried in at each element.
 */
import type { Bundle } from 'fhir/r4';
import { convertMessage, Rejection } from '../../src/lib/convert';
import { parseMessage } from '../../src/lib/hl7';
import { loadOracles } from '../conformance/oracles';
import { openProfile, readSamples } from '../corpus';
import { examine } from './examine';
import { type Fault, faultsIn } from './inject';
import { KINDS } from './kinds';

const [, places = '1'] = /--places[ =](\d+)/.exec(process.argv.join(' ')) ?? [];
const oracles = loadOracles();
const columns = ['faults', 'ours', ...oracles.map(({ name }) => name), 'missed by ours'];
const table = new Map(KINDS.map(({ name }) => [name, new Map<string, number>()]));
const findings = new Map<string, number>();
const falsePositives = new Map<string, number>();
const add = (counts: Map<string, number>, key: string): void =>
  void counts.set(key, (counts.get(key) ?? 0) + 1);

function* bundles(): Generator<Bundle> {
  for (const { raw } of readSamples()) {
    if (raw.problem !== undefined) continue;
    try {
      const profile = { ...openProfile, timeZone: 'America/New_York' };
      yield convertMessage(parseMessage(raw), { tenantId: 'faults', profile }).bundle;
    } catch (error) {
      if (!(error instanceof Rejection)) throw error;
    }
  }
}

function count(bundle: Bundle, fault: Fault): void {
  const { isFault, isNamed, others, excused } = examine(bundle, fault, oracles);
  for (const clause of excused) add(falsePositives, clause);
  if (!isFault) return;
  const counts = table.get(fault.kind.name) ?? new Map<string, number>();
  add(counts, 'faults');
  for (const { name } of others) add(counts, name);
  if (isNamed) return add(counts, 'ours');
  add(counts, 'missed by ours');
  add(findings, `${fault.kind.name} at ${fault.element}: ${others[0]?.error ?? 'certain'}`);
}

const seen = new Map<string, number>();
for (const bundle of bundles())
  for (const fault of faultsIn(bundle, Number(places), seen)) count(bundle, fault);

const all = new Map<string, number>();
for (const counts of table.values())
  for (const [column, count] of counts) all.set(column, (all.get(column) ?? 0) + count);
const rows = [...table, ['all', all] as const].map(([name, counts]) => [
  name,
  ...columns.map((column) => String(counts.get(column) ?? 0)),
]);
const lines = [['kind', ...columns], ...rows];
const widths = lines[0]?.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0))) ?? [];
for (const line of lines)
  console.log(
    line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
  );
if (falsePositives.size > 0) console.log('\nfalse positives of other validators, by the clause of R4');
for (const [clause, count] of falsePositives) console.log(`  ${count}  ${clause}`);
if (findings.size > 0) console.log('\nmissed by ours');
for (const [finding, count] of [...findings].sort()) console.log(`  ${finding}  (${count})`);
if (findings.size > 0) process.exitCode = 1;
