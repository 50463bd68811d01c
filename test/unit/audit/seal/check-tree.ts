import { createHash } from 'node:crypto';
import {
  checkSignatures,
  inclusionProof,
  logOrigin,
  newTiles,
  noteKey,
  parseCheckpoint,
  parseNote,
  rootOf,
  tileId,
  tileReader,
  unpackHashes,
  verifyInclusion,
  type TileName,
} from '../../../../src/lib/audit/merkle';
import { logPartition } from '../../../../src/lib/audit/seal';
import { anchorPath } from '../../../../src/lib/azure';
import { publicKey, type World } from './world';

/**
 * Recomputes a tenant's tree of a year from its segments alone and holds everything else against it. Gives the last
 * note, and the ids in their order.
 */
export function checkTree(
  { log, anchors }: World,
  tenantId: string,
  year: string,
  before = '',
): { ids: string[]; note: string; seq: number; root: string } {
  const pk = logPartition(tenantId, year);
  const own = [...log.values()].filter((each) => each.pk === pk).sort((a, b) => (a.id < b.id ? -1 : 1));
  const leaves = own.flatMap((each) => (each.kind === 'segment' ? each.leaves : []));
  let end = 0;
  for (const each of own) {
    if (each.kind !== 'segment') continue;
    expect(each.firstIndex).toBe(end);
    end += each.leaves.length;
  }
  const hashes = leaves.map(({ hash }) => Buffer.from(hash, 'hex'));
  const rootAt = (size: number) => Buffer.from(rootOf(hashes.slice(0, size))).toString('hex');

  const keys = [noteKey(publicKey)];
  let note = before;
  let size = 0;
  let seq = 0;
  let time = '';
  for (const each of own) {
    if (each.kind !== 'checkpoint') continue;
    const signed = parseNote(each.note) ?? { text: '', signatures: [] };
    expect(checkSignatures(signed, 'test-seal', keys)).toMatchObject({ verdict: 'signed' });
    const previous = note === '' ? '' : createHash('sha256').update(note).digest('hex');
    seq += 1;
    const body = {
      origin: logOrigin(tenantId, year),
      size: each.size,
      root: rootAt(each.size),
      seq,
      previous,
    };
    expect(parseCheckpoint(signed.text)).toEqual({ ...body, time: each.sealedAt });
    expect(each).toMatchObject({ seq, root: body.root, previous });
    expect(each.size).toBeGreaterThanOrEqual(size);
    expect(each.sealedAt >= time).toBe(true);
    expect(anchors.get(anchorPath({ tenantId, year, seq }))).toBe(each.note);
    ({ note, size, sealedAt: time } = each);
  }
  expect(size).toBe(leaves.length);

  const tiles = new Map(own.flatMap((each) => (each.kind === 'tile' ? [[each.id, each] as const] : [])));
  for (const name of newTiles(0, size)) expect([...tiles.keys()]).toContain(tileId(name));
  for (const { level, index, hashes: packed, ids } of tiles.values()) {
    if (level > 0) continue;
    const from = index * 256;
    const inTile = leaves.slice(from, from + (ids?.length ?? 0));
    expect(inTile.map(({ id }) => id)).toEqual(ids);
    expect(unpackHashes(packed)).toEqual(inTile.map(({ hash }) => Buffer.from(hash, 'hex')));
  }
  const widthOf = ({ level, index }: Omit<TileName, 'width'>) =>
    Math.min(256, Math.floor(size / 256 ** level) - index * 256);
  const read = tileReader(size, [], (place) => {
    const tile = tiles.get(tileId({ ...place, width: widthOf(place) }));
    return tile && unpackHashes(tile.hashes);
  });
  const root = rootAt(size);
  for (const index of new Set([0, 255, 256, Math.floor(size / 2), size - 1])) {
    const leaf = hashes[index];
    if (!leaf) continue;
    const proof = inclusionProof(index, size, read);
    expect(verifyInclusion(leaf, index, size, proof, Buffer.from(root, 'hex'))).toBe(true);
  }
  return { ids: leaves.map(({ id }) => id), note, seq, root };
}
