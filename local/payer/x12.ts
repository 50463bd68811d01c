/** X12 as far as eligibility needs it: the delimiters come from ISA, and the envelope is counted (X12.5, X12.6). */

export type Segment = readonly string[];

export interface Interchange {
  segments: Segment[];
  /** Between components of an element, and between repetitions. */
  component: string;
  repetition: string;
}

export class X12Error extends Error {}

const ISA_LENGTH = 106;

export function readX12(text: string): Interchange {
  if (!text.startsWith('ISA') || text.length < ISA_LENGTH) {
    throw new X12Error('An interchange starts with an ISA segment of 106 characters.');
  }
  const [element, component, terminator] = [text.charAt(3), text.charAt(104), text.charAt(105)];
  const segments = text
    .split(terminator)
    .map((segment) => segment.trim())
    .filter((segment) => segment !== '')
    .map((segment) => segment.split(element));
  checkEnvelope(segments);
  return { segments, component, repetition: text.charAt(82) };
}

const ENVELOPES = [
  { open: 'ISA', close: 'IEA', control: 13, inner: 'GS' },
  { open: 'GS', close: 'GE', control: 6, inner: 'ST' },
  { open: 'ST', close: 'SE', control: 2, inner: undefined },
] as const;

/** One interchange, one group, one transaction set: what a real-time request holds. */
function checkEnvelope(segments: readonly Segment[]): void {
  for (const { open, close, control, inner } of ENVELOPES) {
    const at = (tag: string): number[] => segments.flatMap(([name], index) => (name === tag ? [index] : []));
    const [starts, ends] = [at(open), at(close)];
    const [start, end] = [starts[0], ends[0]];
    if (starts.length !== 1 || ends.length !== 1 || start === undefined || end === undefined || end < start) {
      throw new X12Error(`A real-time request holds exactly one ${open} and one ${close}.`);
    }
    const [opening, closing] = [segments[start] ?? [], segments[end] ?? []];
    if (opening[control] !== closing[2])
      throw new X12Error(`${open} and ${close} have different control numbers.`);
    const expected = inner ? at(inner).length : end - start + 1;
    if (Number(closing[1]) !== expected) {
      throw new X12Error(`${close}01 says ${closing[1] ?? 'nothing'}, there are ${expected}.`);
    }
  }
}

const TERMINATOR = '~';
const pad = (value: string, length: number): string => value.padEnd(length).slice(0, length);
/** What would be read as a delimiter cannot be in a value. */
const clean = (value: string): string => value.replace(/[~*:^\r\n]/g, ' ');

export interface Envelope {
  sender: string;
  receiver: string;
  control: string;
  at: Date;
  functionalId: string;
  set: string;
  version: string;
}

/** `^` repeats, `:` parts components, as 005010 wants them. */
export function writeX12(envelope: Envelope, body: readonly Segment[]): string {
  const { sender, receiver, at, functionalId, set, version } = envelope;
  const control = envelope.control.padStart(9, '0').slice(-9);
  const date = at.toISOString().slice(0, 10).replaceAll('-', '');
  const clock = at.toISOString().slice(11, 16).replace(':', '');
  const isa = ['ISA', '00', pad('', 10), '00', pad('', 10), 'ZZ', pad(sender, 15), 'ZZ', pad(receiver, 15)];
  const segments: Segment[] = [
    ['GS', functionalId, sender, receiver, date, clock, '1', 'X', version],
    ['ST', set, '0001', version],
    ...body,
    ['SE', String(body.length + 2), '0001'],
    ['GE', '1', '1'],
    ['IEA', '1', control],
  ];
  const first = [...isa, date.slice(2), clock, '^', '00501', control, '0', 'T', ':'].join('*');
  return [first, ...segments.map((segment) => joined(segment))]
    .map((text) => `${text}${TERMINATOR}`)
    .join('\n');
}

/** Elements that hold a repetition or components are marked by their caller. */
const joined = (segment: Segment): string =>
  segment
    .map((element) => (segment[0] === 'EB' ? element.replace(/[~*:\r\n]/g, ' ') : clean(element)))
    .join('*')
    .replace(/\*+$/, '');
