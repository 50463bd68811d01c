import { MedrelayError } from '../errors';
import { readDelivery } from './delivery';
import type { DeadLetter, IngestPorts, RejectedQueues } from './ports';
import { retryMessage } from './queue-message';
import { send, type SentMessage } from './send';
import { isFinal, type MessageDocument } from './types';

type Ports = IngestPorts & { readonly queues: RejectedQueues };

export interface WaitingForAPerson {
  readonly queue: 'hl7-rejected' | 'dead-letter';
  /** What `replay` takes. */
  readonly id: string;
  readonly tenantId?: string;
  readonly code: string;
  readonly enqueuedAt: string;
}

/** What nobody has looked at: refused messages and exhausted deliveries, without taking them from their queues. */
export async function listRejected(ports: Ports): Promise<readonly WaitingForAPerson[]> {
  const [rejected, dead] = await Promise.all([ports.queues.peekRejected(), ports.queues.peekDeadLetters()]);
  return [
    ...rejected.map((entry) => ({ queue: 'hl7-rejected' as const, ...entry })),
    ...dead.map((letter) => {
      const { origin, enqueuedAt, tenantId, unexplained } = readDelivery(letter.metadata, ports.clock.now());
      return {
        queue: 'dead-letter' as const,
        id: origin,
        code: unexplained?.code ?? letter.reason,
        enqueuedAt,
        ...(tenantId !== undefined && { tenantId }),
      };
    }),
  ];
}

/**
 * Sends what did not get through once more: rejected messages, and those that a lost delivery left unfinished. `reference`
 * is a document id, key, MSH-10, or the id of a dead letter. Returns the ids that were sent again.
 */
export async function replay(reference: string, ports: Ports): Promise<readonly string[]> {
  const documents = (await ports.messages.find(reference)).filter(isReplayable);
  for (const document of documents) {
    const { tenantId, raw, charset, editedFrom } = document;
    await ports.outbox.enqueue([
      {
        body: Buffer.from(JSON.stringify(raw)),
        properties: {
          tenantId,
          bodyKind: 'claim-check/1',
          replay: true,
          ...(charset === 'utf-8' && { charset }),
          ...(editedFrom !== undefined && { editedFrom }),
        },
      },
    ]);
  }
  const origins = new Set([reference, ...documents.map(({ origin }) => origin)]);
  const now = ports.clock.now();
  const originOf = ({ metadata }: DeadLetter): string => readDelivery(metadata, now).origin;
  const letters = await ports.queues.takeDeadLetters(
    (letter) => origins.has(originOf(letter)),
    async (letter) => {
      if (documents.length > 0) return;
      // Somebody has looked at it: it may fail as often as a new one.
      const delivery = { ...readDelivery(letter.metadata, now), unexplained: undefined };
      await ports.outbox.enqueue([await retryMessage(letter.body, delivery, now, ports)]);
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
