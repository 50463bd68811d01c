import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import {
  createCompactRange,
  formatCheckpoint,
  formatNote,
  logOrigin,
  newTiles,
  noteKey,
  packHashes,
  rootOf,
  tileId,
} from '../../../src/lib/audit/merkle';
import { checkpointId, logPartition, segmentId, type Leaf } from '../../../src/lib/audit/seal/documents';
import type { Doc } from './trail-file';

export interface Signer {
  readonly keyName: string;
  sign(text: Uint8Array): Promise<{ readonly signature: Uint8Array; readonly publicKey: Uint8Array }>;
}

/** A key pair of our own: the sealer's in unit tests, and what an attacker signs with. */
export function localSigner(keyName = 'medrelay-audit-seal'): Signer & { readonly spki: Buffer } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  return {
    keyName,
    spki,
    sign: async (text) => Promise.resolve({ signature: sign('sha256', text, privateKey), publicKey: spki }),
  };
}

export interface Round {
  readonly leaves: readonly Leaf[];
  readonly at: string;
}

export async function signedNote(
  signer: Signer,
  body: Parameters<typeof formatCheckpoint>[0],
): Promise<string> {
  const text = formatCheckpoint(body);
  const { signature, publicKey } = await signer.sign(Buffer.from(text));
  const line = { name: signer.keyName, keyId: noteKey(publicKey).id, signature };
  return formatNote({ text, signatures: [line] });
}

/** A log as a sealer writes it, one checkpoint a round: what an attacker with a key can make anew. */
export async function buildLog(
  tenantId: string,
  year: string,
  rounds: readonly Round[],
  signer: Signer,
  previousNote?: string,
): Promise<{ documents: Doc[]; notes: string[] }> {
  const pk = logPartition(tenantId, year);
  const documents: Doc[] = [];
  const notes: string[] = [];
  const range = createCompactRange();
  const leaves: Leaf[] = [];
  let before = previousNote;
  for (const [i, { leaves: added, at }] of rounds.entries()) {
    const from = leaves.length;
    for (let first = 0; first < added.length; first += 1000) {
      const part = added.slice(first, first + 1000);
      const firstIndex = from + first;
      const segment = { kind: 'segment', v: 1, firstIndex, batch: i + 1, sealedAt: at, leaves: part };
      documents.push({ id: segmentId(firstIndex), pk, ...segment });
    }
    leaves.push(...added);
    for (const { hash } of added) range.append(Buffer.from(hash, 'hex'));
    for (const tile of newTiles(from, leaves.length)) {
      const hashes = Array.from({ length: tile.width }, (_, n) =>
        subtree(leaves, tile.level, tile.index * 256 + n),
      );
      const ids = leaves.slice(tile.index * 256, tile.index * 256 + tile.width).map(({ id }) => id);
      const document = { id: tileId(tile), pk, kind: 'tile', v: 1, ...tile, hashes: packHashes(hashes) };
      documents.push(tile.level === 0 ? { ...document, ids } : document);
    }
    const seq = i + 1;
    const root = range.root().toString('hex');
    const previous = before === undefined ? '' : createHash('sha256').update(before).digest('hex');
    const body = { origin: logOrigin(tenantId, year), size: leaves.length, root, seq, time: at, previous };
    const note = await signedNote(signer, body);
    const frontier = range.frontier().map((hash) => hash.toString('hex'));
    const rest = { seq, size: leaves.length, root, frontier, note, previous, sealedAt: at };
    documents.push({ id: checkpointId(seq), pk, kind: 'checkpoint', v: 1, ...rest });
    notes.push(note);
    before = note;
  }
  return { documents, notes };
}

function subtree(leaves: readonly Leaf[], level: number, index: number): Buffer {
  const width = 256 ** level;
  return rootOf(leaves.slice(index * width, (index + 1) * width).map(({ hash }) => Buffer.from(hash, 'hex')));
}
