import { noteKey, type NoteKey } from '../merkle';
import { logPartition } from '../seal/documents';
import { checkChain, newestOf } from './chain';
import { checkEvents } from './events';
import { createFindings } from './findings';
import { latestNow, recentAt } from './recent';
import { LeafIndex, type LogLeaves } from './leaf-index';
import { compareLastState } from './last-state';
import { readSegments } from './segments';
import { checkUpperTiles, readTiles } from './tiles';
import { rebuildTree } from './tree';
import type { Checkpoint, TrailKeys, TrailReader, Verification, VerifierState } from './types';

export interface VerifyOptions {
  readonly tenantId: string;
  readonly reader: TrailReader;
  readonly keys: TrailKeys;
  /** What the last run without findings kept. */
  readonly lastState?: VerifierState | undefined;
  /** Only events of these days (`yyyymmdd`) are hashed; the log is checked whole. */
  readonly days?: readonly string[];
  readonly maximumMergeDelayMs: number;
  readonly now: Date;
  readonly progress?: (hashed: number, leaves: number) => void;
}

/**
 * Everything about one tenant's trail, from its content up. The order of reading makes a check beside running writers
 * free of false alarms: what is published was written before, what is sealed was recorded before.
 */
export async function verifyTrail(options: VerifyOptions): Promise<Verification> {
  const { tenantId, reader, keys, lastState, days, maximumMergeDelayMs, now } = options;
  const { progress = () => undefined } = options;
  const findings = createFindings();
  const isRecent = recentAt(now, maximumMergeDelayMs);
  const signing = keys.signing.map(noteKey);
  const signedBy = new Map<string, NoteKey>();

  const anchors = await reader.anchors();
  const stored = await reader.years();
  const years = [
    ...new Set([...anchors.map(({ year }) => year), ...stored, ...Object.keys(lastState?.logs ?? {})]),
  ];
  const logs: LogLeaves[] = [];
  const newest: Record<string, Checkpoint & { readonly time: string }> = {};
  let [checkpoints, lastNote] = [0, ''];

  for (const year of years.sort()) {
    const log = { year, pk: logPartition(tenantId, year), isRecent };
    const chain = await checkChain(
      reader.log(year, 'checkpoint'),
      {
        tenantId,
        year,
        keyName: keys.keyName,
        keys: signing,
        first: 1,
        anchors: anchors.filter((anchor) => anchor.year === year).map(({ seq }) => seq),
        anchor: (name) => reader.anchor(name),
        previous: lastNote,
        isRecent,
        signedBy: (key) => signedBy.set(key.fingerprint, key),
      },
      findings,
    );
    lastNote = chain.lastNote;
    checkpoints += chain.checkpoints.length;
    const last = chain.checkpoints.at(-1);
    if (last) newest[year] = newestOf(last);
    compareLastState(year, chain.checkpoints, lastState?.logs[year], findings);

    const size = chain.checkpoints.reduce((largest, each) => Math.max(largest, each.size), 0);
    const segments = await readSegments(
      reader.log(year, 'segment'),
      { ...log, size, storedSize: chain.storedSize },
      findings,
    );
    const { leaves, extents } = segments;
    const tiles = await readTiles(reader.log(year, 'tile'), log, leaves, findings);
    const tree = rebuildTree(year, chain.checkpoints, segments, tiles, findings);
    await checkUpperTiles(tiles, log, leaves, tree, findings);
    for (const id of tiles.absent(chain.storedSize)) findings.add('tiles', 'missing', `${year}/${id}`);
    for (const { id, to, sealedAt } of extents) {
      const isUncovered = to > tree.size && sealedAt !== undefined;
      if (isUncovered && !isRecent(Date.parse(sealedAt))) findings.add('segments', 'unsigned', id);
    }
    logs.push({
      year,
      leaves,
      disputes: tree.disputes,
      hasHoles: hasHoles(tree.size, (index) => leaves.has(index)),
      isProven: tree.isProven,
      segmentOf: (index) => segments.namesBetween(index, index + 1)[0],
    });
  }

  const sealedUntil = Math.max(0, ...Object.values(newest).map(({ time }) => Date.parse(time)));
  const index = new LeafIndex(logs, days && new Set(days), findings);
  const { shredded, ...counts } = await checkEvents(
    reader.events(days),
    {
      tenantId,
      leaves: index,
      verifyMac: keys.verifyMac,
      shredded: keys.shredded,
      isRecent,
      // Sealing goes on in the order of writing: what came after the last checkpoint was not passed over.
      isAfterSealing: (instant) => instant > sealedUntil && instant <= latestNow(now),
      progress: (hashed) => progress(hashed, index.length),
    },
    findings,
  );
  const found = findings.list();
  return {
    tenantId,
    verdict: found.length === 0 ? 'intact' : 'damaged',
    findings: found,
    verifiedAt: now.toISOString(),
    counts: { checkpoints, leaves: index.length, ...counts },
    logs: newest,
    keys: [...signedBy.keys()],
    shredded,
  };
}

function hasHoles(size: number, has: (index: number) => boolean): boolean {
  for (let index = 0; index < size; index++) if (!has(index)) return true;
  return false;
}
