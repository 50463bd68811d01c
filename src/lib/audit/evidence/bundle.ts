import { MedrelayError } from '../../errors';
import { createCompactRange, noteKey, parseCheckpoint, parseNote } from '../merkle';
import type { TrailReader } from '../verify';
import { coverage, leavesOf, type CoveredLog } from './coverage';
import { daysBetween } from './days';
import { eventLines, type EventTally } from './events';
import { explanation } from './explanation';
import { inPieces } from './pieces';
import { createZipWriter, type ZippedFile } from './zip';

export interface EvidenceRequest {
  readonly tenantId: string;
  /** Instants; the range is widened to whole days in UTC, because a leaf knows the day of its event and no more. */
  readonly from: string;
  readonly to: string;
  readonly reader: TrailReader;
  /** SPKI in DER of every version of the signing key. */
  readonly signing: readonly Uint8Array[];
  readonly now: Date;
}

export interface EvidenceSummary {
  readonly from: string;
  readonly to: string;
  /** In the covered part of the log. */
  readonly leaves: number;
  readonly events: number;
  /** Ids of leaves of the range whose event the store does not have. */
  readonly missing: readonly string[];
  /** Ids of events of the range that no covered tree holds: named in the manifest, not in the bundle. */
  readonly unsealed: readonly string[];
  /** Fingerprints of the signing keys. */
  readonly keys: readonly string[];
}

/** Published notes are read so many at once. */
const READ_AHEAD = 32;

/**
 * Writes what an auditor needs to check a tenant's events of a time without us: the events as they were hashed, the leaves
 * of the signed tree, and its published checkpoints. It hides nothing that is damaged: finding it is the verifier's part.
 * @throws MedrelayError AUDIT_RANGE_INVALID, EVIDENCE_NOTHING_SEALED, EVIDENCE_TOO_LARGE
 */
export async function writeEvidence(
  { tenantId, from, to, reader, signing, now }: EvidenceRequest,
  write: (chunk: Uint8Array) => Promise<void>,
): Promise<EvidenceSummary> {
  const range = daysBetween(from, to);
  const inRange = new Set(range.days);
  const logs = await coverage(reader, tenantId, range.from, (day) => inRange.has(day));
  if (logs.length === 0)
    throw new MedrelayError(
      'EVIDENCE_NOTHING_SEALED',
      'Nothing of this tenant is sealed yet. Seal it first: medrelay audit seal.',
    );
  const zip = createZipWriter(write, now);
  const files: ZippedFile[] = [];

  const keys = signing.map((spki) => ({
    fingerprint: noteKey(spki).fingerprint,
    spki: Buffer.from(spki).toString('base64'),
  }));
  files.push(await zip.file('verify.md', [explanation]));
  files.push(await zip.file('keys.json', [pretty(keys)]));

  const sealed = new Set<string>();
  let leaves = 0;
  let base: { year: string; seq: number; size: number; frontier: readonly string[] } | undefined;
  for (const log of logs) {
    // The checkpoints first: whatever they cover was written before them.
    let size = 0;
    const notes = async function* (): AsyncGenerator<string> {
      for await (const { seq, note } of publishedNotes(reader, log)) {
        size = Math.max(size, parseCheckpoint(parseNote(note)?.text ?? '')?.size ?? 0);
        yield JSON.stringify({ seq, note });
      }
    };
    files.push(await zip.file(`checkpoints/${log.year}.ndjson`, inPieces(notes())));

    const before = createCompactRange();
    const covered = async function* (): AsyncGenerator<string> {
      for await (const leaf of leavesOf(reader, tenantId, log.year)) {
        if (leaf.index < (log.base?.size ?? 0)) {
          before.append(Buffer.from(leaf.hash, 'hex'));
        } else if (leaf.index < size) {
          leaves += 1;
          if (inRange.has(leaf.day)) sealed.add(leaf.id);
          yield JSON.stringify(leaf);
        }
      }
    };
    files.push(await zip.file(`leaves/${log.year}.ndjson`, inPieces(covered())));
    if (log.base) {
      const frontier = before.frontier().map((hash) => hash.toString('hex'));
      base = { year: log.year, seq: log.base.seq, size: log.base.size, frontier };
    }
  }

  const tally: EventTally = { events: 0, found: new Set(), unsealed: [] };
  for (const day of range.days) {
    const pieces = inPieces(eventLines(reader, day, sealed, tally));
    const first = await pieces.next();
    if (first.done) continue;
    const all = async function* (): AsyncGenerator<string> {
      yield first.value;
      yield* pieces;
    };
    files.push(await zip.file(`events/${day}.ndjson`, all()));
  }

  const years = logs.map(({ year }) => year);
  const [start, end] = [range.from, range.to];
  const manifest = { v: 1, kind: 'medrelay-audit-evidence', createdAt: now.toISOString(), tenantId };
  await zip.file('manifest.json', [
    pretty({ ...manifest, from: start, to: end, years, base, unsealed: tally.unsealed, files }),
  ]);
  await zip.end();
  return {
    from: start,
    to: end,
    leaves,
    events: tally.events,
    missing: [...sealed].filter((id) => !tally.found.has(id)),
    unsealed: tally.unsealed,
    keys: keys.map(({ fingerprint }) => fingerprint),
  };
}

async function* publishedNotes(
  reader: TrailReader,
  { year, seqs }: CoveredLog,
): AsyncGenerator<{ readonly seq: number; readonly note: string }> {
  for (let at = 0; at < seqs.length; at += READ_AHEAD) {
    const read = seqs.slice(at, at + READ_AHEAD).map(async (seq) => ({
      seq,
      note: await reader.anchor({ year, seq }),
    }));
    for (const { seq, note } of await Promise.all(read)) if (note !== undefined) yield { seq, note };
  }
}

const pretty = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;
