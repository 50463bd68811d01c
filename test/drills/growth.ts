import { convertMessage, defaultProfile } from '../../src/lib/convert';
import { validateBundle } from '../../src/lib/fhir';
import { parseMessage, splitMessages } from '../../src/lib/hl7';

/** What one byte may cost at most in a message of 10 MB, against one of 100 KB. */
export const growthBar = 1.5;

const small = 100_000;
const large = 10_000_000;

const HEAD = [
  'MSH|^~\\&|LAB|GEN|MEDRELAY|GEN|20240101100000+0000||ORU^R01^ORU_R01|C1|P|2.5.1',
  'PID|1||1^^^GEN&1.2.3&ISO^MR||Growth^Ada||19800101|F',
  'OBR|1||F1^LAB|p^panel^L|||20240101093000+0000',
].join('\r');
const OBX = 'OBX|1|NM|2951-2^Sodium^LN||138|mmol/L^^UCUM|136-145|N|||F|||20240101093000+0000';
const repeat = (unit: string, size: number): string => unit.repeat(Math.ceil(size / unit.length));
const numbered = (unit: (n: number) => string, size: number): string =>
  Array.from({ length: Math.ceil(size / unit(0).length) }, (_, n) => unit(n + 2)).join('');
const inField =
  (unit: string, type = 'TX') =>
  (size: number) =>
    `${HEAD}\rOBX|1|${type}|1^x^L||${repeat(unit, size)}||||||F`;

/** Messages in which one thing grows: what a careless loop would look at again and again. */
const SHAPES: Readonly<Record<string, (size: number) => string>> = {
  'one long text': inField('word '),
  escapes: inField('\\T\\a'),
  'unknown escapes': inField('\\Q'),
  'hexadecimal escapes': inField('\\X41\\'),
  'line breaks': inField('a\\.br\\'),
  repetitions: inField('ab~'),
  'repeated numbers': inField('12~', 'NM'),
  components: inField('ab^'),
  'coded components': inField('ab^', 'CWE'),
  subcomponents: inField('ab&'),
  digits: inField('1', 'NM'),
  blanks: inField(' '),
  base64: (size) => `${HEAD}\rOBX|1|ED|1^x^L||^application^pdf^Base64^${repeat('QUJD', size)}||||||F`,
  fields: (size) => `${HEAD}\rOBX${repeat('|', size)}`,
  identifiers: (size) =>
    `${HEAD.replace('1^^^GEN', `${repeat('7^^^GEN&1.2.3&ISO^PI~', size)}1^^^GEN`)}\rOBX|1|ST|1^x^L||v||||||F`,
  'range text': (size) => `${HEAD}\rOBX|1|NM|1^x^L||5||${repeat('1-', size)}|||F`,
  results: (size) => `${HEAD}\r${repeat(`${OBX}\r`, size)}`,
  notes: (size) => `${HEAD}\r${OBX}\r${repeat('NTE|1||note\r', size)}`,
  orders: (size) => `${HEAD}\r${numbered((n) => `OBR|${n}||F${n}^LAB|p^panel^L\r`, size)}`,
  specimens: (size) => `${HEAD}\r${repeat('SPM|1|^S1||BLD^Blood^HL70487\r', size)}`,
  'unknown segments': (size) => `${HEAD}\r${repeat('ZZZ|1|x\r', size)}`,
  patients: (size) =>
    repeat(`${HEAD.slice(HEAD.indexOf('PID'))}\r${OBX}\r`, size).replace(
      /^/,
      HEAD.slice(0, HEAD.indexOf('PID')),
    ),
};

export interface Growth {
  readonly shape: string;
  readonly little: Cost;
  readonly much: Cost;
}

/** Bytes to a checked Bundle and its ledger. True when the Bundle is valid. */
function process(bytes: Uint8Array): boolean {
  return splitMessages(bytes).messages.every((raw) => {
    const context = { tenantId: 'drill', profile: defaultProfile };
    const { bundle, ledger } = convertMessage(parseMessage(raw), context);
    return ledger.entries.length > 0 && validateBundle(bundle).length === 0;
  });
}

interface Cost {
  readonly nanosecondsPerByte: number;
  readonly isValid: boolean;
}

const rounds = 3;

/**
 * Shape by shape: one message of 10 MB, and as many bytes in messages of 100 KB, in turns. The same bytes, so that both
 * sides pay for collecting garbage and for whatever else the machine does; the best round counts.
 */
export function* measureGrowth(shapes: RegExp): Generator<Growth> {
  for (const [shape, make] of Object.entries(SHAPES)) {
    if (!shapes.test(shape)) continue;
    const [little, much] = [Buffer.from(make(small)), Buffer.from(make(large))];
    measure(little, 20);
    let best = { little: measure(little, large / small), much: measure(much, 1) };
    for (let round = 1; round < rounds; round++)
      best = {
        much: better(best.much, measure(much, 1)),
        little: better(best.little, measure(little, large / small)),
      };
    yield { shape, ...best };
  }
}

function measure(bytes: Uint8Array, times: number): Cost {
  let isValid = true;
  const started = performance.now();
  for (let i = 0; i < times; i++) isValid = process(bytes) && isValid;
  return { nanosecondsPerByte: ((performance.now() - started) * 1e6) / (bytes.length * times), isValid };
}

const better = (one: Cost, other: Cost): Cost => ({
  nanosecondsPerByte: Math.min(one.nanosecondsPerByte, other.nanosecondsPerByte),
  isValid: one.isValid && other.isValid,
});
