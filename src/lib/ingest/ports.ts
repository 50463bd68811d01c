import type { Audit } from '../audit';
import type { Conversion, SenderProfile } from '../convert';
import type { FhirStore, ResourceContainer } from '../fhir';
import type { RawMessage, RejectionCode } from '../hl7';
import type { Tenant } from '../tenants';
import type { ClinicalEvent } from './clinical-event';
import type { Delivery, Finding, MessageDocument, RawReference } from './types';

export interface StoredMessage {
  readonly document: MessageDocument;
  readonly etag: string;
}

export type Edit = Pick<MessageDocument, 'id' | 'status'> & { readonly editedFrom: string };

export interface MessageFilter {
  readonly tenantId?: string;
  readonly status?: string;
  readonly limit?: number;
}

/** The messages of one sender that ended in one status. */
export interface FeedCount extends SendingSystem {
  readonly tenantId: string;
  readonly status: string;
  readonly count: number;
  /** When the broker took the last one. */
  readonly lastSeen: string;
}

/** The container `clinical.messages`. */
export interface MessageStore {
  /** Undefined when a document with this id is there already. */
  create(document: MessageDocument): Promise<StoredMessage | undefined>;
  read(pk: string, id: string): Promise<StoredMessage | undefined>;
  /** Undefined when somebody else replaced it since it was read. */
  replace(document: MessageDocument, etag: string): Promise<StoredMessage | undefined>;
  /** Newest first. */
  list(filter: MessageFilter): Promise<readonly MessageDocument[]>;
  /** Of what came since then. */
  countFeeds(since: string): Promise<readonly FeedCount[]>;
  /** Refused for good, or waiting for a scheduled retry; newest first. */
  listOpen(): Promise<readonly MessageDocument[]>;
  /** Every message that a person corrected and sent: few, whatever the traffic. */
  listEdits(): Promise<readonly Edit[]>;
  /** By document id, message key or MSH-10. */
  find(reference: string): Promise<readonly MessageDocument[]>;
}

/** Message bytes, encrypted, in `hl7-raw`. */
export interface RawVault {
  /** Where these bytes are, or will be once `put`: the same for the same tenant and bytes, for ever. */
  reference(tenantId: string, bytes: Uint8Array): Promise<RawReference>;
  /** Writes unless they are there. */
  put(tenantId: string, reference: RawReference, bytes: Uint8Array, enqueuedAt: string): Promise<void>;
  /** Undefined when there is no such blob or it does not hold what the reference says. */
  get(tenantId: string, reference: RawReference): Promise<Uint8Array | undefined>;
}

/** A body for `hl7-messages`. */
export interface QueueMessage {
  readonly messageId?: string;
  readonly body: Uint8Array;
  readonly properties: Readonly<Record<string, string | number | boolean>>;
  readonly notBefore?: Date;
}

/** What waits in `hl7-rejected` for a person. */
export interface RejectedMessage {
  /** For the broker's duplicate detection: the same on every redelivery, another on every replay. */
  readonly messageId: string;
  readonly tenantId: string;
  /** Of the message document, with its partition. */
  readonly id: string;
  readonly pk: string;
  readonly code: RejectionCode;
  readonly ack: string;
  readonly raw: RawReference;
}

export interface Outbox {
  enqueue(message: QueueMessage): Promise<void>;
  reject(message: RejectedMessage): Promise<void>;
  publish(event: ClinicalEvent): Promise<void>;
}

export type Interpretation =
  | {
      readonly kind: 'converted';
      readonly conversion: Conversion;
      readonly sourceTime: string;
      readonly profile: string;
    }
  | {
      readonly kind: 'rejected';
      readonly code: RejectionCode;
      readonly location?: string;
      readonly findings: readonly Finding[];
    };

/** MSH-3 and MSH-4. */
export interface SendingSystem {
  readonly application: string;
  readonly facility: string;
}

export interface IngestPorts {
  readonly tenants: { find(id: string): Tenant | undefined; readonly defaultTenant: string };
  readonly profiles: readonly SenderProfile[];
  readonly profileOf: (tenantId: string, sender: SendingSystem) => SenderProfile;
  /** Bytes to a validated Bundle or a refusal. Pure. */
  readonly interpret: (
    raw: RawMessage,
    tenant: Tenant,
    delivery: Pick<Delivery, 'enqueuedAt' | 'charset'>,
  ) => Interpretation;
  readonly messages: MessageStore;
  readonly raw: RawVault;
  readonly resources: ResourceContainer;
  readonly audit: Audit;
  readonly outbox: Outbox;
  readonly clock: { now(): Date; sleep(milliseconds: number): Promise<void> };
  /** Between attempts that the queue waits out; the last one repeats. */
  readonly retryDelaysSeconds: readonly number[];
  /** A larger body travels as a claim check. */
  readonly maxInlineBytes: number;
}

/** What one invocation works with: the ports made patient, and the FHIR store over them. */
export type InvocationPorts = IngestPorts & { readonly fhir: Pick<FhirStore, 'storeBundle'> };

/** A message that the broker gave up delivering. */
export interface DeadLetter {
  /** As `readDelivery` takes it. */
  readonly metadata: unknown;
  readonly body: Uint8Array;
  readonly reason: string;
}

/** The dead letters of `hl7-messages`. */
export interface DeadLetterQueue {
  peek(): Promise<readonly DeadLetter[]>;
  /** Hands the matching ones to `handle` and removes each that it handled. */
  take(
    matches: (letter: DeadLetter) => boolean,
    handle: (letter: DeadLetter) => Promise<void>,
  ): Promise<readonly DeadLetter[]>;
}
