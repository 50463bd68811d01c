import { Hl7Message as MedplumMessage } from '@medplum/core';
import { buildSync } from 'esbuild';
import HL7 from 'hl7-standard';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { convertMessage, defaultProfile } from '../src/lib/convert';
import { validateBundle } from '../src/lib/fhir';
import { parseMessage, splitMessages } from '../src/lib/hl7';
import { result } from '../test/support/messages';
import { alternate, median } from './statistics';

export interface ConverterBar {
  readonly bar: string;
  readonly wanted: string;
  readonly found: string;
  readonly isMet: boolean;
}

const fields = [1, 2, 3, 4, 5, 6, 7, 8, 11, 14] as const;

/** The converter against floors and peers measured in the same run. */
export async function measureConverter(): Promise<ConverterBar[]> {
  const small = result(1, 1, 10);
  const large = result(1, 1, 1010);
  const bundle = convert(small);
  const copy = () => (JSON.parse(JSON.stringify(bundle)) as typeof bundle).entry?.length ?? 0;
  const bare = await ratio(() => convert(small).entry?.length ?? 0, copy);
  const checked = await ratio(() => validateBundle(convert(small)).length + 1, copy);
  const standard =
    1 /
    (await ratio(
      () => readOurs(large),
      () => readStandard(large),
      4,
    ));
  const medplum =
    1 /
    (await ratio(
      () => readOurs(large),
      () => readMedplum(large),
      4,
    ));
  const load = loadMilliseconds();
  const atMost = (bar: string, wanted: number, found: number): ConverterBar => ({
    bar,
    wanted: `<= ${wanted}`,
    found: found.toFixed(2),
    isMet: found <= wanted,
  });
  const atLeast = (bar: string, wanted: number, found: number): ConverterBar => ({
    bar,
    wanted: `>= ${wanted}`,
    found: found.toFixed(2),
    isMet: found >= wanted,
  });
  return [
    atMost('conversion of a 10-OBX ORU / copy of its Bundle through JSON', 2.5, bare),
    atMost('the same with validation', 5, checked),
    atLeast('parse and read of 1,010 OBX: hl7-standard / ours', 10, standard),
    atLeast('parse and read of 1,010 OBX: @medplum/core / ours', 1.5, medplum),
    atMost('load of converter, validator and tables, ms', 60, load),
  ];
}

function convert(bytes: Uint8Array) {
  return convertMessage(parse(bytes), { tenantId: 'demo', profile: defaultProfile }).bundle;
}

function parse(bytes: Uint8Array) {
  const [raw] = splitMessages(bytes).messages;
  if (raw === undefined) throw new Error('The benchmark message is no message.');
  return parseMessage(raw);
}

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

const rounds = 25;

/** Median time of one over median time of the other, round by round. */
async function ratio(one: () => number, other: () => number, repetitions = 200): Promise<number> {
  const times = { one: [] as number[], other: [] as number[] };
  let check = 0;
  const timed = (into: number[], work: () => number) => () => {
    const started = performance.now();
    for (let i = 0; i < repetitions; i++) check += work();
    into.push(performance.now() - started);
  };
  await alternate(5, timed(times.one, one), timed(times.other, other));
  times.one.length = times.other.length = 0;
  await alternate(rounds, timed(times.one, one), timed(times.other, other));
  if (check === 0) throw new Error('Nothing was done.');
  return median(times.one) / median(times.other);
}

/** A process of its own that loads nothing but the converter's and the validator's doors, bundled as the app is. */
function loadMilliseconds(): number {
  const folder = mkdtempSync(join(tmpdir(), 'medrelay-load-'));
  try {
    const outfile = join(folder, 'converter.js');
    const doors = ['hl7', 'convert', 'fhir'].map(
      (door) => `require(${JSON.stringify(resolve('src/lib', door))});`,
    );
    buildSync({
      stdin: { contents: doors.join('\n'), resolveDir: process.cwd() },
      bundle: true,
      platform: 'node',
      target: 'node22',
      format: 'cjs',
      outfile,
      external: ['@azure/*'],
      logLevel: 'error',
    });
    const script = `const started = performance.now(); require(${JSON.stringify(outfile)}); process.stdout.write(String(performance.now() - started));`;
    const runs = Array.from({ length: 9 }, () =>
      Number(spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' }).stdout),
    );
    return median(runs);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
