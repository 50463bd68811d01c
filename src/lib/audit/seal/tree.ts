import {
  checkSignatures,
  createCompactRange,
  logOrigin,
  noteKey,
  parseCheckpoint,
  parseNote,
} from '../merkle';
import { provenLeaves } from './check-event';
import {
  batchId,
  batchPartition,
  checkpointId,
  logPartition,
  segmentId,
  type AnchorName,
  type CheckpointDocument,
  type Leaf,
  type SegmentDocument,
} from './documents';
import { IntegrityError } from './integrity';
import type { SealPorts } from './ports';

/** A tenant's tree of one year, as far as it is written down. */
export interface Tree {
  readonly tenantId: string;
  readonly year: string;
  readonly pk: string;
  /** The newest one; it is published. */
  readonly checkpoint: CheckpointDocument | undefined;
  /** What segments hold beyond it. */
  readonly unsigned: readonly SegmentDocument[];
  readonly size: number;
  /** Of the newest segment; 0 before the first one. */
  readonly lastBatch: number;
}

export type TreePorts = Pick<SealPorts, 'log' | 'anchors' | 'signer' | 'verifyMac' | 'clock'>;

/** What does not fit together may be a replica that is behind: it is looked at so often, with this pause. */
const LOOKS = 3;
const PAUSE_MS = 1_000;

/**
 * Reads where a tree ends, and believes it only if it is what was published. A store that was set back looks like a
 * younger one in order; what was published cannot be set back.
 * @throws IntegrityError
 */
export async function openTree(ports: TreePorts, tenantId: string, year: string): Promise<Tree> {
  for (let looks = 1; ; looks++) {
    try {
      return await look(ports, tenantId, year);
    } catch (error) {
      if (!(error instanceof IntegrityError) || looks === LOOKS) throw error;
      await ports.clock.sleep(PAUSE_MS);
    }
  }
}

async function look(ports: TreePorts, tenantId: string, year: string): Promise<Tree> {
  const pk = logPartition(tenantId, year);
  const checkpoint = await newestPublished(ports, tenantId, year, pk);
  const size = checkpoint?.size ?? 0;
  const newest = await ports.log.newestSegment(pk);
  const unsigned =
    newest && newest.firstIndex >= size ? await ports.log.segmentsFrom(pk, size) : ([] as const);
  const faulty = (what: string, why: string) =>
    new IntegrityError('integrity.log', tenantId, `${year}/${what}`, why);
  const begin = unsigned[0]?.firstIndex ?? (newest ? endOf(newest) : 0);
  if (begin !== size) throw faulty(segmentId(begin), 'its segments do not reach to its newest checkpoint');
  let end = size;
  for (const segment of unsigned) {
    if (segment.firstIndex !== end) throw faulty(segmentId(end), 'a segment is missing');
    if (!(await isOfEvents(ports, tenantId, segment)))
      throw faulty(segment.id, 'a segment holds what is no event of ours');
    end = endOf(segment);
  }
  const last = unsigned.at(-1) ?? newest;
  return { tenantId, year, pk, checkpoint, unsigned, size: end, lastBatch: last?.batch ?? 0 };
}

/** What another process left unsigned, or somebody put there: signed is what a batch brought with a right MAC. */
async function isOfEvents(
  ports: TreePorts,
  tenantId: string,
  { batch: n, leaves }: SegmentDocument,
): Promise<boolean> {
  const batch = await ports.log.read(batchPartition(n), batchId(n));
  const part = batch?.kind === 'cursor' ? batch.tenants.find(({ id }) => id === tenantId) : undefined;
  if (!part) return false;
  const nameOf = ({ id, day, hash }: Leaf): string => `${day}/${id}/${hash}`;
  const proven = new Set((await provenLeaves(ports, part)).leaves.map(nameOf));
  return leaves.every((leaf) => proven.has(nameOf(leaf)));
}

/** The newest checkpoint, once it is certain that it is published and that nothing newer is. */
async function newestPublished(
  ports: TreePorts,
  tenantId: string,
  year: string,
  pk: string,
): Promise<CheckpointDocument | undefined> {
  const { log, anchors } = ports;
  for (;;) {
    const checkpoint = await log.newestCheckpoint(pk);
    const seq = checkpoint?.seq ?? 0;
    const newer = await anchors.newestFrom({ tenantId, year, seq: seq + 1 });
    if (newer === undefined) {
      if (checkpoint) await ensurePublished(ports, { tenantId, year, seq }, checkpoint);
      return checkpoint;
    }
    // A checkpoint is written before it is published: another sealer's is there by now.
    const written = await log.read(pk, checkpointId(newer));
    if (written?.kind !== 'checkpoint') {
      const what = `${year}/${checkpointId(newer)}`;
      throw new IntegrityError('integrity.rollback', tenantId, what, 'a published checkpoint is not in it');
    }
  }
}

async function ensurePublished(
  ports: TreePorts,
  name: AnchorName,
  checkpoint: CheckpointDocument,
): Promise<void> {
  const published = await ports.anchors.read(name);
  // What is signed is all that counts here: an anchor could not be taken back.
  if (published === undefined && !(await isSigned(ports, checkpoint)))
    throw damaged(name, 'its newest checkpoint is not signed by us');
  await publishNote(ports, name, checkpoint.note, published);
  if (!statesItself(name, checkpoint)) throw damaged(name, 'its newest checkpoint contradicts its own note');
}

/** Publishes a note under its name, where only this very note may be. */
export async function publishNote(
  { anchors }: TreePorts,
  name: AnchorName,
  note: string,
  before?: string,
): Promise<void> {
  const published =
    before ?? ((await anchors.publish(name, note)) === 'exists' ? await anchors.read(name) : note);
  if (published !== note) {
    const what = `${name.year}/${checkpointId(name.seq)}`;
    throw new IntegrityError(
      'integrity.rollback',
      name.tenantId,
      what,
      'another checkpoint was published under this number',
    );
  }
}

async function isSigned({ signer }: TreePorts, { note }: CheckpointDocument): Promise<boolean> {
  const signed = parseNote(note);
  if (!signed) return false;
  const keys = (await signer.publicKeys()).map(noteKey);
  return checkSignatures(signed, signer.keyName, keys).verdict === 'signed';
}

function statesItself(
  { tenantId, year, seq }: AnchorName,
  { note, size, root, frontier }: CheckpointDocument,
): boolean {
  const body = parseCheckpoint(parseNote(note)?.text ?? '');
  if (body?.origin !== logOrigin(tenantId, year) || body.seq !== seq) return false;
  return body.size === size && body.root === root && rootOf(size, frontier) === root;
}

function rootOf(size: number, frontier: readonly string[]): string | undefined {
  try {
    return Buffer.from(createCompactRange(size, hashesOf(frontier)).root()).toString('hex');
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

export const hashesOf = (hex: readonly string[]): Buffer[] => hex.map((hash) => Buffer.from(hash, 'hex'));

const damaged = ({ tenantId, year, seq }: AnchorName, why: string): IntegrityError =>
  new IntegrityError('integrity.log', tenantId, `${year}/${checkpointId(seq)}`, why);

const endOf = ({ firstIndex, leaves }: SegmentDocument): number => firstIndex + leaves.length;

/**
 * Puts leaves at the end of a tree. Undefined when another sealer was first: then the tree is another one, and has to be
 * opened again.
 */
export async function append(
  { log, clock }: TreePorts,
  tree: Tree,
  batch: number,
  leaves: readonly Leaf[],
): Promise<Tree | undefined> {
  const segment: SegmentDocument = {
    id: segmentId(tree.size),
    pk: tree.pk,
    kind: 'segment',
    v: 1,
    firstIndex: tree.size,
    batch,
    sealedAt: new Date(clock.now()).toISOString(),
    leaves,
  };
  if ((await log.create(segment)) === 'exists') return undefined;
  return {
    ...tree,
    unsigned: [...tree.unsigned, segment],
    size: tree.size + leaves.length,
    lastBatch: batch,
  };
}
