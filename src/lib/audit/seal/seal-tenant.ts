import { replacedAlarm } from './alarms';
import { sign } from './checkpoint';
import { logPartition, yearOf, type BatchDocument, type BatchLeaf, type Leaf } from './documents';
import { unpackHashes } from '../merkle';
import type { SealPorts } from './ports';
import { append, openTree, type Tree } from './tree';

export interface Sealed {
  /** The tree as it is now. */
  readonly tree: Tree;
  /** How many events this call sealed. */
  readonly leaves: number;
}

/** Brings a tenant's leaves of a batch into its tree, signed and published; any number of times, and beside others. */
export async function sealTenant(
  ports: SealPorts,
  tenantId: string,
  batch: BatchDocument,
  given: readonly BatchLeaf[],
): Promise<Sealed> {
  let sealed = 0;
  for (;;) {
    let tree: Tree | undefined = await openTree(ports, tenantId, yearOf(batch.at));
    const { leaves, replaced } = await notSealedYet(ports, tree, batch.n, given);
    if (replaced.length > 0) await ports.audit.record(replacedAlarm(batch, tenantId, replaced));
    if (leaves.length > 0) tree = await append(ports, tree, batch.n, leaves);
    if (!tree) continue;
    sealed += leaves.length;
    const signed = tree.unsigned.length > 0 ? await sign(ports, tree) : tree;
    if (signed) return { tree: signed, leaves: sealed };
  }
}

interface Unsealed {
  readonly leaves: readonly Leaf[];
  /** Sealed already, and with another hash. */
  readonly replaced: readonly string[];
}

/**
 * A tree takes batches in their order, so what comes in a newer one than the tree's last is new. Two kinds are looked up:
 * all of a batch that the tree may have had (another sealer was faster, or the batches were set back), and events that
 * come long after their receipt.
 */
async function notSealedYet(
  ports: SealPorts,
  tree: Tree,
  batch: number,
  given: readonly BatchLeaf[],
): Promise<Unsealed> {
  const mayHaveAll = given.length > 0 && tree.lastBatch >= batch;
  const own = mayHaveAll ? await ports.log.segmentsOfBatch(tree.pk, batch) : [];
  const sealed = new Set(own.flatMap(({ leaves }) => leaves.map(nameOf)));
  const leaves: Leaf[] = [];
  const replaced: string[] = [];
  for (const { since, id, day, hash } of given) {
    const leaf = { id, day, hash };
    if (sealed.has(nameOf(leaf))) continue;
    const from = mayHaveAll ? (since ?? Number(tree.year)) : since;
    const before = from === undefined ? 'absent' : await lookUp(ports, tree, leaf, from);
    if (before === 'absent') leaves.push(leaf);
    if (before === 'other') replaced.push(leaf.id);
  }
  return { leaves, replaced };
}

const nameOf = ({ id, day }: Leaf): string => `${day}/${id}`;

/** Whether an event is sealed in a tree of these years, and with this hash. */
async function lookUp(
  { log }: SealPorts,
  tree: Tree,
  leaf: Leaf,
  fromYear: number,
): Promise<'absent' | 'same' | 'other'> {
  const found = tree.unsigned.flatMap(({ leaves }) => leaves).find((each) => nameOf(each) === nameOf(leaf));
  if (found) return found.hash === leaf.hash ? 'same' : 'other';
  for (let year = Number(tree.year); year >= fromYear; year--) {
    const pk = logPartition(tree.tenantId, String(year));
    for (const { hashes, index, ids = [] } of await log.tilesNaming(pk, leaf.id)) {
      for (const [place, hash] of unpackHashes(hashes).entries()) {
        if (ids[place] !== leaf.id) continue;
        if (hash.toString('hex') === leaf.hash) return 'same';
        // One id on two days is two documents: which one this leaf is, only its segment says.
        const at = index * 256 + place;
        const segment = await log.segmentAt(pk, at);
        if (segment?.leaves[at - segment.firstIndex]?.day === leaf.day) return 'other';
      }
    }
  }
  return 'absent';
}
