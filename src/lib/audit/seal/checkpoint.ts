import { createHash } from 'node:crypto';
import {
  createCompactRange,
  formatCheckpoint,
  formatNote,
  logOrigin,
  noteKey,
  unpackHashes,
  type Hash,
} from '../merkle';
import {
  checkpointId,
  logPartition,
  tileId,
  type CheckpointDocument,
  type EndDocument,
  type TileDocument,
} from './documents';
import { IntegrityError } from './integrity';
import { frontierOf, partialTiles, tilesAfter, type Edge } from './right-edge';
import { hashesOf, openTree, publishNote, type Tree, type TreePorts } from './tree';

/**
 * Signs a tree as it is, with what its segments hold beyond the newest checkpoint, and publishes that. Undefined when
 * another sealer was first, or when the tree has ended.
 */
export async function sign(ports: TreePorts, tree: Tree): Promise<Tree | undefined> {
  const { log, clock } = ports;
  const { tenantId, year, pk, checkpoint, unsigned } = tree;
  const seq = (checkpoint?.seq ?? 0) + 1;
  const leaves = unsigned.flatMap((segment) => segment.leaves);
  const before = checkpoint?.note ?? (await noteOfYearBefore(ports, tenantId, year));
  const range = createCompactRange(checkpoint?.size ?? 0, hashesOf(checkpoint?.frontier ?? []));
  for (const { hash } of leaves) range.append(Buffer.from(hash, 'hex'));

  if (leaves.length > 0) {
    const tiles = tilesAfter(pk, checkpoint?.size ?? 0, await edgesOf(ports, tree), leaves);
    // One that is there already says the same: both were derived from the same segments.
    await Promise.all(tiles.map((tile) => log.create(tile)));
  }
  const time = new Date(Math.max(clock.now(), Date.parse(checkpoint?.sealedAt ?? '') || 0)).toISOString();
  const root = hexOf(range.root());
  const previous = before === undefined ? '' : createHash('sha256').update(before, 'utf8').digest('hex');
  const origin = logOrigin(tenantId, year);
  const text = formatCheckpoint({ origin, size: tree.size, root, seq, time, previous });
  const next: CheckpointDocument = {
    id: checkpointId(seq),
    pk,
    kind: 'checkpoint',
    v: 1,
    seq,
    size: tree.size,
    root,
    frontier: range.frontier().map(hexOf),
    note: await signedNote(ports, text),
    previous,
    sealedAt: time,
  };
  if ((await log.create(next)) === 'exists') {
    const taken = await log.read(pk, next.id);
    if (taken?.kind === 'end' && leaves.length > 0)
      throw new IntegrityError(
        'integrity.log',
        tenantId,
        `${year}/${next.id}`,
        'it ended before its last events',
      );
    return undefined;
  }
  await publishNote(ports, { tenantId, year, seq }, next.note);
  return { ...tree, checkpoint: next, unsigned: [] };
}

async function signedNote({ signer }: TreePorts, text: string): Promise<string> {
  const { signature, publicKey } = await signer.sign(Buffer.from(text, 'utf8'));
  return formatNote({
    text,
    signatures: [{ name: signer.keyName, keyId: noteKey(publicKey).id, signature }],
  });
}

/** The partial tiles of the newest checkpoint, which must give its frontier. */
async function edgesOf(
  { log }: TreePorts,
  { pk, tenantId, year, checkpoint }: Tree,
): Promise<Map<number, Edge>> {
  if (!checkpoint) return new Map();
  const names = partialTiles(checkpoint.size);
  const tiles = await Promise.all(names.map((name) => log.read(pk, tileId(name))));
  const edges = tiles.map((tile) => edgeOf(tile));
  const frontier = frontierOf(edges.map(({ hashes }) => hashes)).map(hexOf);
  if (frontier.join() !== checkpoint.frontier.join()) {
    const what = `${year}/${names.map(tileId).join(' ')}`;
    throw new IntegrityError(
      'integrity.log',
      tenantId,
      what,
      'its tiles are not those of its newest checkpoint',
    );
  }
  return new Map(names.map(({ level }, i) => [level, edges[i] ?? { hashes: [] }]));
}

function edgeOf(tile: { readonly kind: string } | undefined): Edge {
  if (tile?.kind !== 'tile') return { hashes: [] };
  const { hashes: packed, level, ids } = tile as TileDocument;
  const hashes = unpackHashes(packed);
  return level === 0 && ids?.length !== hashes.length ? { hashes: [] } : { hashes, ids };
}

/**
 * The last note of the newest earlier year. That tree is ended first: the number after its last checkpoint is taken, so
 * that a slower sealer cannot add another one, which this year's tree would not continue.
 */
async function noteOfYearBefore(
  ports: TreePorts,
  tenantId: string,
  year: string,
): Promise<string | undefined> {
  const before = (await ports.anchors.years(tenantId))
    .filter((each) => each < year)
    .sort()
    .at(-1);
  if (before === undefined) return undefined;
  for (;;) {
    const tree = await openTree(ports, tenantId, before);
    const { checkpoint, unsigned } = tree;
    if (unsigned.length > 0) {
      await sign(ports, tree);
      continue;
    }
    if (!checkpoint) return undefined;
    const end: EndDocument = {
      id: checkpointId(checkpoint.seq + 1),
      pk: logPartition(tenantId, before),
      kind: 'end',
      v: 1,
      seq: checkpoint.seq + 1,
      sealedAt: new Date(ports.clock.now()).toISOString(),
    };
    if ((await ports.log.create(end)) === 'created') return checkpoint.note;
    if ((await ports.log.read(end.pk, end.id))?.kind === 'end') return checkpoint.note;
  }
}

const hexOf = (hash: Hash): string => Buffer.from(hash).toString('hex');
