import type { Hash } from './hash';

/** C2SP tlog-proof: all that a leaf's holder needs offline, as text (`.tlog-proof`). */
export interface ProofText {
  readonly index: number;
  readonly path: readonly Hash[];
  /** The signed note, as it is. */
  readonly checkpoint: string;
}

const FIRST_LINE = 'c2sp.org/tlog-proof@v1';

export function formatProof({ index, path, checkpoint }: ProofText): string {
  const hashes = path.map((hash) => Buffer.from(hash).toString('base64'));
  return [FIRST_LINE, `index ${index}`, ...hashes, '', checkpoint].join('\n');
}

/** Undefined for what is not such a text. Ours has no `extra` line. */
export function parseProof(text: string): ProofText | undefined {
  const end = text.indexOf('\n\n');
  const [first, indexLine = '', ...hashes] = text.slice(0, Math.max(end, 0)).split('\n');
  const index = /^index (0|[1-9]\d{0,15})$/.exec(indexLine)?.[1];
  if (first !== FIRST_LINE || index === undefined) return undefined;
  const path = hashes.map((hash) => Buffer.from(hash, 'base64'));
  if (!path.every((hash, n) => hash.length === 32 && hash.toString('base64') === hashes[n])) return undefined;
  return { index: Number(index), path, checkpoint: text.slice(end + 2) };
}
