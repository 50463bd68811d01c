import type { AuditDocument } from './document';

/** Where documents are created once and never replaced: the store itself, and the journal. */
export interface CreateOnly {
  /** `exists` when a document of this identity is there already. The signal ends an attempt that took too long. */
  create(document: AuditDocument, signal: AbortSignal): Promise<'created' | 'exists'>;
  /** The stored document of the same identity. */
  read(document: AuditDocument, signal: AbortSignal): Promise<AuditDocument | undefined>;
}

/** What became of one document of a bulk request; `refused` is anything that asking again may or may not change. */
export type Created = 'created' | 'throttled' | 'refused';

export interface EventStore extends CreateOnly {
  /** At most a hundred documents, each with its own fate. Throws when the request as a whole failed. */
  createMany(documents: readonly AuditDocument[], signal: AbortSignal): Promise<Created[]>;
  /** Documents of these partitions with from <= occurredAt < to, newest first. */
  list(partitions: readonly string[], from: string, to: string, limit: number): Promise<AuditDocument[]>;
}

export interface EventQueue {
  /** `messageId` is for the broker's duplicate detection. */
  send(document: AuditDocument, messageId: string, signal: AbortSignal): Promise<void>;
  /** Delivered again at `notBefore`, then as the given attempt. */
  postpone(document: AuditDocument, messageId: string, attempt: number, notBefore: Date): Promise<void>;
}

export interface EventJournal extends CreateOnly {
  names(): AsyncGenerator<string>;
  /** Nothing where another process has taken it out. */
  open(name: string): Promise<unknown>;
  remove(name: string): Promise<void>;
}

/** What a failed attempt means: whether to try again soon, and whether the service is in trouble. */
export interface Failure {
  readonly kind: string;
  readonly retryAfterMs?: number;
}
export type Classify = (error: unknown) => Failure;
