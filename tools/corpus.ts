/**
 * The messages that the proofs run over: samples/ and, where it is there, a corpus of other people's messages
 * (MEDRELAY_CORPUS, default ../shared/corpus), which is no part of the repository.
 */
import { createHash } from 'node:crypto';
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { defaultProfile, type SenderProfile } from '../src/lib/convert';
import { checkHeader, readHeader, readRawHeader, parseMessage, splitMessages } from '../src/lib/hl7';
import type { RawMessage } from '../src/lib/hl7';

/** One message, wherever it was found first: the same bytes in two files are one. */
export interface Sample {
  /** `samples`, or the folder of the corpus. */
  readonly group: string;
  /** File and number, to find it again. */
  readonly place: string;
  /** SHA-256 of its bytes, which names it where its text may not stand. */
  readonly hash: string;
  readonly event: string;
  readonly raw: RawMessage;
  /** True when header and patient identifier are there. */
  readonly isSound: boolean;
}

/** Messages of a corpus are mostly marked as tests (MSH-11). */
export const openProfile: SenderProfile = { ...defaultProfile, processingIds: ['P', 'T', 'D'] };

export const corpusFolder = (): string => process.env['MEDRELAY_CORPUS'] ?? resolve('../shared/corpus');

/** Codes of other shape are no codes of table 0076 or 0003, and are not printed. */
const wellFormed = (code: string | undefined): string =>
  code !== undefined && /^[A-Z][A-Z0-9]{2}$/.test(code) ? code : '?';

function isSound(raw: RawMessage): boolean {
  if (raw.problem !== undefined) return false;
  const message = parseMessage(raw);
  const pid = message.first('PID');
  return checkHeader(readHeader(message)) === undefined && pid?.field(3).first.get(1) != null;
}

function* samplesOf(group: string, folder: string): Generator<Sample> {
  const files = globSync('**/*.{hl7,ndhl7,txt}', { cwd: folder }).sort();
  for (const file of files)
    for (const raw of splitMessages(readFileSync(join(folder, file))).messages) {
      const header = readRawHeader(raw)?.header;
      yield {
        group,
        place: `${group}/${file}#${raw.index + 1}`,
        hash: createHash('sha256').update(raw.bytes).digest('hex'),
        event: `${wellFormed(header?.messageCode)} ${wellFormed(header?.triggerEvent)}`,
        raw,
        isSound: isSound(raw),
      };
    }
}

export function readSamples(): Sample[] {
  const corpus = corpusFolder();
  const folders = existsSync(corpus) ? readdirSync(corpus, { withFileTypes: true }) : [];
  if (folders.length === 0)
    console.error('No corpus (set MEDRELAY_CORPUS to a folder of messages): samples only.\n');
  const groups = folders.filter((folder) => folder.isDirectory()).map((folder) => folder.name);
  const distinct = new Map<string, Sample>();
  const sources = [
    { group: 'samples', folder: resolve('samples') },
    ...groups.sort().map((group) => ({ group, folder: join(corpus, group) })),
  ];
  for (const { group, folder } of sources)
    for (const sample of samplesOf(group, folder))
      if (!distinct.has(sample.hash)) distinct.set(sample.hash, sample);
  return [...distinct.values()];
}
