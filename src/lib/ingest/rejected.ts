import { MedrelayError } from '../errors';
import { readDelivery } from './delivery';
import type { DeadLetter, DeadLetterQueue, Edit, IngestPorts } from './ports';
import { retryMessage } from './queue-message';
import { send, type SentMessage } from './send';
import { isFinal, type MessageDocument } from './types';

type Ports = IngestPorts & { readonly deadLetters: DeadLetterQueue };

/** A message that is not done, and not on its way either. */
export interface WaitingMessage {
  /** `hl7-rejected` and `dead-letter` wait for a person, `scheduled` for its time. */
  readonly queue: 'hl7-rejected' | 'dead-letter' | 'scheduled';
  /** What `replay` takes. */
  readonly id: string;
  readonly tenantId?: string;
  readonly code: string;
  readonly enqueuedAt: string;
  /** When a scheduled one is tried again. */
  readonly until?: string;
}

/**
 * Refused messages that nobody has replayed or corrected with success, exhausted deliveries, and what is delayed. The
 * documents decide, not the entries of `hl7-rejected`: these stay there after a replay for whoever reads that queue.
 */
export async function listWaiting({
  messages,
  deadLetters,
  clock,
}: Ports): Promise<readonly WaitingMessage[]> {
  const [open, edits, letters] = await Promise.all([
    messages.listOpen(),
    messages.listEdits(),
    deadLetters.peek(),
  ]);
  const dead = letters.map(({ metadata, reason }): WaitingMessage => {
    const { origin, enqueuedAt, tenantId, unexplained } = readDelivery(metadata, clock.now());
    const code = unexplained?.code ?? reason;
    return {
      queue: 'dead-letter',
      id: origin,
      code,
      enqueuedAt,
      ...(tenantId !== undefined && { tenantId }),
    };
  });
  const isDead = new Set(dead.map(({ id }) => id));
  const documents = open.flatMap(({ id, tenantId, enqueuedAt, origin, code, waiting }): WaitingMessage[] => {
    if (code !== undefined)
      return isCorrected(id, edits) ? [] : [{ queue: 'hl7-rejected', id, tenantId, code, enqueuedAt }];
    if (waiting === undefined || isDead.has(origin)) return [];
    return [{ queue: 'scheduled', id, tenantId, code: waiting.code, enqueuedAt, until: waiting.until }];
  });
  return [...documents, ...dead];
}

/** A correction that was refused too may have been corrected itself. */
const isCorrected = (id: string, edits: readonly Edit[]): boolean =>
  edits.some((edit) => edit.editedFrom === id && (edit.status === 'done' || isCorrected(edit.id, edits)));

/**
 * Sends what did not get through once more: rejected messages, and those that a lost delivery left unfinished. `reference`
 * is a document id, key, MSH-10, or the id of a dead letter. Returns the ids that were sent again.
 */
export async function replay(reference: string, ports: Ports): Promise<readonly string[]> {
  const documents = (await ports.messages.find(reference)).filter(isReplayable);
  for (const document of documents) {
    const { tenantId, raw, charset, editedFrom } = document;
    await ports.outbox.enqueue({
      body: Buffer.from(JSON.stringify(raw)),
      properties: {
        tenantId,
        bodyKind: 'claim-check/1',
        replay: true,
        ...(charset === 'utf-8' && { charset }),
        ...(editedFrom !== undefined && { editedFrom }),
      },
    });
  }
  const origins = new Set([reference, ...documents.map(({ origin }) => origin)]);
  const now = ports.clock.now();
  const originOf = ({ metadata }: DeadLetter): string => readDelivery(metadata, now).origin;
  const letters = await ports.deadLetters.take(
    (letter) => origins.has(originOf(letter)),
    async (letter) => {
      if (documents.length > 0) return;
      // Somebody has looked at it: it may fail as often as a new one.
      const delivery = { ...readDelivery(letter.metadata, now), unexplained: undefined };
      await ports.outbox.enqueue(await retryMessage(letter.body, delivery, now, ports));
    },
  );
  const sent = documents.length > 0 ? documents.map(({ id }) => id) : letters.map(originOf);
  if (sent.length > 0) return sent;
  throw new MedrelayError(
    'NOTHING_TO_REPLAY',
    'No rejected or unfinished message and no dead letter has this key. See `medrelay messages list`.',
  );
}

const isReplayable = ({ status }: MessageDocument): boolean => status === 'rejected' || !isFinal(status);

/** Sends a corrected message as a new one that refers to the old, which stays as it is. */
export async function resubmitEdited(
  reference: string,
  bytes: Uint8Array,
  ports: Ports,
): Promise<readonly SentMessage[]> {
  const [document] = await ports.messages.find(reference);
  if (document) return send(bytes, { tenant: document.tenantId, editedFrom: document.id }, ports);
  throw new MedrelayError('MESSAGE_NOT_FOUND', 'No message has this key. See `medrelay messages list`.');
}
