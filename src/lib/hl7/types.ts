/**
 * What the tokenizer gives every reader. All positions are 1-based as in the standard (PID-3.1 is
 * `segment.get(3, 1, 1)` for the first repetition); MSH-1 is the field separator and MSH-2 the encoding characters.
 */

/**
 * A leaf's three states on the wire (HL7 v2.5.1 ch. 2.5.3): absent or empty = undefined ("no statement"),
 * the two characters `""` = null ("delete"), anything else = unescaped text.
 * Text that is only blanks counts as absent (FHIR strings may not be blank).
 */
export type Leaf = string | null | undefined;

export interface Delimiters {
  readonly field: string;
  readonly component: string;
  readonly repetition: string;
  readonly escape: string;
  readonly subcomponent: string;
  /** Fifth character of MSH-2 since v2.7: marks truncated values, splits nothing. */
  readonly truncation?: string;
}

/** A finding about a message. Never holds a field's value: `location` (`PID[1]-3[2].1`) says where to look. */
export interface Diagnostic {
  readonly severity: 'info' | 'warning' | 'error';
  readonly code: string;
  readonly location?: string;
  readonly safeMessage: string;
}

/** One component of one repetition. */
export interface Hl7Component {
  /** Undecoded text as sent, '' when absent. */
  readonly raw: string;
  /** The first subcomponent, unescaped. */
  readonly value: Leaf;
  readonly subcomponentCount: number;
  sub(n: number): Leaf;
}

export interface Hl7Repetition {
  readonly raw: string;
  readonly componentCount: number;
  component(n: number): Hl7Component;
  /** Component `n`, subcomponent `sub` (default 1), unescaped. */
  get(n: number, sub?: number): Leaf;
  /** True when any leaf is present; `""` counts as present. */
  readonly isPopulated: boolean;
}

export interface Hl7Field {
  readonly raw: string;
  /** Empty array when the field is absent or empty. */
  readonly repetitions: readonly Hl7Repetition[];
  /** The first repetition; an empty one when the field is absent, so reads never throw. */
  readonly first: Hl7Repetition;
  readonly isPopulated: boolean;
  /** True when the whole field is `""`. */
  readonly isNull: boolean;
}

export interface Hl7Segment {
  /** As sent, three characters, e.g. `PID`, `ZPI`. */
  readonly name: string;
  /** 0-based position in the message. */
  readonly index: number;
  /** 1-based count among segments of this name, as ERR-2 and diagnostics number them. */
  readonly occurrence: number;
  readonly raw: string;
  readonly fieldCount: number;
  field(n: number): Hl7Field;
  /** Leaf of the first repetition: field, component (default 1), subcomponent (default 1). */
  get(field: number, component?: number, sub?: number): Leaf;
}

export interface Hl7Message {
  readonly delimiters: Delimiters;
  readonly segments: readonly Hl7Segment[];
  readonly msh: Hl7Segment;
  /** Segments of a name, in order. */
  all(name: string): readonly Hl7Segment[];
  first(name: string): Hl7Segment | undefined;
  /** Found while tokenizing and unescaping so far (unknown escapes, odd hex...). */
  readonly diagnostics: readonly Diagnostic[];
}

/** MSH as routing needs it; every value trimmed, '' when absent. */
export interface MessageHeader {
  readonly sendingApplication: string;
  readonly sendingFacility: string;
  readonly receivingApplication: string;
  readonly receivingFacility: string;
  /** MSH-7 as sent. */
  readonly dateTime: string;
  /** MSH-9.1 / 9.2 / 9.3; structure is derived through table 0354 when 9.3 is absent. */
  readonly messageCode: string;
  readonly triggerEvent: string;
  readonly structure: string;
  readonly controlId: string;
  readonly processingId: string;
  readonly version: string;
  /** MSH-15 and MSH-16 in upper case (table 0155): which acknowledgements the sender waits for. */
  readonly acceptAcknowledgment: string;
  readonly applicationAcknowledgment: string;
}

/** One HL7 message found in a body. */
export interface RawMessage {
  /** 0-based order in the body. */
  readonly index: number;
  /** The exact bytes of this message as they arrived (without MLLP frame, BOM and batch segments). */
  readonly bytes: Uint8Array;
  /** Decoded text with segments separated by a single CR; '' when it could not be decoded. */
  readonly text: string;
  /** Charset used for decoding, IANA name in lower case. */
  readonly charset: string;
  /** Set when the bytes cannot be a message: its fate is a typed rejection. */
  readonly problem?: RejectionCode;
  readonly diagnostics: readonly Diagnostic[];
}

export interface SplitBody {
  readonly messages: readonly RawMessage[];
  /** FHS/BHS header segment's raw text when the body was a batch. */
  readonly batch?: { readonly declaredCount?: number; readonly complete: boolean };
  readonly diagnostics: readonly Diagnostic[];
}

import type { RejectionCode } from './rejections';
