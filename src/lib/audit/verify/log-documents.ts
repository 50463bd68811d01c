import { tileId, type Hash } from '../merkle';
import { checkpointId, segmentId } from '../seal/documents';

/**
 * The documents of `audit/log`, read by one who does not believe them: a member that is absent, of another type, or
 * not part of the format makes the whole document undefined. What Cosmos DB adds (`_rid`, `_ts`...) is passed over.
 */
export interface SegmentLeaf {
  readonly id: string;
  readonly day: string;
  /** hex */
  readonly hash: string;
}

export interface SegmentDocument {
  readonly firstIndex: number;
  readonly sealedAt: string;
  readonly leaves: readonly SegmentLeaf[];
}

export interface TileDocument {
  readonly level: number;
  readonly index: number;
  readonly width: number;
  readonly hashes: Buffer;
  /** Level 0 only. */
  readonly ids: readonly string[] | undefined;
  /** Milliseconds, as the database says. */
  readonly writtenAt: number;
}

export interface CheckpointDocument {
  readonly seq: number;
  readonly size: number;
  readonly root: string;
  readonly frontier: readonly string[];
  readonly note: string;
  readonly previous: string;
  readonly sealedAt: string;
}

const HASH = /^[0-9a-f]{64}$/;
const DAY = /^\d{8}$/;
const SYSTEM = new Set(['_rid', '_self', '_etag', '_attachments', '_ts', '_lsn']);

/** Cosmos DB's own members; one that only looks like them was put there by somebody. */
export const isSystemMember = (name: string): boolean => SYSTEM.has(name);

/** The id of a document that may be anything, for naming it. */
export function idOf(candidate: unknown): string {
  const id = isRecord(candidate) ? candidate['id'] : undefined;
  return typeof id === 'string' ? id : 'a document without an id';
}

export function asSegment(candidate: unknown, pk: string): SegmentDocument | undefined {
  const document = ownMembers(candidate, 'segment', pk, ['firstIndex', 'batch', 'sealedAt', 'leaves']);
  if (!document) return undefined;
  const { id, firstIndex, batch, sealedAt, leaves } = document;
  if (!isCount(firstIndex) || !isCount(batch) || !isInstant(sealedAt)) return undefined;
  if (id !== segmentId(firstIndex) || !Array.isArray(leaves) || leaves.length === 0) return undefined;
  return (leaves as readonly unknown[]).every(isLeaf) ? { firstIndex, sealedAt, leaves } : undefined;
}

export function asTile(candidate: unknown, pk: string): TileDocument | undefined {
  const document = ownMembers(candidate, 'tile', pk, ['level', 'index', 'width', 'hashes', 'ids']);
  if (!document) return undefined;
  const { id, level, index, width, hashes, ids } = document;
  if (!isCount(level) || !isCount(index) || !isCount(width) || typeof hashes !== 'string') return undefined;
  if (level > 7 || width < 1 || width > 256 || id !== tileId({ level, index, width })) return undefined;
  const bytes = Buffer.from(hashes, 'base64');
  if (bytes.length !== width * 32 || bytes.toString('base64') !== hashes) return undefined;
  const tile = { level, index, width, hashes: bytes, writtenAt: writtenAt(document) };
  if (level > 0) return ids === undefined ? { ...tile, ids } : undefined;
  return isTexts(ids) && ids.length === width ? { ...tile, ids } : undefined;
}

export function asCheckpoint(candidate: unknown, pk: string): CheckpointDocument | undefined {
  const members = ['seq', 'size', 'root', 'frontier', 'note', 'previous', 'sealedAt'];
  const document = ownMembers(candidate, 'checkpoint', pk, members);
  if (!document) return undefined;
  const { id, seq, size, root, frontier, note, previous, sealedAt } = document;
  if (!isCount(seq) || !isCount(size) || typeof root !== 'string' || typeof note !== 'string')
    return undefined;
  if (typeof previous !== 'string' || !isTexts(frontier) || !frontier.every((hash) => HASH.test(hash)))
    return undefined;
  return isInstant(sealedAt) && id === checkpointId(seq)
    ? { seq, size, root, frontier, note, previous, sealedAt }
    : undefined;
}

/** One by one. */
export const hashesOf = ({ hashes, width }: TileDocument): Hash[] =>
  Array.from({ length: width }, (_, n) => hashes.subarray(n * 32, n * 32 + 32));

/** When the database wrote a document, by its own clock, in milliseconds. */
export function writtenAt({ _ts }: Readonly<Record<string, unknown>>): number {
  return typeof _ts === 'number' ? _ts * 1000 : 0;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

const isInstant = (value: unknown): value is string =>
  typeof value === 'string' && !Number.isNaN(Date.parse(value));

function ownMembers(
  candidate: unknown,
  kind: string,
  pk: string,
  members: readonly string[],
): Readonly<Record<string, unknown>> | undefined {
  if (!isRecord(candidate) || candidate['kind'] !== kind || candidate['v'] !== 1) return undefined;
  if (candidate['pk'] !== pk) return undefined;
  const allowed = (name: string): boolean =>
    ['id', 'pk', 'kind', 'v'].includes(name) || members.includes(name) || isSystemMember(name);
  return Object.keys(candidate).every(allowed) ? candidate : undefined;
}

function isLeaf(value: unknown): value is SegmentLeaf {
  if (!isRecord(value) || Object.keys(value).length !== 3) return false;
  const { id, day, hash } = value;
  return (
    typeof id === 'string' &&
    typeof day === 'string' &&
    DAY.test(day) &&
    typeof hash === 'string' &&
    HASH.test(hash)
  );
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');
