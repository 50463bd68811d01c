import { MedrelayError } from '../../errors';
import {
  checkSignatures,
  formatProof,
  inclusionProof,
  noteKey,
  parseNote,
  tileId,
  tileReader,
  tilesRead,
  verifyInclusion,
  type Hash,
} from '../merkle';
import { logPartition } from '../seal/documents';
import { asCheckpoint, asTile, hashesOf } from './log-documents';
import type { ProofSource, TrailKeys } from './types';

export interface EventProof {
  readonly tenantId: string;
  readonly eventId: string;
  readonly year: string;
  /** hex */
  readonly leafHash: string;
  readonly index: number;
  readonly size: number;
  readonly root: string;
  /** hex, from the leaf's sibling up */
  readonly path: readonly string[];
  /** The signed note of the checkpoint. */
  readonly checkpoint: string;
  /** C2SP tlog-proof: all of it as one text. */
  readonly text: string;
}

const WIDTH = 256;

/**
 * That the newest checkpoint's tree holds an event, from at most four documents up to 2^24 events: the checkpoint and a
 * tile of each level. It is checked before it is handed out.
 * @throws MedrelayError AUDIT_NOT_SEALED, AUDIT_PROOF_FAILED
 */
export async function proveEvent(
  source: ProofSource,
  tenantId: string,
  eventId: string,
  { keyName, signing }: Pick<TrailKeys, 'keyName' | 'signing'>,
): Promise<EventProof> {
  const year = await source.yearOf(eventId);
  if (year === undefined) throw notSealed();
  const pk = logPartition(tenantId, year);
  const checkpoint = asCheckpoint(await source.newestCheckpoint(year), pk);
  if (!checkpoint) throw failed('its newest checkpoint is damaged or not there');
  const { size, root, note } = checkpoint;
  const partial = tileId({ level: 0, index: Math.floor(size / WIDTH), width: size % WIDTH });
  const own = asTile(await source.tileNaming(year, eventId, partial), pk);
  // A tile of leaves that the newest checkpoint does not cover yet.
  if (!own) throw notSealed();
  const index = own.index * WIDTH + (own.ids?.indexOf(eventId) ?? -1);
  if (index >= size) throw notSealed();

  const prove = (read: Parameters<typeof inclusionProof>[2]): Hash[] => inclusionProof(index, size, read);
  const tiles = new Map<string, readonly Hash[]>([[place(own), hashesOf(own)]]);
  for (const name of tilesRead(size, true, prove)) {
    if (tiles.has(place(name))) continue;
    const tile = asTile(await source.tile(year, tileId(name)), pk);
    if (!tile) throw failed(`${tileId(name)} is damaged or not there`);
    tiles.set(place(tile), hashesOf(tile));
  }
  const leaf = hashesOf(own)[index % WIDTH];
  const frontier = checkpoint.frontier.map((hash) => Buffer.from(hash, 'hex'));
  const path = prove(tileReader(size, frontier, (at) => tiles.get(place(at))));
  const signed = parseNote(note);
  const isProven = leaf && verifyInclusion(leaf, index, size, path, Buffer.from(root, 'hex'));
  if (!leaf || !isProven) throw failed('its tiles do not make the root of its checkpoint');
  if (!signed || checkSignatures(signed, keyName, signing.map(noteKey)).verdict !== 'signed')
    throw failed('its newest checkpoint is not signed by the key of the trail');
  return {
    ...{ tenantId, eventId, year, leafHash: leaf.toString('hex'), index, size, root },
    path: path.map((hash) => hash.toString('hex')),
    checkpoint: note,
    text: formatProof({ index, path, checkpoint: note }),
  };
}

const place = ({ level, index }: { readonly level: number; readonly index: number }): string =>
  `${level}/${index}`;

function notSealed(): MedrelayError {
  return new MedrelayError(
    'AUDIT_NOT_SEALED',
    'No checkpoint covers an event of this id. If it was recorded within the last two minutes, ask again then; else ' +
      'look for it with: medrelay audit verify.',
  );
}

function failed(why: string): MedrelayError {
  return new MedrelayError(
    'AUDIT_PROOF_FAILED',
    `The log does not prove the event: ${why}. Find out what was changed with: medrelay audit verify.`,
  );
}
