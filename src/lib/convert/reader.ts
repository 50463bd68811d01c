import type { Diagnostic, Hl7Repetition, Hl7Segment } from '../hl7';
import type { Findings } from './findings';
import type { CodeOverlay, Sender } from './sender';

/** Why a field that was understood still lives only in the raw copy. */
export type KeptFields = Readonly<Record<number, string>>;

/** No standard type has more components than this; what lies beyond shares one mark. */
const bit = (component: number): number => 1 << Math.min(component, 31);

/** Values with more parts than this are no data of any HL7 type; reading them part by part would cost quadratic time. */
export const maxParts = 1000;

/** R4: "strings SHALL NOT exceed 1,048,576 (1024*1024) characters in size". */
export const longestText = 1024 * 1024;

/**
 * One repetition of a field, being read for a FHIR element. What is read is marked, and the ledger is made from the
 * marks: it says what the mapping did, not what a list claims.
 */
export class FieldReader {
  /** A bit for each component that was read. */
  private read = 0;
  private keptReason: string | undefined = undefined;

  constructor(
    readonly segment: SegmentReader,
    readonly field: number,
    readonly index: number,
    readonly repetition: Hl7Repetition,
    public target: string,
  ) {}

  /** Text of a component; undefined when absent or `""` (a `""` inside a value is simply left out of the new value). */
  get(component: number, sub = 1): string | undefined {
    const text = this.data(component, sub);
    if (text !== undefined && text.length > longestText) return this.refuseLong();
    const { codes } = this.segment;
    return codes === undefined || component !== 1 || sub !== 1 ? text : codes(this.field, text);
  }

  /** As `get`, for what does not become a string of R4 and so may be of any length: attachments. */
  data(component: number, sub = 1): string | undefined {
    this.read |= bit(component);
    return this.repetition.get(component, sub) ?? undefined;
  }

  /** As `get`, without the blanks around it: for codes, numbers and identifiers. */
  code(component: number, sub = 1): string | undefined {
    const text = this.get(component, sub);
    return text === undefined ? undefined : text.trim();
  }

  /** For a value that is carried as a whole. */
  readAll(): void {
    this.read = -1;
  }

  /** A value that was read and could not be carried after all. */
  keep(reason: string): void {
    this.keptReason = reason;
  }

  get kept(): string | undefined {
    return this.keptReason;
  }

  wasRead(component: number): boolean {
    return (this.read & bit(component)) !== 0;
  }

  location(component?: number): string {
    const repetition = `${this.segment.location}-${this.field}[${this.index}]`;
    return component === undefined ? repetition : `${repetition}.${component}`;
  }

  report(severity: Diagnostic['severity'], code: string, safeMessage: string, component?: number): void {
    this.segment.findings.add({ severity, code, location: this.location(component), safeMessage });
  }

  /** For what would otherwise be said of every time or name of a message: the first place stands for all. */
  reportOnce(severity: Diagnostic['severity'], code: string, safeMessage: string): void {
    this.segment.findings.addOnce(severity, code, safeMessage, this);
  }

  get sender(): Sender {
    return this.segment.sender;
  }

  private refuseLong(): undefined {
    if (this.keptReason !== undefined) return undefined;
    return this.refuse(
      'VALUE_TOO_LONG',
      'R4 strings end at 1,048,576 characters; the value was not carried.',
    );
  }

  /** Reports a value that cannot be carried and leaves it to the raw copy. */
  refuse(code: string, safeMessage: string): undefined {
    this.report('warning', code, safeMessage);
    this.keep(safeMessage);
    return undefined;
  }
}

const none: readonly FieldReader[] = [];

/** The typed way into a segment. Every read names the FHIR element that the value is for. */
export class SegmentReader {
  /** fullUrl of the resource that the segment describes; set as soon as its key is known. */
  entry: string | undefined = undefined;
  /** Elements that this segment deletes with `""`. */
  deletions: readonly string[] = [];
  /** Sparse, by field number: only what was read and is there. */
  private readonly fields: (FieldReader[] | undefined)[];
  private readonly fieldCount: number;
  private keptWhole: string | undefined = undefined;
  /** The profile's own codes for fields of this segment, where it has any. */
  readonly codes: CodeOverlay | undefined;

  constructor(
    readonly segment: Hl7Segment,
    readonly sender: Sender,
    readonly findings: Findings,
    private readonly keptFields: KeptFields,
  ) {
    this.codes = sender.codesOf(segment.name);
    this.fieldCount = segment.fieldCount;
    this.fields = new Array<FieldReader[] | undefined>(this.fieldCount + 1);
  }

  get location(): string {
    return `${this.segment.name}[${this.segment.occurrence}]`;
  }

  isEmpty(field: number): boolean {
    return field > this.fieldCount || this.segment.field(field).raw === '';
  }

  /** All populated repetitions. */
  all(field: number, target: string): readonly FieldReader[] {
    if (field > this.fieldCount) return none;
    const known = this.fields[field];
    if (known !== undefined) return alsoFor(known, target);
    const source = this.segment.field(field);
    if (source.raw === '') return none;
    const readers: FieldReader[] = [];
    this.fields[field] = readers;
    if (source.isNull) {
      this.deletions = [...this.deletions, target];
      return readers;
    }
    const { repetitions } = source;
    for (let i = 0; i < repetitions.length; i++) {
      const repetition = repetitions[i];
      if (repetition?.isPopulated) readers.push(new FieldReader(this, field, i + 1, repetition, target));
    }
    return readers;
  }

  first(field: number, target: string): FieldReader | undefined {
    return this.all(field, target)[0];
  }

  /** Component 1 of the first repetition, for fields of one text. */
  text(field: number, target: string): string | undefined {
    return this.first(field, target)?.get(1);
  }

  code(field: number, target: string): string | undefined {
    return this.first(field, target)?.code(1);
  }

  hasRead(field: number): boolean {
    return this.fields[field] !== undefined;
  }

  /** Everything the segment says stays in the raw copy only. */
  keepAll(reason: string): void {
    this.keptWhole = reason;
  }

  get isKeptWhole(): boolean {
    return this.keptWhole !== undefined;
  }

  report(severity: Diagnostic['severity'], code: string, safeMessage: string): void {
    this.findings.add({ severity, code, location: this.location, safeMessage });
  }

  /** The marks of one field, for the ledger. */
  marks(field: number): { readers: readonly FieldReader[]; kept: string | undefined } {
    return { readers: this.fields[field] ?? none, kept: this.keptWhole ?? this.keptFields[field] };
  }
}

/** A field that feeds two elements names both. */
function alsoFor(readers: readonly FieldReader[], target: string): readonly FieldReader[] {
  for (const reader of readers) {
    if (!reader.target.split(', ').includes(target)) reader.target += `, ${target}`;
  }
  return readers;
}
