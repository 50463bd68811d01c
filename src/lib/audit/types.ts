/**
 * The audit event as callers state it. Codes are FHIR R4 AuditEvent codes (DICOM DCM, ISO 21089 lifecycle...).
 * Everything in `phi` is encrypted before it is written and hashed as ciphertext.
 */
export interface Coding {
  readonly system: string;
  readonly code: string;
  readonly display?: string;
}

export interface AuditAgent {
  readonly type?: Coding;
  /** An opaque identifier: a service, a client, a user id. Never a patient's name. */
  readonly who: string;
  readonly requestor: boolean;
  readonly network?: string;
}

export interface AuditEntity {
  readonly type: Coding;
  readonly role?: Coding;
  /** `Type/id` or a message key. */
  readonly what: string;
  readonly securityLabels?: readonly string[];
}

export interface AuditEventInput {
  readonly tenantId: string;
  /** Which producer: `hl7Processor`, `hl7Webhook`, `cli`... */
  readonly source: string;
  /** Stable across redelivery; with tenantId and source it makes the event's id. */
  readonly sourceKey: string;
  /** From the source (broker enqueue time, MSH-7...), never the handler's clock: it decides the partition. ISO 8601 UTC. */
  readonly occurredAt: string;
  readonly type: Coding;
  readonly subtype?: readonly Coding[];
  readonly action: 'C' | 'R' | 'U' | 'D' | 'E';
  readonly outcome: '0' | '4' | '8' | '12';
  /** A product code such as a rejection code; no free text. */
  readonly outcomeCode?: string;
  readonly purpose?: readonly Coding[];
  readonly agents: readonly AuditAgent[];
  readonly entities: readonly AuditEntity[];
  /** Path -> plaintext. Encrypted under the tenant's key before anything is written or queued. */
  readonly phi?: Readonly<Record<string, string>>;
  /** Counts and codes only; integers and strings. */
  readonly ext?: Readonly<Record<string, string | number>>;
}

export interface AuditReceipt {
  readonly id: string;
  readonly leafHash: string;
  /** Where the event is durable by now. */
  readonly state: 'persisted' | 'queued' | 'journaled';
  /** True when the same event was there already. */
  readonly duplicate: boolean;
}

/** The whole of what the rest of the product sees. Resolves only when the event is durable. */
export interface Audit {
  record(event: AuditEventInput): Promise<AuditReceipt>;
}
