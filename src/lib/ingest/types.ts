import type { RejectionCode } from '../hl7';

/** Where the bytes of a message are kept, encrypted. `sha256` and `length` are those of the plain bytes. */
export interface RawReference {
  readonly blob: string;
  readonly sha256: string;
  readonly length: number;
}

/** A message as it came from the broker. */
export interface Delivery {
  /** Stays the same when the message is sent again after a failure: it tells a redelivery from a second send. */
  readonly origin: string;
  /** When the broker first took it (ISO 8601 UTC). Decides where audit events and keys live, so it stays as well. */
  readonly enqueuedAt: string;
  readonly tenantId?: string;
  readonly bodyKind?: string;
  /** Earlier attempts that ended in a scheduled retry. */
  readonly attempt: number;
  /** Those among them that failed for no known reason, and the last one's code. */
  readonly unexplained?: { readonly times: number; readonly code: string };
  /** A person asked for it again: what was rejected before is processed anew. */
  readonly isReplay: boolean;
  /** The document whose message a person corrected and sent. */
  readonly editedFrom?: string;
  /** The bytes are in this character set whatever MSH-18 says (text that once came as a JSON string). */
  readonly charset?: 'utf-8';
}

export type MessageStatus =
  'received' | 'converted' | 'stored' | 'done' | 'rejected' | 'conflict' | 'duplicate';

/** A diagnostic without its text. */
export interface Finding {
  readonly severity: string;
  readonly code: string;
  readonly location?: string;
}

/**
 * One message's story in `clinical.messages`. Holds no field of the message but routing (MSH-3..6, 9, 10).
 * `received`, `converted` and `stored` are on the way; the other four are final.
 */
export interface MessageDocument {
  readonly id: string;
  /** `<tenant>|<id of the first>`: duplicates and conflicts live beside the message they repeat. */
  readonly pk: string;
  readonly tenantId: string;
  /** Tenant, MSH-3, MSH-4 and MSH-10 in readable form, or `sha256:<hash>`. For people; never logged. */
  readonly key: string;
  readonly status: MessageStatus;
  /** The broker's delivery and the position in its body that made this document. */
  readonly origin: string;
  readonly index: number;
  readonly enqueuedAt: string;
  readonly receivedAt: string;
  readonly finishedAt?: string;
  readonly sha256: string;
  readonly raw: RawReference;
  readonly charset?: string;
  readonly controlId?: string;
  readonly event?: string;
  readonly sender?: { readonly application: string; readonly facility: string };
  /** A tenant that the message claimed and that does not exist. */
  readonly claimedTenant?: string;
  readonly editedFrom?: string;
  readonly code?: RejectionCode;
  readonly location?: string;
  /** The HL7 acknowledgement of a rejection: header fields and codes, no patient data. */
  readonly ack?: string;
  readonly sourceTime?: string;
  readonly profile?: string;
  readonly ledger?: { readonly carried: number; readonly kept: number; readonly unknown: number };
  readonly diagnostics?: readonly Finding[];
  readonly resources?: readonly string[];
  readonly resourceCount?: number;
  /** Set while the message waits for a scheduled retry. */
  readonly waiting?: { readonly attempt: number; readonly until: string; readonly code: string };
  /** Earlier outcomes of a replayed message, oldest first. */
  readonly history?: readonly {
    readonly status: MessageStatus;
    readonly code?: RejectionCode;
    readonly origin: string;
    readonly finishedAt?: string;
  }[];
}

/** What became of one message of a body. Ids, codes and counts only: safe to log. */
export interface Outcome {
  readonly id: string;
  readonly index: number;
  readonly status: MessageStatus;
  readonly code?: RejectionCode;
}

export const isFinal = (status: MessageStatus): boolean =>
  status === 'done' || status === 'rejected' || status === 'conflict' || status === 'duplicate';
