import { MedrelayError } from '../errors';
import { sealedConflictContent } from './conflict';
import { asDocument, canonicalOf, provenDocument } from './document';
import { inLanes } from './lanes';
import { createOrRead, createRecorder, queueMessageId, sameStatement, type AuditPorts } from './record';
import { createSinkGuards, type SinkGuards } from './sink-guard';

export type Replayed = 'persisted' | 'duplicate' | 'conflict';

export interface ReplayPorts extends AuditPorts {
  /** How long a document waits in the queue between attempts while the store is away; the last one repeats. */
  readonly retryDelaysSeconds: readonly number[];
}

export interface AuditReplay {
  /**
   * Brings one document of the queue `audit-ingest` into the store; any number of times. While the store is away or
   * refuses us it is queued again for later: a function that throws gets the message back at once, and after ten such
   * deliveries, which take seconds, the event would lie among the dead letters.
   * @throws MedrelayError AUDIT_DOCUMENT_INVALID for what this product did not write, and after five attempts whatever
   * nobody has an explanation for: these belong in the dead letters.
   */
  replayQueued(document: unknown, attempt?: number): Promise<Replayed | 'postponed'>;
  /**
   * Brings every journaled document into the store and then takes it out; what was refused stays, and is counted. Beside
   * another that does the same, each does a part.
   */
  replayJournal(): Promise<Record<Replayed | 'refused', number>>;
}

export function createAuditReplay(
  ports: ReplayPorts,
  guards: SinkGuards = createSinkGuards(ports.classify),
): AuditReplay {
  const { cipher, store, queue, journal, classify, retryDelaysSeconds, clock = { now: Date.now } } = ports;
  const recorder = createRecorder(ports, guards);

  /** Opens nothing but a conflict: what was sealed about a person stays evidence when the keys are gone. */
  async function bringIn(candidate: unknown): Promise<Replayed> {
    const document = await provenDocument(cipher, candidate);
    const stored = await createOrRead(store, guards.store, document);
    if (stored.leafHash === document.leafHash) return 'persisted';
    if (sameStatement(stored, document)) return 'duplicate';
    const report = canonicalOf(await sealedConflictContent(cipher, document));
    await recorder.deliver(await recorder.seal(report));
    return 'conflict';
  }

  return {
    async replayQueued(candidate, attempt = 0) {
      try {
        return await bringIn(candidate);
      } catch (error) {
        if (isRefusal(error) || (attempt >= maxUnexplained && !WORTH_WAITING.has(classify(error).kind)))
          throw error;
        const document = asDocument(candidate);
        const delay = retryDelaysSeconds[attempt] ?? retryDelaysSeconds.at(-1) ?? 60;
        // An id of its own: the broker's duplicate detection still remembers the one before.
        const messageId = `${queueMessageId(document)}.${attempt + 1}`;
        await queue.postpone(document, messageId, attempt + 1, new Date(clock.now() + delay * 1000));
        return 'postponed';
      }
    },
    async replayJournal() {
      const counts = { persisted: 0, duplicate: 0, conflict: 0, refused: 0 };
      await inLanes(JOURNAL_LANES, journal.names(), async (name) => {
        const document = await journal.open(name);
        if (document === undefined) return;
        const replayed = await bringIn(document).catch(orRefused);
        counts[replayed] += 1;
        if (replayed !== 'refused') await journal.remove(name);
      });
      return counts;
    },
  };
}

/** Each event costs three requests after each other, and an hour without store and broker leaves a million. */
const JOURNAL_LANES = 16;
const maxUnexplained = 5;
const WORTH_WAITING = new Set(['unavailable', 'throttled', 'denied']);

const REFUSALS = ['AUDIT_DOCUMENT_INVALID', 'KEY_UNKNOWN', 'DECRYPT_FAILED'];
const isRefusal = (error: unknown): boolean =>
  error instanceof MedrelayError && REFUSALS.includes(error.code);

/** One damaged document must not keep the others from the store; a store that is away stops the run. */
function orRefused(error: unknown): 'refused' {
  if (isRefusal(error)) return 'refused';
  // The damaged key of one tenant, that is; the others' events go on.
  if (error instanceof MedrelayError && error.code === 'KEY_UNWRAP_FAILED') return 'refused';
  throw error;
}
