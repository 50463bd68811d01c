import { randomBytes } from 'node:crypto';
import { MedrelayError } from '../errors';
import type { FieldCipher } from '../security';
import { conflictContent, isConflictReport } from './conflict';
import { createCorrelationCache } from './correlation';
import { contentOf, MAX_CONTENT_BYTES, type AuditContent } from './content';
import { canonicalOf, sealContent, type AuditDocument, type Canonical, type PresetNote } from './document';
import type { Classify, EventJournal, EventQueue, EventStore } from './ports';
import type { ApplyPreset } from './presets';
import { createSinkGuards, type Guard, type SinkGuards } from './sink-guard';
import type { AuditEventInput, AuditReceipt } from './types';

export interface AuditPorts {
  /** The process that records, as auditors will see it: `medrelay-functions`, `medrelay-cli`. */
  readonly app: string;
  readonly cipher: FieldCipher;
  readonly store: EventStore;
  readonly queue: EventQueue;
  readonly journal: EventJournal;
  readonly classify: Classify;
  /** What the tenant expects of its events. Never fails: without configuration there is a default. */
  readonly presetOf: (tenantId: string) => ApplyPreset;
  readonly clock?: { now(): number };
}

/** A sealed event on its way to a sink. */
export interface Outgoing {
  readonly content: AuditContent;
  readonly document: AuditDocument;
  readonly isFailClosed: boolean;
}

export interface Received {
  readonly receivedAt: string;
  readonly preset: PresetNote;
  readonly isFailClosed: boolean;
}

/** The steps of recording, shared by one event, by many, and by the conflict report of a replay. */
export interface Recorder {
  /** What is added to a statement. In the order of events: one may begin the workflow that a later one belongs to. */
  receive(canonical: Canonical): Received;
  /** @throws MedrelayError AUDIT_NOT_DURABLE without keys: nothing is written in the clear. */
  seal(canonical: Canonical, received?: Received): Promise<Outgoing>;
  /** Durable when it resolves: store, else queue, else journal. */
  deliver(outgoing: Outgoing): Promise<AuditReceipt>;
  /** As `deliver`, where the store is known not to take it. */
  divert(outgoing: Outgoing, refused: unknown): Promise<AuditReceipt>;
  /** The receipt of what the store now holds under the event's id: ours, an earlier delivery of it, or a conflict. */
  settle(outgoing: Outgoing, stored: AuditDocument, state: AuditReceipt['state']): Promise<AuditReceipt>;
}

/** @throws MedrelayError AUDIT_EVENT_INVALID */
export function stated(event: AuditEventInput): Canonical {
  const canonical = canonicalOf(contentOf(event));
  if (Buffer.byteLength(canonical.text) <= MAX_CONTENT_BYTES) return canonical;
  throw new MedrelayError(
    'AUDIT_EVENT_INVALID',
    `The audit event exceeds ${MAX_CONTENT_BYTES} bytes. Refer to large data by its id instead.`,
  );
}

export function createRecorder(
  ports: AuditPorts,
  guards: SinkGuards = createSinkGuards(ports.classify),
): Recorder {
  const { app, cipher, store, queue, journal, classify, presetOf, clock = { now: Date.now } } = ports;
  const sequence = createSequence();
  const instance = randomBytes(8).toString('hex');
  const correlationOf = createCorrelationCache(clock.now);

  const recorder: Recorder = {
    receive({ content }) {
      const receivedAt = new Date(clock.now()).toISOString();
      const { note, isFailClosed } = presetOf(content.tenantId)(content, receivedAt);
      const filled = { ...note.filled, correlationId: correlationOf(content) };
      return { receivedAt, preset: { ...note, filled }, isFailClosed };
    },

    async seal(canonical, { receivedAt, preset, isFailClosed } = recorder.receive(canonical)) {
      const seq = sequence.take();
      try {
        const recording = { receivedAt, recordedBy: { app, instance, seq }, preset };
        const document = await sealContent(cipher, canonical, recording);
        return { content: canonical.content, document, isFailClosed };
      } catch (cause) {
        sequence.giveBack(seq);
        throw notDurable(cause, 'the keys that encrypt it are not available');
      }
    },

    async deliver(outgoing) {
      try {
        return await createIn(store, guards.store, outgoing, 'persisted');
      } catch (error) {
        return recorder.divert(outgoing, error);
      }
    },

    async divert(outgoing, refused) {
      throwUnreported(refused);
      const { document, isFailClosed } = outgoing;
      const failed = [refused];
      try {
        await guards.queue((signal) => queue.send(document, queueMessageId(document), signal));
        return receiptOf(document, 'queued');
      } catch (error) {
        failed.push(error);
      }
      const kinds = () => failed.map((error) => classify(error).kind).join(', ');
      if (isFailClosed) {
        throw notDurable(
          new AggregateError(failed),
          `store and queue refused it (${kinds()}), and by the tenant's policy its class may not wait in the journal`,
        );
      }
      try {
        return await createIn(journal, guards.journal, outgoing, 'journaled');
      } catch (error) {
        throwUnreported(error);
        failed.push(error);
      }
      throw notDurable(new AggregateError(failed), `store, queue and journal all refused it (${kinds()})`);
    },

    async settle({ content, document }, stored, state) {
      // Ours: stored just now, or by an attempt of ours whose answer was lost.
      if (stored.leafHash === document.leafHash) return receiptOf(document, state);
      // This number will never arrive; given to the next event, it leaves no gap for a verifier to explain.
      sequence.giveBack(document.recordedBy.seq);
      if (sameStatement(stored, document)) return { ...receiptOf(stored, state), duplicate: true };
      return recorder.deliver(await recorder.seal(canonicalOf(conflictContent(content, document))));
    },
  };

  async function createIn(
    sink: EventStore | EventJournal,
    guard: Guard,
    outgoing: Outgoing,
    state: AuditReceipt['state'],
  ): Promise<AuditReceipt> {
    return recorder.settle(outgoing, await createOrRead(sink, guard, outgoing.document), state);
  }
  return recorder;
}

/** A conflict report that no sink took: trying it, or its event, further down would lose the difference. */
function throwUnreported(error: unknown): void {
  if (error instanceof MedrelayError && error.code === 'AUDIT_NOT_DURABLE') throw error;
}

/** The maximum merge delay, in the words of RFC 6962 section 3: how long a receipt may wait for its checkpoint. */
export const MERGE_DELAY_MS = 60_000;

export const receiptOf = (
  { id, leafHash, receivedAt }: AuditDocument,
  state: AuditReceipt['state'],
): AuditReceipt => ({
  id,
  leafHash,
  state,
  sealedBy: new Date(Date.parse(receivedAt) + MERGE_DELAY_MS).toISOString(),
  duplicate: false,
});

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

/** Of two documents under one id. */
export function sameStatement(a: AuditDocument, b: AuditDocument): boolean {
  const isEqual = a.sourceMac.kid === b.sourceMac.kid && a.sourceMac.val === b.sourceMac.val;
  return isEqual || (isConflictReport(a) && isConflictReport(b));
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
