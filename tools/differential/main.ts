/**
 * npm run differential: what other converters state about the same messages and we do not. Every kind of disagreement
 * is fixed or has its reason in reasons.ts; exit code 1 when one has not. Prints kinds and places, no values.
 */
import { convertMessage, Rejection } from '../../src/lib/convert';
import { parseMessage } from '../../src/lib/hl7';
import { openProfile } from '../corpus';
import { compare, type Disagreement, type Tally } from './compare';
import { readPairs } from './pairs';
import { reasonFor, unusedReasons } from './reasons';

interface Kind extends Disagreement {
  readonly by: string;
  readonly reason: string | undefined;
  readonly places: string[];
}

const kinds = new Map<string, Kind>();
const counts = new Map<string, Tally & { pairs: number; refused: number }>();
for (const { by, place, text, theirs } of readPairs()) {
  const count = counts.get(by) ?? {
    pairs: 0,
    refused: 0,
    equal: 0,
    elsewhere: 0,
    theirOwn: 0,
    disagreeing: 0,
  };
  counts.set(by, count);
  count.pairs++;
  let found: readonly Disagreement[];
  try {
    const message = parseMessage(text);
    const conversion = convertMessage(message, { tenantId: 'differential', profile: openProfile });
    const { disagreements, tally } = compare(message, theirs, conversion);
    found = disagreements;
    count.equal += tally.equal;
    count.elsewhere += tally.elsewhere;
    count.theirOwn += tally.theirOwn;
    count.disagreeing += tally.disagreeing;
  } catch (error) {
    if (!(error instanceof Rejection)) throw error;
    count.refused++;
    found = [{ what: `message is refused: ${error.code}` }];
  }
  for (const { what, kept } of found) {
    const key = `${by} ${what} ${kept ?? ''}`;
    const kind = kinds.get(key) ?? { by, what, kept, reason: reasonFor({ by, what, kept }), places: [] };
    kinds.set(key, kind);
    kind.places.push(place);
  }
}

const all = [...kinds.values()].sort((a, b) => b.places.length - a.places.length);
const open = all.filter(({ reason }) => reason === undefined);
const stale = unusedReasons();
if (process.argv.includes('--json'))
  console.log(JSON.stringify({ ...Object.fromEntries(counts), stale, all }, undefined, 2));
else {
  for (const [by, { pairs, refused, equal, elsewhere, theirOwn, disagreeing }] of counts)
    console.log(
      `${by}: ${pairs} pairs, ${refused} refused; values: ${equal} equal, ${elsewhere} in another element, ` +
        `${theirOwn} not in the message, ${disagreeing} disagreeing`,
    );
  console.log('\nwith a reason (kinds, messages)');
  const byReason = new Map<string, Kind[]>();
  for (const kind of all)
    if (kind.reason !== undefined) byReason.set(kind.reason, [...(byReason.get(kind.reason) ?? []), kind]);
  for (const [reason, of] of byReason)
    console.log(`  ${of.length}  ${of.reduce((sum, { places }) => sum + places.length, 0)}  ${reason}`);
  console.log(`\nwithout a reason (${open.length})`);
  for (const { by, what, kept, places } of open)
    console.log(
      `  ${places.length}  ${by} ${what}${kept === undefined ? '' : ` (${kept})`}  ${places[0] ?? ''}`,
    );
  console.log(`\nreasons that no disagreement has (${stale.length})`);
  for (const reason of stale) console.log(`  ${reason}`);
}
if (open.length > 0 || (counts.size > 0 && stale.length > 0)) process.exitCode = 1;
