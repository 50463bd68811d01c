import { randomBytes } from 'node:crypto';
import { MedrelayError } from '../errors';
import type { FieldCipher } from '../security';
import { conflictContent } from './conflict';
import {
  canonicalContent,
  contentOf,
  MAX_CONTENT_BYTES,
  sealContent,
  type AuditContent,
  type AuditDocument,
} from './document';
import type { Classify, EventJournal, EventQueue, EventStore } from './ports';
import { createSinkGuard, systemClock, type Clock, type Guard } from './sink-guard';
import type { Audit, AuditReceipt } from './types';

export interface AuditPorts {
  /** The process that records, as auditors will see it: `medrelay-functions`, `medrelay-cli`. */
  readonly app: string;
  readonly cipher: FieldCipher;
  readonly store: EventStore;
  readonly queue: EventQueue;
  readonly journal: EventJournal;
  readonly classify: Classify;
  readonly clock?: Clock;
}

/** Records content, never twice: what `record` and the conflict report of a replay share. */
export type RecordContent = (content: AuditContent) => Promise<AuditReceipt>;

export function createAudit(ports: AuditPorts): Audit {
  const recordContent = createRecorder(ports);
  return {
    async record(event) {
      const content = contentOf(event);
      if (canonicalContent(content).length > MAX_CONTENT_BYTES) {
        throw new MedrelayError(
          'AUDIT_EVENT_INVALID',
          `The audit event exceeds ${MAX_CONTENT_BYTES} bytes. Refer to large data by its id instead.`,
        );
      }
      return recordContent(content);
    },
  };
}

/**
 * Store, else queue, else journal; each is durable before this resolves, and each carries the same document.
 * The normal case costs one create and no read.
 */
export function createRecorder(ports: AuditPorts): RecordContent {
  const { app, cipher, store, queue, journal, classify, clock = systemClock } = ports;
  const guards = {
    store: createSinkGuard({ attempts: 3, timeoutMs: 2_000 }, classify, clock),
    queue: createSinkGuard({ attempts: 2, timeoutMs: 5_000 }, classify, clock),
    journal: createSinkGuard({ attempts: 2, timeoutMs: 10_000 }, classify, clock),
  };
  const sequence = createSequence();
  const instance = randomBytes(8).toString('hex');

  const recordContent: RecordContent = async (content) => {
    const seq = sequence.take();
    const receivedAt = new Date(clock.now()).toISOString();
    const recording = { receivedAt, recordedBy: { app, instance, seq } };
    const document = await sealContent(cipher, content, canonicalContent(content), recording).catch(
      (cause: unknown) => {
        sequence.giveBack(seq);
        throw notDurable(cause, 'the keys that encrypt it are not available');
      },
    );
    const { id, leafHash } = document;

    async function createIn(
      sink: EventStore | EventJournal,
      guard: Guard,
      state: AuditReceipt['state'],
    ): Promise<AuditReceipt> {
      const stored = await createOrRead(sink, guard, document);
      // Ours: stored just now, or by an attempt of ours whose answer was lost.
      if (stored.leafHash === leafHash)
        return { id, leafHash, state, sealedBy: sealedBy(document), duplicate: false };
      // This number will never arrive; given to the next event, it leaves no gap for a verifier to explain.
      sequence.giveBack(seq);
      if (sameStatement(stored, document))
        return { id, leafHash: stored.leafHash, state, sealedBy: sealedBy(stored), duplicate: true };
      return recordContent(conflictContent(content, document));
    }

    const failed: unknown[] = [];
    const sinks = [
      () => createIn(store, guards.store, 'persisted'),
      async (): Promise<AuditReceipt> => {
        await guards.queue((signal) => queue.send(document, queueMessageId(document), signal));
        return { id, leafHash, state: 'queued', sealedBy: sealedBy(document), duplicate: false };
      },
      () => createIn(journal, guards.journal, 'journaled'),
    ];
    for (const attempt of sinks) {
      try {
        return await attempt();
      } catch (error) {
        // A conflict report that no sink took: trying it, or its event, further down would lose the difference.
        if (error instanceof MedrelayError && error.code === 'AUDIT_NOT_DURABLE') throw error;
        failed.push(error);
      }
    }
    throw notDurable(
      new AggregateError(failed),
      `store, queue and journal all refused it (${failed.map((error) => classify(error).kind).join(', ')})`,
    );
  };
  return recordContent;
}

/** The maximum merge delay, in the words of RFC 6962 section 3: how long a receipt may wait for its checkpoint. */
const MERGE_DELAY_MS = 60_000;

const sealedBy = ({ receivedAt }: AuditDocument): string =>
  new Date(Date.parse(receivedAt) + MERGE_DELAY_MS).toISOString();

/** The document under this identity: ours if it could be created, else the one that was first. */
export async function createOrRead(
  sink: EventStore | EventJournal,
  guard: Guard,
  document: AuditDocument,
): Promise<AuditDocument> {
  return guard(async (signal) => {
    if ((await sink.create(document, signal)) === 'created') return document;
    const stored = await sink.read(document, signal);
    // Possible for a moment after a 409 when another replica answers the read.
    if (!stored) throw new MedrelayError('AUDIT_READ_BEHIND', 'The stored audit event is not readable yet.');
    return stored;
  });
}

export function sameStatement(a: AuditDocument, b: AuditDocument): boolean {
  return a.sourceMac.kid === b.sourceMac.kid && a.sourceMac.val === b.sourceMac.val;
}

/**
 * Not the bare event id: the broker's duplicate detection would drop a second, different statement under one id
 * without a word. 32 + 1 + 43 characters; Service Bus allows 128.
 */
export function queueMessageId({ id, sourceMac }: AuditDocument): string {
  return `${id}.${Buffer.from(sourceMac.val, 'base64').toString('base64url')}`;
}

function createSequence(): { take(): number; giveBack(seq: number): void } {
  const returned: number[] = [];
  let next = 1;
  return {
    take: () => returned.pop() ?? next++,
    giveBack: (seq) => void returned.push(seq),
  };
}

function notDurable(cause: unknown, why: string): MedrelayError {
  return new MedrelayError(
    'AUDIT_NOT_DURABLE',
    `The audit event is not recorded: ${why}. Nothing that depends on it may be reported as done; try again later.`,
    cause,
  );
}
