import { Hl7Message as MedplumMessage } from '@medplum/core';
import HL7 from 'hl7-standard';
import { convertMessage, defaultProfile } from '../src/lib/convert';
import { validateBundle } from '../src/lib/fhir';
import { parseMessage, splitMessages } from '../src/lib/hl7';
import { result } from '../test/support/messages';

/** Two ways of spending time on the same message; each returns something that depends on all of its work. */
export interface Contest {
  readonly ours: () => number;
  readonly other: () => number;
  /** How often in one round: some 20 ms, so that a round pays for its share of garbage collection. */
  readonly repetitions: number;
}

const small = result(1, 1, 10);
const large = result(1, 1, 1010);

/** Made when asked for: each runs in a process of its own, where it meets no code that another one has warmed up. */
export const contests = {
  conversion: () => againstCopy(() => convert(small).entry?.length ?? 0),
  stringified: () => againstCopy(() => JSON.stringify(convert(small)).length),
  validated: () => againstCopy(() => validateBundle(convert(small)).length + 1),
  hl7Standard: (): Contest => ({
    ours: () => readOurs(large),
    other: () => readStandard(large),
    repetitions: 4,
  }),
  medplum: (): Contest => ({ ours: () => readOurs(large), other: () => readMedplum(large), repetitions: 4 }),
} satisfies Record<string, () => Contest>;

export type ContestName = keyof typeof contests;

/** The floor: a copy of the output through JSON. */
function againstCopy(ours: () => number): Contest {
  const bundle = convert(small);
  const other = () => (JSON.parse(JSON.stringify(bundle)) as typeof bundle).entry?.length ?? 0;
  return { ours, other, repetitions: 100 };
}

export const bundleBytes = (): number => Buffer.byteLength(JSON.stringify(convert(small)));

function convert(bytes: Uint8Array) {
  return convertMessage(parse(bytes), { tenantId: 'demo', profile: defaultProfile }).bundle;
}

function parse(bytes: Uint8Array) {
  const [raw] = splitMessages(bytes).messages;
  if (raw === undefined) throw new Error('The benchmark message is no message.');
  return parseMessage(raw);
}

const fields = [1, 2, 3, 4, 5, 6, 7, 8, 11, 14] as const;

/** Bytes to MSH, PID, OBR and ten fields of every OBX: each side returns how many of them it found. */
function readOurs(bytes: Uint8Array): number {
  const message = parse(bytes);
  let found = 0;
  for (const value of [message.msh.get(10), message.first('PID')?.get(3), message.first('OBR')?.get(4, 2)])
    if (value) found++;
  for (const obx of message.all('OBX')) for (const n of fields) if (obx.get(n)) found++;
  return found;
}

/** What the package has and our declaration of it, which is for writing, has not. */
interface Readable {
  transform(): void;
  get(path: string): unknown;
  getSegments(name: string): { get(path: string): unknown }[];
}

function readStandard(bytes: Buffer): number {
  const message = new HL7(bytes.toString('utf8')) as unknown as Readable;
  message.transform();
  let found = 0;
  for (const path of ['MSH.10', 'PID.3.1', 'OBR.4.2']) if (message.get(path)) found++;
  const paths = fields.map((n) => `OBX.${n}`);
  for (const obx of message.getSegments('OBX')) for (const path of paths) if (obx.get(path)) found++;
  return found;
}

function readMedplum(bytes: Buffer): number {
  const message = MedplumMessage.parse(bytes.toString('utf8'));
  let found = 0;
  for (const [segment, field, component] of [
    ['MSH', 10, 1],
    ['PID', 3, 1],
    ['OBR', 4, 2],
  ] as const)
    if (message.getSegment(segment)?.getField(field)?.getComponent(component)) found++;
  for (const obx of message.getAllSegments('OBX'))
    for (const n of fields) if (obx.getField(n)?.getComponent(1)) found++;
  return found;
}
