import { pick, type Random } from './any-message';

/** One change of a message's text. `a` and `b` say where, as parts of its length. */
export interface Mutation {
  readonly operator: OperatorName;
  readonly a: number;
  readonly b: number;
}

type Operator = (segments: string[], a: number, b: number) => void;

const at = (length: number, part: number): number =>
  Math.min(Math.floor(part * length), Math.max(length - 1, 0));

const HOSTILE = [
  '__proto__',
  'constructor^prototype',
  'hasOwnProperty~toString',
  '\u0000\u0001\u001f',
  '\u000b\u001c',
  '\ud800',
  '\udfff^\ud83d',
  '\u202e\u2028',
  '\\X41',
  '\\X4\\',
  '\\Zzz\\\\.sp9999\\',
  '""',
  '99999999999999999999',
  '00000000',
  '20241399256199+9999',
  '1e999',
  '<script>&lt;',
  '${jndi:ldap://x}',
  'é\u0301ﬀ',
] as const;

/** The header is hit seldom: a message that is refused at its first line tests nothing else. */
const place = (segments: readonly string[], part: number): number =>
  part < 0.02 || segments.length < 2 ? 0 : 1 + at(segments.length - 1, part);

/** Changes one field of one segment (not the name). */
const inField =
  (change: (field: string, b: number) => string): Operator =>
  (segments, a, b) => {
    const index = place(segments, a);
    const fields = (segments[index] ?? '').split('|');
    const n = Math.max(1, at(fields.length, b));
    fields[n] = change(fields[n] ?? '', b);
    segments[index] = fields.join('|');
  };

const operators = {
  drop: (segments, a) => void segments.splice(place(segments, a), 1),
  duplicate: (segments, a, b) =>
    void segments.splice(place(segments, b), 0, segments[place(segments, a)] ?? ''),
  swap: (segments, a, b) => {
    const [i, j] = [place(segments, a), place(segments, b)];
    [segments[i], segments[j]] = [segments[j] ?? '', segments[i] ?? ''];
  },
  truncateMessage: (segments, a, b) => {
    const last = 1 + place(segments, a);
    segments.length = last;
    segments[last - 1] = (segments[last - 1] ?? '').slice(0, Math.ceil(b * 100));
  },
  renameSegment: (segments, a, b) => {
    const index = place(segments, a);
    const name = ['ZZZ', 'OBX', 'PID', 'obx', 'NTE', '???', 'SPM'][at(7, b)] ?? 'ZZZ';
    segments[index] = name + (segments[index] ?? '').slice(3);
  },
  otherDelimiters: (segments, a, b) => {
    const [field, rest] = [
      ['|', '@', '$', '%'][at(4, a)] ?? '|',
      ['^~\\&', '&~\\^', '*:?!', '^~\\&#'][at(4, b)] ?? '',
    ];
    const from = '|^~\\&';
    const to = field + rest;
    for (const [i, segment] of segments.entries())
      segments[i] = segment.replace(/[|^~\\&]/g, (char) => to.charAt(from.indexOf(char)));
  },
  insertDelimiter: inField((field, b) => {
    const where = at(field.length, b);
    return field.slice(0, where) + ('|^~\\&'.charAt(at(5, (b * 7) % 1)) || '|') + field.slice(where);
  }),
  emptyField: inField(() => ''),
  nullField: inField(() => '""'),
  hostileField: inField((_field, b) => HOSTILE[at(HOSTILE.length, (b * 13) % 1)] ?? ''),
  hostileInside: inField((field, b) => field + (HOSTILE[at(HOSTILE.length, (b * 17) % 1)] ?? '')),
  repeatHugely: inField((field, b) => `${field}~`.repeat(10 + Math.floor(b * 300))),
  componentsHugely: inField((field, b) => `${field}${'^&'.repeat(10 + Math.floor(b * 300))}x`),
  longText: inField((field, b) => field + 'x '.repeat(Math.floor(b * 2000))),
  blank: inField(() => '   '),
  moveField: inField((field) => `|${field}`),
} satisfies Record<string, Operator>;

type OperatorName = keyof typeof operators;
export const operatorNames = Object.keys(operators) as readonly OperatorName[];

/** Those that leave every value with its person: segments keep their order and their names. */
export const valueOperators: readonly OperatorName[] = [
  'emptyField',
  'nullField',
  'hostileField',
  'hostileInside',
  'repeatHugely',
  'componentsHugely',
  'longText',
  'blank',
];

export function mutate(text: string, mutations: readonly Mutation[]): string {
  const segments = text.split('\r');
  for (const { operator, a, b } of mutations) if (segments.length > 0) operators[operator](segments, a, b);
  return segments.join('\r');
}

export const someMutations = (random: Random, names = operatorNames): Mutation[] =>
  Array.from({ length: Math.floor(random() * 6) }, () => ({
    operator: pick(random, names),
    a: random(),
    b: random(),
  }));
