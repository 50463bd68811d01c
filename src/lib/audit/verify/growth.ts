import {
  consistencyProof,
  createCompactRange,
  noteKey,
  perfectSubtrees,
  tileId,
  tileReader,
  tilesRead,
  verifyConsistency,
  type Hash,
  type NoteKey,
  type SubtreeReader,
  type TilePlace,
} from '../merkle';
import { logPartition } from '../seal/documents';
import { checkChain, newestOf, type TrustedCheckpoint } from './chain';
import { createFindings, type Findings } from './findings';
import { recentAt } from './recent';
import { compareLastState } from './last-state';
import { asTile, hashesOf } from './log-documents';
import type { GrowthReader, GrowthVerification, LogVerification, TrailKeys, VerifierState } from './types';

export interface GrowthOptions {
  readonly tenantId: string;
  readonly reader: GrowthReader;
  readonly keys: Pick<TrailKeys, 'keyName' | 'signing'>;
  /** What the last run without findings kept; without one the chain is checked from its beginning. */
  readonly lastState?: VerifierState | undefined;
  readonly maximumMergeDelayMs: number;
  readonly now: Date;
}

/** So many tiles are read at once. */
const READ_AHEAD = 32;

/**
 * Level 0: what was added since the last verification continues what was there. It reads the notes from the last one on,
 * and the few tiles that prove each of them part of the newest tree; no event and no segment. So it is cheap enough to
 * run all the time, and says nothing about what is stored under the leaves.
 */
export async function verifyGrowth(options: GrowthOptions): Promise<GrowthVerification> {
  const { tenantId, reader, keys, lastState, now } = options;
  const findings = createFindings();
  const signedBy = new Map<string, NoteKey>();
  const isRecent = recentAt(now, options.maximumMergeDelayMs);
  const years = [...new Set([...(await reader.years()), ...Object.keys(lastState?.logs ?? {})])];
  const logs: Record<string, LogVerification['logs'][string]> = {};
  let [checkpoints, tilesReadHere, lastNote] = [0, 0, ''];

  for (const year of years.sort()) {
    const known = lastState?.logs[year];
    const first = known?.seq ?? 1;
    // The published ones first: whatever is published was written before.
    const anchors = await reader.anchorsFrom(year, first);
    const chain = await checkChain(
      reader.checkpointsFrom(year, first),
      {
        ...{ tenantId, year, keyName: keys.keyName, keys: keys.signing.map(noteKey), first, anchors },
        anchor: (name) => reader.anchor(name),
        previous: known ? undefined : lastNote,
        isRecent,
        signedBy: (key) => signedBy.set(key.fingerprint, key),
      },
      findings,
    );
    compareLastState(year, chain.checkpoints, known, findings);
    // What follows was taken back as a whole, its tiles as well.
    const stored = chain.checkpoints.filter(({ size }) => size <= chain.storedSize);
    const tiles = await proveGrowth(reader, { tenantId, year }, stored, findings);
    const last = chain.checkpoints.at(-1);
    if (last) logs[year] = newestOf(last);
    lastNote = chain.lastNote;
    checkpoints += chain.checkpoints.length;
    tilesReadHere += tiles;
  }
  const found = findings.list();
  return {
    tenantId,
    verdict: found.length === 0 ? 'intact' : 'damaged',
    findings: found,
    verifiedAt: now.toISOString(),
    counts: { checkpoints, tilesRead: tilesReadHere },
    logs,
    keys: [...signedBy.keys()],
  };
}

/**
 * Each signed tree must be the beginning of the newest one, those in between as well: a log that showed another history
 * for a while is caught. Resolves to the number of tiles read.
 */
async function proveGrowth(
  reader: GrowthReader,
  { tenantId, year }: { readonly tenantId: string; readonly year: string },
  checkpoints: readonly TrustedCheckpoint[],
  findings: Findings,
): Promise<number> {
  const name = ({ id }: TrustedCheckpoint): string => `${year}/${id}`;
  const growing: TrustedCheckpoint[] = [];
  for (const checkpoint of checkpoints)
    if (checkpoint.size < (growing.at(-1)?.size ?? 0))
      findings.add('checkpoints', 'chain-broken', name(checkpoint));
    else growing.push(checkpoint);
  const newest = growing.at(-1);
  if (!newest) return 0;
  const earlier = growing.filter(({ size }) => size < newest.size);
  for (const { root, ...same } of growing)
    if (same.size === newest.size && root !== newest.root)
      findings.add('checkpoints', 'forked', name(newest));

  const frontier = newest.frontier ?? [];
  const sizes = new Set(earlier.map(({ size }) => size).filter((size) => size > 0));
  const needed = tilesRead(newest.size, newest.frontier !== undefined, (read) => {
    for (const size of sizes) proofBetween(size, newest.size, read);
  });
  const tiles = new Map<string, readonly Hash[]>();
  for (let at = 0; at < needed.length; at += READ_AHEAD)
    await Promise.all(
      needed.slice(at, at + READ_AHEAD).map(async (place) => {
        const stored = await reader.tile(year, tileId(place));
        const tile = asTile(stored, logPartition(tenantId, year));
        if (tile) tiles.set(keyOf(place), hashesOf(tile));
        else findings.add('tiles', stored === undefined ? 'missing' : 'modified', `${year}/${tileId(place)}`);
      }),
    );
  const read = tileReader(newest.size, frontier, (place) => tiles.get(keyOf(place)));

  for (const checkpoint of earlier) {
    const begins = beginningOf(checkpoint.size, newest, read);
    if (begins === undefined) findings.add('checkpoints', 'unprovable', name(checkpoint));
    else if (begins !== checkpoint.root) findings.add('checkpoints', 'forked', name(checkpoint));
  }
  return needed.length;
}

const keyOf = ({ level, index }: TilePlace): string => `${level}/${index}`;

/** What proves a smaller tree part of a larger one, and the root that the smaller one then has. */
const proofBetween = (from: number, to: number, read: SubtreeReader): { proof: Hash[]; root: Hash } => ({
  proof: consistencyProof(from, to, read),
  root: createCompactRange(from, perfectSubtrees(0, from).map(read)).root(),
});

/** hex; the root of the first leaves of the newest tree. Undefined when the tiles do not make that tree's own root. */
function beginningOf(size: number, newest: TrustedCheckpoint, read: SubtreeReader): string | undefined {
  if (size === 0) return createCompactRange().root().toString('hex');
  try {
    const { proof, root } = proofBetween(size, newest.size, read);
    const isPart = verifyConsistency(size, newest.size, proof, root, Buffer.from(newest.root, 'hex'));
    return isPart ? root.toString('hex') : undefined;
  } catch (error) {
    // A tile that is not there.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
