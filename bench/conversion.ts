import { convertMessage, selectProfile } from '../src/lib/convert';
import { parseMessage, readHeader, splitMessages } from '../src/lib/hl7';
import { result } from '../test/support/messages';
import { alternate, median } from './statistics';

/** At most so many times what copying the output through JSON takes. */
export const conversionBar = 6;

const rounds = 25;
const repetitions = 200;

export interface ConversionResult {
  readonly convertMicroseconds: number;
  readonly copyMicroseconds: number;
  readonly ratio: number;
  readonly bundleBytes: number;
}

/** Bytes of one result message with ten OBX to the JSON of its Bundle, against a copy of that Bundle through JSON. */
export async function measureConversion(): Promise<ConversionResult> {
  const bytes = result(1, 1, 10);
  const profile = selectProfile([], 'demo', readHeader(parsed(bytes)));
  const convert = () => convertMessage(parsed(bytes), { tenantId: 'demo', profile }).bundle;
  const bundle = convert();
  const times = { convert: [] as number[], copy: [] as number[] };
  let check = 0;
  const timed = (into: number[], work: () => number) => () => {
    const started = performance.now();
    for (let i = 0; i < repetitions; i++) check += work();
    into.push(((performance.now() - started) * 1000) / repetitions);
  };
  const converting = timed(times.convert, () => JSON.stringify(convert()).length);
  const copying = timed(
    times.copy,
    () => (JSON.parse(JSON.stringify(bundle)) as typeof bundle).entry?.length ?? 0,
  );
  await alternate(5, converting, copying);
  times.convert.length = times.copy.length = 0;
  await alternate(rounds, converting, copying);
  if (check === 0) throw new Error('Nothing was converted.');
  const [convertMicroseconds, copyMicroseconds] = [median(times.convert), median(times.copy)];
  return {
    convertMicroseconds,
    copyMicroseconds,
    ratio: convertMicroseconds / copyMicroseconds,
    bundleBytes: Buffer.byteLength(JSON.stringify(bundle)),
  };
}

function parsed(bytes: Uint8Array) {
  const [raw] = splitMessages(bytes).messages;
  if (!raw) throw new Error('The benchmark message is no message.');
  return parseMessage(raw);
}
