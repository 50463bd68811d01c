import { converters } from '../../src/lib/convert/messages/registry';
import type { Structure } from '../../src/lib/convert/messages/grammar';

/** 0 <= x < 1. */
export type Random = () => number;

/** mulberry32: small, and the same numbers on every machine. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export const pick = <T>(random: Random, from: readonly T[]): T => {
  const one = from[Math.floor(random() * from.length)];
  if (one === undefined) throw new Error('Nothing to pick from.');
  return one;
};

export const events = [...converters].flatMap(([type, table]) =>
  Object.entries(table).map(([event, { structure }]) => ({ type, event, structure })),
);

type Rule = Structure['root'];

const holds = (rule: Rule, segment: string): boolean =>
  rule.segments.has(segment) || rule.groups.some((group) => holds(group, segment));

/** Every value of one person bears a mark, `M<n>X`, so that it can be recognised in any resource. */
const mark = (n: number): string => `M${n}X`;
export const marks = /M(\d+)X/g;

/**
 * A message of that event with any of its segments, any of their fields, and in each field a value of any type: what no
 * sender would send, and every mapper has to survive. Each person of a message has a number of its own, from `person`.
 */
export function anyMessage(
  { type, event, structure }: (typeof events)[number],
  random: Random,
  person: number,
): string {
  const segments: string[] = [];
  let own = person;
  const walk = (rule: Rule, within: string): void => {
    for (const [name, repeats] of rule.segments) {
      if (name === 'MSH') continue;
      const needed = name === 'PID' || rule.starts.has(name);
      if (!needed && random() < 0.6) continue;
      const count = repeats && random() < 0.3 ? 2 : 1;
      for (let i = 0; i < count; i++) segments.push(anySegment(name, within, random));
    }
    for (const group of rule.groups) {
      const isPerson = group.repeats && holds(group, 'PID');
      if (!isPerson && !holds(group, 'PID') && random() < 0.4) continue;
      const count = group.repeats && random() < 0.4 ? 2 : 1;
      for (let i = 0; i < count; i++) walk(group, isPerson ? mark(own++) : within);
    }
  };
  segments.push(
    `MSH|^~\\&|FUZZ|GEN|MEDRELAY|GEN|2024010110${10 + (person % 50)}00||${type}^${event}|C${person}|P|2.5.1`,
  );
  walk(structure.root, mark(person));
  return segments.join('\r');
}

function anySegment(name: string, own: string, random: Random): string {
  const fields = Array.from({ length: 8 + Math.floor(random() * 28) }, () =>
    random() < 0.45 ? '' : anyValue(own, random),
  );
  const fixed = FIXED[name]?.(own, random) ?? {};
  for (const [n, value] of Object.entries(fixed)) fields[Number(n) - 1] = value;
  return [name, ...Array.from(fields, (field) => field ?? '')].join('|');
}

/** Without these hardly a message would get past its first lines. */
const FIXED: Readonly<Record<string, (own: string, random: Random) => Record<number, string>>> = {
  PID: (own) => ({ 3: `ID${own}^^^GEN&1.2.3&ISO^MR`, 5: `Fuzz${own}^Ada` }),
  MRG: (own) => ({ 1: `OLD${own}^^^GEN&1.2.3&ISO^MR` }),
  PV1: (own, random) => ({ 2: pick(random, ['I', 'O', 'E', 'P']), 19: `V${own}^^^GEN&1.2.3&ISO^VN` }),
  OBX: (own, random) => ({
    2: pick(random, [
      'NM',
      'SN',
      'ST',
      'TX',
      'CWE',
      'CE',
      'DT',
      'TM',
      'TS',
      'DTM',
      'ED',
      'RP',
      'XPN',
      'NR',
      'NA',
      '',
    ]),
    3: `c${own}^test^L`,
    11: pick(random, ['F', 'P', 'C', 'X', 'W', 'D', 'R', 'I', 'N', 'U', '']),
  }),
  OBR: (own) => ({ 3: `F${own}^LAB`, 4: `p${own}^panel^L` }),
  ORC: (own, random) => ({ 1: pick(random, ['NW', 'RE', 'CA', 'SC', 'DC', 'XO']), 3: `F${own}^LAB` }),
};

const VALUES: readonly ((own: string, random: Random) => string)[] = [
  (own, random) => `${own}${Math.floor(random() * 100)}`,
  (own) => `id${own}^^^GEN&1.2.3&ISO^MR~id2${own}^^^Other^PI`,
  (own) => `Family${own}^Given^Middle^III^Dr^MD^L`,
  (own) => `code${own}^text^L^alt^other^99X^^^note`,
  () => 'A^Alpha^LN',
  (own) => `${own} Street&Main&1^Floor^Town^ST^12345^USA^H`,
  (own) => `^PRN^PH^a${own}@example.org^1^207^5550100`,
  () => '1234567893^Attend^Ines^^^Dr^^^NPI&2.16.840.1.113883.4.6&ISO^L^^^NPI',
  () => 'Lab^L^77^^^CLIA&2.16.840.1.113883.4.7&ISO^XX^^^77D',
  () => '4W^12^A^GEN^^N^B^3',
  () => '20240105101500-0500',
  () => '202401051015',
  () => '20240230',
  () => '2024',
  () => '1030',
  () => '5.10',
  () => '-7',
  () => '1E3',
  () => '>^100^:^5',
  () => '10^mg&milligram&UCUM',
  () => '^^20240101^20240201^^R',
  () => 'Y',
  () => 'N',
  () => 'F',
  () => '""',
  () => 'U^unknown^HL70001',
  (own) => `^application^pdf^Base64^${Buffer.from(`pdf ${own}`).toString('base64')}`,
  (own) => `https://example.org/${own}^x^application^pdf`,
  (own) => `line one ${own}\\.br\\line two \\T\\ \\X41\\`,
  () => '__proto__^constructor^toString^hasOwnProperty&__proto__',
  () => '1^2^3~4^5^6',
  () => ' ',
];

const anyValue = (own: string, random: Random): string => pick(random, VALUES)(own, random);
