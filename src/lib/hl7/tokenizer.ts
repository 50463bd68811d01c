import { MedrelayError } from '../errors';
import { readDelimiters } from './delimiters';
import { unescape, type EscapeFinding } from './escapes';
import { nthPart } from './part';
import { rejections } from './rejections';
import { splitText } from './split';
import type {
  Delimiters,
  Diagnostic,
  Hl7Component,
  Hl7Field,
  Hl7Message,
  Hl7Repetition,
  Hl7Segment,
  Leaf,
  RawMessage,
} from './types';

/* FHIR R4 strings hold no character below U+0020 except tab, CR and LF. */
const forbidden = /[\0-\x08\x0b\x0c\x0e-\x1f]/;
const allForbidden = /[\0-\x08\x0b\x0c\x0e-\x1f]/g;

const findings: Readonly<Record<EscapeFinding | 'CONTROL_CHARACTER' | 'VALUE_TRUNCATED', string>> = {
  ESCAPE_UNKNOWN: 'The escape character does not start a known sequence; the text was kept as sent.',
  ESCAPE_UNBALANCED: 'An escape sequence is not closed; the text was kept as sent.',
  ESCAPE_HEX_INVALID: 'A hexadecimal escape is not valid in the character set; it was kept as sent.',
  ESCAPE_KEPT: 'A character set or local escape sequence is not interpreted; it was kept as sent.',
  CONTROL_CHARACTER: 'Control characters, which FHIR forbids, were removed.',
  VALUE_TRUNCATED: 'The sender marked this value as truncated.',
};

/** What every leaf of one message shares. */
class Context {
  /** False when no leaf of the message can need more than slicing; known after one look at the whole text. */
  readonly needsDecoding: boolean;
  readonly #found = new Map<string, Diagnostic>();
  readonly #repetition: number;
  readonly #component: number;
  readonly #subcomponent: number;

  constructor(
    readonly delimiters: Delimiters,
    readonly charset: string,
    text: string,
    diagnostics: readonly Diagnostic[],
  ) {
    const { escape, truncation } = delimiters;
    this.#repetition = delimiters.repetition.charCodeAt(0);
    this.#component = delimiters.component.charCodeAt(0);
    this.#subcomponent = delimiters.subcomponent.charCodeAt(0);
    const body = text.indexOf(delimiters.field, 4) + 1;
    this.needsDecoding =
      text.includes(escape, body) ||
      (truncation !== undefined && text.includes(truncation, body)) ||
      forbidden.test(text);
    for (const diagnostic of diagnostics) this.add(diagnostic);
  }

  /** The same leaf may be read many times and is reported once. */
  add(diagnostic: Diagnostic): void {
    this.#found.set(`${diagnostic.code} ${diagnostic.location ?? ''}`, diagnostic);
  }

  get diagnostics(): readonly Diagnostic[] {
    return [...this.#found.values()];
  }

  /**
   * The first subcomponent of the first component of the first repetition. Most fields are a few characters without a
   * delimiter: one look at each is cheaper than three searches.
   */
  firstPart(text: string): string {
    const length = Math.min(text.length, 64);
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code === this.#repetition || code === this.#component || code === this.#subcomponent)
        return text.slice(0, i);
    }
    if (length === text.length) return text;
    const { repetition, component, subcomponent } = this.delimiters;
    return nthPart(nthPart(nthPart(text, repetition, 1), component, 1), subcomponent, 1);
  }

  /** True when the first character already shows that something is said. */
  startsWithText(raw: string): boolean {
    const first = raw.charCodeAt(0);
    if (!(first > 0x20 && first < 0x7f)) return false;
    const { component, subcomponent, escape } = this.delimiters;
    const char = raw.charAt(0);
    return char !== component && char !== subcomponent && char !== escape;
  }

  /** The rest says where the leaf is. */
  leaf(
    raw: string,
    segment: Segment,
    field: number,
    repetition: number,
    component: number,
    sub: number,
  ): Leaf {
    if (raw === '') return undefined;
    if (raw === '""') return null;
    const text = this.needsDecoding ? this.#decode(raw, segment, field, repetition, component, sub) : raw;
    const first = text.charCodeAt(0);
    if (first > 0x20 && first < 0x7f) return text;
    return text.trim() === '' ? undefined : text;
  }

  #decode(
    raw: string,
    segment: Segment,
    field: number,
    repetition: number,
    component: number,
    sub: number,
  ): string {
    const reported: string[] = [];
    const report = (code: keyof typeof findings): void => {
      if (reported.includes(code)) return;
      reported.push(code);
      const location = `${segment.location}-${field}[${repetition}].${component}${sub > 1 ? `.${sub}` : ''}`;
      this.add({ severity: 'warning', code, location, safeMessage: findings[code] });
    };
    const { escape, truncation } = this.delimiters;
    if (truncation !== undefined && raw.endsWith(truncation)) report('VALUE_TRUNCATED');
    const text = raw.includes(escape) ? unescape(raw, this.delimiters, this.charset, report) : raw;
    if (!forbidden.test(text)) return text;
    report('CONTROL_CHARACTER');
    return text.replace(allForbidden, '');
  }
}

class Component implements Hl7Component {
  #subs: readonly string[] | undefined;

  constructor(
    readonly raw: string,
    private readonly repetition: Repetition,
    private readonly position: number,
  ) {}

  get value(): Leaf {
    return this.sub(1);
  }

  get subcomponentCount(): number {
    return this.#texts().length;
  }

  sub(n: number): Leaf {
    return this.repetition.leaf(this.#texts()[n - 1] ?? '', this.position, n);
  }

  get isPopulated(): boolean {
    return (
      this.raw !== '' &&
      this.#texts().some((raw, i) => this.repetition.leaf(raw, this.position, i + 1) !== undefined)
    );
  }

  #texts(): readonly string[] {
    return (this.#subs ??= this.repetition.isLiteral
      ? [this.raw]
      : this.raw.split(this.repetition.context.delimiters.subcomponent));
  }
}

class Repetition implements Hl7Repetition {
  /** Undefined where there is only one, which most values are. */
  #components: readonly string[] | undefined;
  #isSplit = false;

  constructor(
    readonly raw: string,
    readonly context: Context,
    private readonly segment: Segment,
    private readonly field: number,
    private readonly position: number,
  ) {}

  /** MSH-1 and MSH-2 hold the delimiters themselves: neither split nor unescaped. */
  get isLiteral(): boolean {
    return this.field <= 2 && this.segment.name === 'MSH';
  }

  get componentCount(): number {
    return this.#texts()?.length ?? 1;
  }

  component(n: number): Component {
    return new Component(this.#text(n), this, n);
  }

  get(n: number, sub = 1): Leaf {
    const raw = this.#text(n);
    if (raw === '') return undefined;
    return this.leaf(
      this.isLiteral ? (sub === 1 ? raw : '') : nthPart(raw, this.context.delimiters.subcomponent, sub),
      n,
      sub,
    );
  }

  get isPopulated(): boolean {
    return (
      this.context.startsWithText(this.raw) ||
      (this.raw !== '' && (this.#texts() ?? [this.raw]).some((_, i) => this.component(i + 1).isPopulated))
    );
  }

  leaf(raw: string, component: number, sub: number): Leaf {
    if (this.isLiteral) return raw === '' ? undefined : raw;
    return this.context.leaf(raw, this.segment, this.field, this.position, component, sub);
  }

  #text(n: number): string {
    const texts = this.#texts();
    if (texts === undefined) return n === 1 ? this.raw : '';
    return texts[n - 1] ?? '';
  }

  /** Split once: reading the components of a hostile field one by one must not be quadratic. */
  #texts(): readonly string[] | undefined {
    if (!this.#isSplit) {
      this.#isSplit = true;
      const { component } = this.context.delimiters;
      if (this.raw.includes(component) && !this.isLiteral) this.#components = this.raw.split(component);
    }
    return this.#components;
  }
}

class Field implements Hl7Field {
  #repetitions: readonly Repetition[] | undefined;

  constructor(
    readonly raw: string,
    private readonly context: Context,
    private readonly segment: Segment,
    private readonly position: number,
  ) {}

  get repetitions(): readonly Hl7Repetition[] {
    return (this.#repetitions ??= this.#split());
  }

  #split(): Repetition[] {
    if (this.raw === '') return [];
    const literal = this.position <= 2 && this.segment.name === 'MSH';
    const { repetition } = this.context.delimiters;
    if (literal || !this.raw.includes(repetition)) return [this.#repetition(this.raw, 1)];
    return this.raw.split(repetition).map((raw, i) => this.#repetition(raw, i + 1));
  }

  #repetition(raw: string, position: number): Repetition {
    return new Repetition(raw, this.context, this.segment, this.position, position);
  }

  get first(): Hl7Repetition {
    return this.repetitions[0] ?? this.#repetition('', 1);
  }

  get isPopulated(): boolean {
    return this.repetitions.some((repetition) => repetition.isPopulated);
  }

  get isNull(): boolean {
    return this.raw === '""';
  }
}

class Segment implements Hl7Segment {
  readonly name: string;
  #fields: readonly string[] | undefined;
  readonly #cache: (Field | undefined)[] = [];
  #empty: Field | undefined;

  constructor(
    readonly raw: string,
    readonly index: number,
    readonly occurrence: number,
    private readonly context: Context,
  ) {
    this.name = raw.slice(0, 3);
  }

  get location(): string {
    return `${this.name}[${this.occurrence}]`;
  }

  /** Field texts by their number; MSH-1 is the separator that follows the name. */
  #texts(): readonly string[] {
    if (this.#fields === undefined) {
      const texts = this.raw.split(this.context.delimiters.field);
      if (this.name === 'MSH') texts.splice(1, 0, this.context.delimiters.field);
      this.#fields = texts;
    }
    return this.#fields;
  }

  get fieldCount(): number {
    return this.#texts().length - 1;
  }

  field(n: number): Hl7Field {
    const known = this.#cache[n];
    if (known !== undefined) return known;
    const text = n < 1 ? undefined : this.#texts()[n];
    // A segment may be mostly separators: its empty fields are one object.
    if (text === undefined || text === '') return (this.#empty ??= new Field('', this.context, this, 0));
    return (this.#cache[n] = new Field(text, this.context, this, n));
  }

  get(field: number, component = 1, sub = 1): Leaf {
    const text = field < 1 ? undefined : this.#texts()[field];
    if (text === undefined || text === '') return undefined;
    if (field <= 2 && this.name === 'MSH') return component === 1 && sub === 1 ? text : undefined;
    const { context } = this;
    const d = context.delimiters;
    const raw =
      component === 1 && sub === 1
        ? context.firstPart(text)
        : nthPart(nthPart(nthPart(text, d.repetition, 1), d.component, component), d.subcomponent, sub);
    return context.leaf(raw, this, field, 1, component, sub);
  }
}

class Message implements Hl7Message {
  readonly segments: readonly Hl7Segment[];
  readonly msh: Hl7Segment;
  readonly #byName = new Map<string, Segment[]>();

  constructor(
    text: string,
    private readonly context: Context,
  ) {
    const segments = text.split('\r').map((line, index) => {
      const name = line.slice(0, 3);
      let same = this.#byName.get(name);
      if (same === undefined) this.#byName.set(name, (same = []));
      const segment = new Segment(line, index, same.length + 1, context);
      same.push(segment);
      return segment;
    });
    this.segments = segments;
    this.msh = segments[0] ?? new Segment('', 0, 1, context);
  }

  get delimiters(): Delimiters {
    return this.context.delimiters;
  }

  get diagnostics(): readonly Diagnostic[] {
    return this.context.diagnostics;
  }

  all(name: string): readonly Hl7Segment[] {
    return this.#byName.get(name) ?? [];
  }

  first(name: string): Hl7Segment | undefined {
    return this.#byName.get(name)?.[0];
  }
}

/**
 * Lazy: segments are cut at once, fields when first read, leaves when asked for. Takes what `splitMessages` found,
 * or text that holds exactly one message in any line-end convention. Its diagnostics begin with those of the split.
 * Throws a MedrelayError with the rejection code where there is no message to read.
 */
export function parseMessage(input: RawMessage | string): Hl7Message {
  const raw = typeof input === 'string' ? splitText(input) : input;
  const delimiters = readDelimiters(raw.text);
  if (delimiters === undefined) {
    const code = raw.problem ?? 'MSH_INVALID';
    throw new MedrelayError(code, rejections[code].text);
  }
  return new Message(raw.text, new Context(delimiters, raw.charset, raw.text, raw.diagnostics));
}
