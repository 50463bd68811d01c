import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  checkHeader,
  type Hl7Message,
  parseMessage,
  type RawMessage,
  readHeader,
  readRawHeader,
  splitMessages,
} from '../../src/lib/hl7';

/** One message of the events under test, wherever it was found. */
export interface Sample {
  /** First row of the report it counts in: `samples`, or the folder of the corpus. */
  readonly group: string;
  /** File and number, to find it again. */
  readonly place: string;
  readonly event: string;
  readonly raw: RawMessage;
  /** True when header and patient identifier are there: such a message may not be refused. */
  readonly isSound: boolean;
}

const EVENTS = new Set(['ADT A01', 'ADT A03', 'ADT A04', 'ADT A08', 'ORU R01']);

export const corpusFolder = (): string => process.env['MEDRELAY_CORPUS'] ?? resolve('../shared/corpus');

/** A fresh parse: conversions may not share state through a message. */
export const parse = (raw: RawMessage): Hl7Message => parseMessage(raw);

function isSound(raw: RawMessage): boolean {
  if (raw.problem !== undefined) return false;
  const message = parse(raw);
  const pid = message.first('PID');
  return checkHeader(readHeader(message)) === undefined && pid?.field(3).first.get(1) != null;
}

function samplesOf(group: string, folder: string): Sample[] {
  const files = globSync('**/*.{hl7,ndhl7,txt}', { cwd: folder }).sort();
  return files.flatMap((file) =>
    splitMessages(readFileSync(join(folder, file))).messages.flatMap((raw) => {
      const header = readRawHeader(raw)?.header;
      const event = `${header?.messageCode ?? ''} ${header?.triggerEvent ?? ''}`;
      if (!EVENTS.has(event)) return [];
      const place = `${group}/${file}#${raw.index + 1}`;
      return [{ group, place, event, raw, isSound: isSound(raw) }];
    }),
  );
}

export function readSamples(): Sample[] {
  const corpus = corpusFolder();
  const folders = existsSync(corpus) ? readdirSync(corpus, { withFileTypes: true }) : [];
  const groups = folders.filter((folder) => folder.isDirectory()).map((folder) => folder.name);
  return [
    ...samplesOf('samples', resolve('samples')),
    ...groups.sort().flatMap((group) => samplesOf(group, join(corpus, group))),
  ];
}
