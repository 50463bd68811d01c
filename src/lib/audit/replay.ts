import { MedrelayError } from '../errors';
import { conflictContent } from './conflict';
import { openDocument } from './document';
import { createOrRead, createRecorder, sameStatement, type AuditPorts } from './record';
import { createSinkGuard, systemClock } from './sink-guard';

export type Replayed = 'persisted' | 'duplicate' | 'conflict';

export interface AuditReplay {
  /**
   * Brings one document of the queue `audit-ingest` into the store; any number of times. Throws while the store is
   * away, so that the message stays in the queue.
   * @throws MedrelayError AUDIT_DOCUMENT_INVALID for what this product did not write: it belongs in the dead letters.
   */
  replayQueued(document: unknown): Promise<Replayed>;
  /** Brings every journaled document into the store and then takes it out; what was refused stays, and is counted. */
  replayJournal(): Promise<Record<Replayed | 'refused', number>>;
}

export function createAuditReplay(ports: AuditPorts): AuditReplay {
  const { cipher, store, journal, classify, clock = systemClock } = ports;
  const guard = createSinkGuard({ attempts: 3, timeoutMs: 5_000 }, classify, clock);
  const recordContent = createRecorder(ports);

  async function replayQueued(candidate: unknown): Promise<Replayed> {
    const { document, content } = await openDocument(cipher, candidate);
    const stored = await createOrRead(store, guard, document);
    if (stored.leafHash === document.leafHash) return 'persisted';
    if (sameStatement(stored, document)) return 'duplicate';
    await recordContent(conflictContent(content, document));
    return 'conflict';
  }

  return {
    replayQueued,
    async replayJournal() {
      const counts = { persisted: 0, duplicate: 0, conflict: 0, refused: 0 };
      for await (const { name, document } of journal.entries()) {
        const replayed = await replayQueued(document).catch(orRefused);
        counts[replayed] += 1;
        if (replayed !== 'refused') await journal.remove(name);
      }
      return counts;
    },
  };
}

const REFUSALS = ['AUDIT_DOCUMENT_INVALID', 'KEY_UNKNOWN', 'DECRYPT_FAILED'];

/** One damaged document must not keep the others from the store; a store that is away stops the run. */
function orRefused(error: unknown): 'refused' {
  if (error instanceof MedrelayError && REFUSALS.includes(error.code)) return 'refused';
  throw error;
}
