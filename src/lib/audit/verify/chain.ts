import { createHash } from 'node:crypto';
import {
  checkSignatures,
  createCompactRange,
  logOrigin,
  parseCheckpoint,
  parseNote,
  type CheckpointBody,
  type Hash,
  type NoteKey,
} from '../merkle';
import { checkpointId, logPartition } from '../seal/documents';
import type { Findings } from './findings';
import { asCheckpoint, idOf, isRecord } from './log-documents';
import type { AnchorName, Checkpoint, Pages } from './types';

/** What is known of a checkpoint by a signature, from its document or from its published copy. */
export interface TrustedCheckpoint extends Checkpoint {
  readonly id: string;
  readonly time: string;
  /** hex */
  readonly previous: string;
  /** Of the document, when it makes the signed root. */
  readonly frontier: readonly Hash[] | undefined;
}

export interface Chain {
  readonly checkpoints: readonly TrustedCheckpoint[];
  /** The largest size of a checkpoint whose document is there: what follows it was taken back as a whole. */
  readonly storedSize: number;
  /** Hash of the newest note, for the first one of the next year. */
  readonly lastNote: string;
}

export interface ChainOptions {
  readonly tenantId: string;
  readonly year: string;
  readonly keyName: string;
  readonly keys: readonly NoteKey[];
  /** The number that the chain is looked at from. */
  readonly first: number;
  /** Published numbers of this year from there on, and their notes. */
  readonly anchors: readonly number[];
  readonly anchor: (name: AnchorName) => Promise<string | undefined>;
  /**
   * Hash of the note that the first one continues: the one with which the year before ended, empty when there was none.
   * Undefined where it is not looked at.
   */
  readonly previous: string | undefined;
  /** A document that was written so lately may still wait for its published copy. */
  readonly isRecent: (instant: number) => boolean;
  /** Takes the fingerprint of each key that signed. */
  readonly signedBy: (key: NoteKey) => void;
}

interface Position {
  readonly seq: number;
  readonly document?: unknown;
  readonly isPublished: boolean;
}

/** So many published notes are read at once. */
const READ_AHEAD = 32;
/** No sealer gets so far beyond what is published: one made-up number must not be ten to the twelfth missing ones. */
const FAR = 100_000;
const STATED = /^cp-(\d{12})$/;

/**
 * Every checkpoint is signed, says the same in its document and in its published copy, continues the one
 * before it, and none is missing.
 */
export async function checkChain(pages: Pages, options: ChainOptions, findings: Findings): Promise<Chain> {
  const { year, anchor } = options;
  const checkpoints: TrustedCheckpoint[] = [];
  const origin = logOrigin(options.tenantId, year);
  const pk = logPartition(options.tenantId, year);
  let lastNote = options.previous ?? '';
  /** Undefined behind a gap: nothing to continue. */
  let before: TrustedCheckpoint | undefined;
  let isFirst = true;
  let newest = 0;
  const unpublished: TrustedCheckpoint[] = [];
  const tail: number[] = [];

  for await (const batch of inBatches(positions(pages, options, findings), READ_AHEAD)) {
    const notes = await Promise.all(
      batch.map(async ({ seq, isPublished }) => (isPublished ? anchor({ year, seq }) : undefined)),
    );
    batch.forEach((position, i) => take(position, notes[i]));
  }

  // The newest is published a moment after it is written.
  for (const each of unpublished) {
    const isPending = each.seq === newest && options.isRecent(Date.parse(each.time));
    if (!isPending) findings.add('anchors', 'missing', anchorName(each.seq));
  }
  for (const seq of tail) findings.add('checkpoints', seq > newest ? 'rolled-back' : 'missing', name(seq));
  const stored = checkpoints.filter(({ seq }) => seq <= newest);
  const storedSize = stored.reduce((largest, { size }) => Math.max(largest, size), 0);
  return { checkpoints, storedSize, lastNote };

  function take({ seq, document, isPublished }: Position, published: string | undefined): void {
    const own = document === undefined ? undefined : judgeDocument(document, seq);
    const copy = published === undefined ? undefined : judge(published, seq);
    if (document === undefined) tail.push(seq);
    else newest = seq;
    if (isPublished && published === undefined) findings.add('anchors', 'missing', anchorName(seq));
    if (copy && !copy.trusted) findings.add('anchors', copy.verdict, anchorName(seq));
    if (own && !own.trusted) findings.add('checkpoints', own.verdict, name(seq));
    if (own?.trusted && copy?.trusted && own.trusted.noteHash !== copy.trusted.noteHash)
      findings.add('checkpoints', saysTheSame(own.trusted, copy.trusted) ? 'modified' : 'forked', name(seq));
    // What is published lies where nobody can change it.
    const trusted = copy?.trusted ? withFrontier(copy.trusted, document) : own?.trusted;
    if (own?.trusted && !isPublished) unpublished.push(own.trusted);
    if (!trusted && document === undefined && !isPublished)
      findings.add('anchors', 'missing', anchorName(seq));
    if (trusted) {
      const expected = isFirst ? options.previous : before?.noteHash;
      if (expected !== undefined && trusted.previous !== expected)
        findings.add('checkpoints', 'chain-broken', name(seq));
      checkpoints.push(trusted);
      lastNote = trusted.noteHash;
    }
    before = trusted;
    isFirst = false;
  }

  type Judged =
    | { readonly trusted: TrustedCheckpoint }
    | { readonly trusted?: undefined; readonly verdict: 'modified' | 'forged' | 'key-unknown' };

  function judge(text: string, seq: number): Judged {
    const note = parseNote(text);
    const body = note && parseCheckpoint(note.text);
    if (!note || !body) return { verdict: 'modified' };
    const signed = checkSignatures(note, options.keyName, options.keys);
    if (signed.verdict !== 'signed') return { verdict: signed.verdict };
    // Rightly signed, but for another place.
    if (body.origin !== origin || body.seq !== seq) return { verdict: 'modified' };
    options.signedBy(signed.key);
    return { trusted: trustedOf(body, text) };
  }

  function judgeDocument(candidate: unknown, seq: number): Judged {
    const document = asCheckpoint(candidate, pk);
    if (!document) return { verdict: 'modified' };
    const judged = judge(document.note, seq);
    if (!judged.trusted) return judged;
    const trusted = withFrontier(judged.trusted, document);
    const isCopied = (['size', 'root', 'previous'] as const).every(
      (member) => document[member] === trusted[member],
    );
    if (!isCopied || document.sealedAt !== trusted.time || !trusted.frontier)
      findings.add('checkpoints', 'modified', name(seq));
    return { trusted };
  }

  function name(seq: number): string {
    return `${year}/${checkpointId(seq)}`;
  }

  function anchorName(seq: number): string {
    return `${year}/${String(seq).padStart(12, '0')}`;
  }
}

function trustedOf({ seq, size, root, time, previous }: CheckpointBody, note: string): TrustedCheckpoint {
  const noteHash = createHash('sha256').update(note, 'utf8').digest('hex');
  return { id: checkpointId(seq), seq, size, root, time, previous, noteHash, frontier: undefined };
}

const saysTheSame = (a: TrustedCheckpoint, b: TrustedCheckpoint): boolean =>
  a.size === b.size && a.root === b.root && a.time === b.time && a.previous === b.previous;

/** A frontier that makes the signed root is as good as signed. */
function withFrontier(checkpoint: TrustedCheckpoint, document: unknown): TrustedCheckpoint {
  const stated = isRecord(document) ? document['frontier'] : undefined;
  if (!Array.isArray(stated)) return checkpoint;
  const frontier = stated.map((hash) => Buffer.from(String(hash), 'hex'));
  try {
    const isSigned = createCompactRange(checkpoint.size, frontier).root().toString('hex') === checkpoint.root;
    return isSigned ? { ...checkpoint, frontier } : checkpoint;
  } catch (error) {
    if (error instanceof RangeError) return checkpoint;
    throw error;
  }
}

/** Every number from the first to the last that is stored or published, in order. */
async function* positions(
  pages: Pages,
  { year, anchors, first }: ChainOptions,
  findings: Findings,
): AsyncGenerator<Position> {
  const published = new Set(anchors);
  const last = anchors.reduce((highest, seq) => Math.max(highest, seq), 0);
  let next = first;
  for await (const page of pages) {
    for (const document of page) {
      const seq = Number(STATED.exec(idOf(document))?.[1] ?? 0);
      if (seq < next || seq > Math.max(next, last) + FAR) {
        findings.add('checkpoints', 'extra', `${year}/${idOf(document)}`);
        continue;
      }
      for (; next < seq; next++) yield { seq: next, isPublished: published.has(next) };
      yield { seq, document, isPublished: published.has(seq) };
      next = seq + 1;
    }
  }
  for (; next <= last; next++) yield { seq: next, isPublished: published.has(next) };
}

async function* inBatches<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let batch: T[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** What a verification says, and a verifier keeps, of the newest one. */
export const newestOf = ({
  seq,
  size,
  root,
  noteHash,
  time,
}: TrustedCheckpoint): Checkpoint & { readonly time: string } => ({ seq, size, root, noteHash, time });
