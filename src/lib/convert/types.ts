import type { Bundle } from 'fhir/r4';
import { MedrelayError } from '../errors';
import { rejections, type Diagnostic, type RejectionCode } from '../hl7';
import type { SenderProfile } from './profile';

/** What a conversion needs besides the message. Nothing else may influence it: no clock, no random, no environment. */
export interface ConvertContext {
  readonly tenantId: string;
  readonly profile: SenderProfile;
}

/** The fate of one populated field (`PID[1]-13[2].1`), by position only, never by value. */
export interface LedgerEntry {
  readonly location: string;
  readonly fate: 'carried' | 'kept' | 'unknown';
  /** carried: the FHIR element (`Patient.telecom`); kept: why it lives only in the raw copy. */
  readonly detail?: string;
}

export interface Ledger {
  readonly carried: number;
  readonly kept: number;
  readonly unknown: number;
  readonly entries: readonly LedgerEntry[];
}

/** An element that the sender deletes with `""`. Elements the message is silent about are no deletions. */
export interface Deletion {
  /** fullUrl of the Bundle entry. */
  readonly entry: string;
  /** Element below the resource, e.g. `telecom` or `hospitalization.admitSource`. */
  readonly element: string;
  /** Of a list of links only the one to this entry (its fullUrl). */
  readonly other?: string;
}

/** A visit or an account that now belongs to another patient. All are fullUrls of the Bundle. */
export interface Move {
  readonly entry: string;
  readonly from: string;
}

export interface Conversion {
  /**
   * A `transaction` Bundle. Every entry: fullUrl `urn:uuid:<id>`, resource.id = that id, request PUT `Type/<id>`.
   * References between entries are `urn:uuid:<id>`; the store turns them into `Type/<id>`.
   */
  readonly bundle: Bundle;
  readonly deletions: readonly Deletion[];
  /**
   * fullUrls of resources that this message only mentions (the patient, visit and order behind a result): what it says
   * of them fills gaps, and never beats a message that is about them.
   */
  readonly mentions: readonly string[];
  readonly moves: readonly Move[];
  readonly ledger: Ledger;
  readonly diagnostics: readonly Diagnostic[];
}

/** A message that is refused for good: not an accident, not retried. */
export class Rejection extends MedrelayError {
  declare readonly code: RejectionCode;
  /** As in a diagnostic: `PID[1]-3[2].1`; the reason's own place unless told. ERR-2 is built from it. */
  readonly location: string | undefined;

  constructor(code: RejectionCode, location?: string, cause?: unknown) {
    const { text, at }: { text: string; at?: string } = rejections[code];
    super(code, text, cause);
    this.name = 'Rejection';
    this.location = location ?? at;
  }
}
