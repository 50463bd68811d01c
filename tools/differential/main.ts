/**
 * npm run differential: what other converters state about the same messages and we do not. Every kind of disagreement
 * is fixed or has its reason in reasons.ts; exit code 1 when one has not. Prints kinds and places, no values.
 */
import { convertMessage, Rejection } from '../../src/lib/convert';
import { parseMessage } from '../../src/lib/hl7';
import { openProfile } from '../corpus';
import { disagreements } from './compare';
import { readPairs } from './pairs';
import { reasonFor } from './reasons';

interface Kind {
  readonly by: string;
  readonly what: string;
  readonly reason: string | undefined;
  readonly places: string[];
}

const kinds = new Map<string, Kind>();
const counts = new Map<string, { pairs: number; rejected: number; values: number }>();
for (const { by, place, text, theirs } of readPairs()) {
  const count = counts.get(by) ?? { pairs: 0, rejected: 0, values: 0 };
  counts.set(by, count);
  count.pairs++;
  let found: Iterable<readonly [string, string | undefined]>;
  try {
    const message = parseMessage(text);
    const conversion = convertMessage(message, { tenantId: 'differential', profile: openProfile });
    const result = disagreements(message, theirs, conversion);
    found = result.found;
    count.values += result.compared;
  } catch (error) {
    if (!(error instanceof Rejection)) throw error;
    count.rejected++;
    found = [[`message is refused: ${error.code}`, undefined]];
  }
  for (const [what, reason] of found) {
    const kind = kinds.get(`${by} ${what}`) ?? {
      by,
      what,
      reason: reason ?? reasonFor(by, what),
      places: [],
    };
    kinds.set(`${by} ${what}`, kind);
    kind.places.push(place);
  }
}

const all = [...kinds.values()].sort((a, b) => b.places.length - a.places.length);
const open = all.filter(({ reason }) => reason === undefined);
if (process.argv.includes('--json'))
  console.log(JSON.stringify({ ...Object.fromEntries(counts), all }, undefined, 2));
else {
  for (const [by, { pairs, rejected, values }] of counts)
    console.log(`${by}: ${pairs} pairs, ${rejected} refused, ${values} values compared`);
  console.log('\nwith a reason (messages)');
  const byReason = new Map<string, number>();
  for (const { reason, places } of all)
    if (reason !== undefined) byReason.set(reason, (byReason.get(reason) ?? 0) + places.length);
  for (const [reason, count] of byReason) console.log(`  ${count}  ${reason}`);
  console.log(`\nwithout a reason (${open.length})`);
  for (const { by, what, places } of open)
    console.log(`  ${places.length}  ${by} ${what}  ${places[0] ?? ''}`);
}
if (open.length > 0) process.exitCode = 1;
