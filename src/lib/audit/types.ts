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
  /** In which role it acted, for example v3 RoleCode or a workflow step's role. */
  readonly role?: Coding;
  /** Why this agent acted (v3 PurposeOfUse), where it differs from the event's. */
  readonly purpose?: readonly Coding[];
  /** A person's name; sealed as `agent.<n>.name`. */
  readonly name?: string;
}

export const CLASSIFICATIONS = ['PHI', 'PII', 'Financial', 'Public'] as const;
export type Classification = (typeof CLASSIFICATIONS)[number];

export const FRAMEWORKS = ['HIPAA', 'SOX', 'GDPR', '42CFRPart2'] as const;
export type Framework = (typeof FRAMEWORKS)[number];

/** What 45 CFR 164.528(b)(2) asks of an accounting, for a disclosure that has to be accounted for. */
export interface Disclosure {
  /** Who received it; sealed as `disclosure.recipient.<member>`. */
  readonly recipient: { readonly name: string; readonly address?: string; readonly type?: string };
  /** What permits it, such as `164.512(b)`: a code, stored as it is. */
  readonly basis: string;
  /** Why, as a code such as v3 PurposeOfUse `PUBHLTH`; stored as it is. */
  readonly purpose: string;
  /** What was disclosed; sealed as `disclosure.description`. */
  readonly description: string;
  /** How, as a code such as `fax`; stored as it is. */
  readonly method?: string;
}

export interface AuditEntity {
  readonly type: Coding;
  readonly role?: Coding;
  /** `Type/id` or a message key. */
  readonly what: string;
  readonly securityLabels?: readonly string[];
  /** The version of the resource, such as its `meta.versionId`. */
  readonly version?: string;
  /** Codes and ids about it, such as `X-Request-Id`; no free text. */
  readonly detail?: readonly { readonly type: string; readonly value: string }[];
  /** A search as it was asked; it may name a patient, so it is sealed as `entity.<n>.query`. */
  readonly query?: string;
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
  /** Where it is absent, the tenant's preset says what it counts as. */
  readonly classification?: Classification;
  readonly frameworks?: readonly Framework[];
  readonly workflow?: { readonly id: string; readonly step?: string };
  readonly correlationId?: string;
  /** `Patient/<id>`: whose own key seals the event's `phi`, so that it can be shredded for this patient alone. */
  readonly subject?: string;
  readonly disclosure?: Disclosure;
  /**
   * Path -> plaintext. Encrypted under the tenant's key before anything is written or queued. Paths that start with
   * `agent.`, `entity.` or `disclosure.` are the library's own.
   */
  readonly phi?: Readonly<Record<string, string>>;
  /** Counts and codes only; integers and strings. */
  readonly ext?: Readonly<Record<string, string | number>>;
}

export interface AuditReceipt {
  readonly id: string;
  readonly leafHash: string;
  /** Where the event is durable by now. */
  readonly state: 'persisted' | 'queued' | 'journaled';
  /**
   * A signed checkpoint covers the event by then; a later one is a finding. Counted from the receipt of the event, so
   * for one that waits in queue or journal it is the earliest promise, kept once the store takes it.
   */
  readonly sealedBy: string;
  /** True when the same event was there already. */
  readonly duplicate: boolean;
}

/** The whole of what the rest of the product sees. Resolves only when the event is durable. */
export interface Audit {
  record(event: AuditEventInput): Promise<AuditReceipt>;
}

export interface AuditLibrary extends Audit {
  /** Many at once, in any order; the fate of each stands at its place, and none takes another with it. */
  recordBatch(events: readonly AuditEventInput[]): Promise<PromiseSettledResult<AuditReceipt>[]>;
}
