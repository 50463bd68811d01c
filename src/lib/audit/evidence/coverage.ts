import { parseCheckpoint, parseNote, type CheckpointBody } from '../merkle';
import { logPartition } from '../seal/documents';
import { asSegment } from '../verify/log-documents';
import type { TrailReader } from '../verify';

/** One year's log, as far as the bundle holds it. */
export interface CoveredLog {
  readonly year: string;
  /** The numbers of its published checkpoints, from the base on where there is one. */
  readonly seqs: readonly number[];
  /** Where the bundle's part of the tree begins; without one it begins with the tree. */
  readonly base: CheckpointBody | undefined;
}

export interface PlacedLeaf {
  readonly index: number;
  readonly id: string;
  readonly day: string;
  /** hex */
  readonly hash: string;
}

/**
 * The logs, and the place in the oldest of them, behind which everything is in the bundle: what was recorded since the
 * range began can only have been sealed later than a checkpoint from before. An event dated into the future when it was
 * sealed moves the place back, so that its leaf is there too.
 */
export async function coverage(
  reader: TrailReader,
  tenantId: string,
  from: string,
  isInRange: (day: string) => boolean,
): Promise<CoveredLog[]> {
  const published = new Map<string, number[]>();
  for (const { year, seq } of await reader.anchors()) {
    const seqs = published.get(year) ?? [];
    published.set(year, seqs);
    seqs.push(seq);
  }
  const logs: CoveredLog[] = [];
  for (const [year, seqs] of [...published].sort(([a], [b]) => (a < b ? 1 : -1))) {
    seqs.sort((a, b) => a - b);
    const read = async (seq: number): Promise<CheckpointBody | undefined> =>
      parseCheckpoint(parseNote((await reader.anchor({ year, seq })) ?? '')?.text ?? '');
    const first = await read(seqs[0] ?? 0);
    const limit = first && first.time <= from ? await firstLeaf(reader, tenantId, year, isInRange) : -1;
    const base = await last(seqs, read, ({ time, size }) => time <= from && size <= limit);
    logs.unshift({ year, seqs: seqs.filter((seq) => seq >= (base?.seq ?? 0)), base });
    if (base) break;
  }
  return logs;
}

/** The index of the first leaf of a day in the range; beyond all others where there is none. */
async function firstLeaf(
  reader: TrailReader,
  tenantId: string,
  year: string,
  isInRange: (day: string) => boolean,
): Promise<number> {
  for await (const { index, day } of leavesOf(reader, tenantId, year)) if (isInRange(day)) return index;
  return Infinity;
}

/** The last checkpoint for which it holds. Times and sizes only grow with the numbers, so few have to be read. */
async function last(
  seqs: readonly number[],
  read: (seq: number) => Promise<CheckpointBody | undefined>,
  holds: (body: CheckpointBody) => boolean,
): Promise<CheckpointBody | undefined> {
  let found: CheckpointBody | undefined;
  for (let [low, high] = [0, seqs.length]; low < high;) {
    const middle = Math.floor((low + high) / 2);
    const body = await read(seqs[middle] ?? 0);
    if (body && holds(body)) [found, low] = [body, middle + 1];
    else high = middle;
  }
  return found;
}

/** As the segments state them, be they right or not: what is wrong with them is for the verifier to say. */
export async function* leavesOf(
  reader: TrailReader,
  tenantId: string,
  year: string,
): AsyncGenerator<PlacedLeaf> {
  for await (const page of reader.log(year, 'segment'))
    for (const candidate of page) {
      const segment = asSegment(candidate, logPartition(tenantId, year));
      for (const [n, leaf] of segment?.leaves.entries() ?? [])
        yield { index: (segment?.firstIndex ?? 0) + n, ...leaf };
    }
}
