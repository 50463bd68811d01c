import { randomUUID } from 'node:crypto';
import { resolveTenant } from './context';
import { firstDocument } from './documents';
import { repetitionId, sha256, useId } from './identity';
import { messagesIn } from './messages-in';
import type { IngestPorts } from './ports';
import { packMessage } from './queue-message';
import { isFinal, type MessageDocument } from './types';

/** A message on its way: enough to find what became of it. */
export interface SentMessage {
  readonly key: string;
  readonly id: string;
  readonly pk: string;
  readonly origin: string;
  readonly index: number;
}

export interface SendOptions {
  /** Absent: the default tenant. */
  readonly tenant?: string;
  /** The document whose message these bytes correct. */
  readonly editedFrom?: string;
}

/** Resolves when the broker has the body. One body may hold several messages. */
export async function send(
  bytes: Uint8Array,
  { tenant, editedFrom }: SendOptions,
  ports: IngestPorts,
): Promise<readonly SentMessage[]> {
  const now = ports.clock.now();
  const enqueuedAt = now.toISOString();
  // The one id of the pipeline that is random: it tells two sends of the same bytes apart.
  const origin = randomUUID();
  const edit = editedFrom === undefined ? {} : { editedFrom };
  const message = await packMessage(bytes, { tenantId: tenant, ...edit }, enqueuedAt, ports);
  await ports.outbox.enqueue({ ...message, messageId: origin });

  const context = resolveTenant(tenant, ports);
  const delivery = { origin, enqueuedAt, attempt: 0, isReplay: false, ...edit };
  return messagesIn(bytes).map(({ raw }) => {
    const reference = { blob: '', sha256: sha256(raw.bytes), length: raw.bytes.byteLength };
    const { key, id, pk } = firstDocument({ ...context, raw, delivery }, reference, now);
    return { key, id, pk, origin, index: raw.index };
  });
}

/** What became of a sent message so far; undefined while it has no document of its own. */
async function fateOf(
  { id, pk, origin, index }: SentMessage,
  { messages }: Pick<IngestPorts, 'messages'>,
): Promise<MessageDocument | undefined> {
  for (let use = 1; ; use++) {
    const first = (await messages.read(pk, useId(id, use)))?.document;
    if (first === undefined) return undefined;
    if (first.origin === origin && first.index === index) return first;
    const repetition = await messages.read(pk, repetitionId(first.id, origin, index));
    if (repetition) return repetition.document;
  }
}

const pollMilliseconds = 250;
/** Point reads at a time; a folder of samples has thousands of messages. */
const readsAtOnce = 32;

/**
 * Waits until every sent message has its final status or the time is over, and reports each once when it gets there.
 * Resolves to those that are still on the way.
 */
export async function waitFor(
  sent: readonly SentMessage[],
  options: {
    readonly timeoutMs: number;
    readonly onFinal: (sent: SentMessage, document: MessageDocument) => void;
  },
  ports: Pick<IngestPorts, 'messages' | 'clock'>,
): Promise<readonly SentMessage[]> {
  const deadline = ports.clock.now().getTime() + options.timeoutMs;
  let pending = sent;
  for (;;) {
    const open: SentMessage[] = [];
    for (let start = 0; start < pending.length; start += readsAtOnce) {
      const some = pending.slice(start, start + readsAtOnce);
      const fates = await Promise.all(some.map((message) => fateOf(message, ports)));
      some.forEach((message, i) => {
        const document = fates[i];
        if (document !== undefined && isFinal(document.status)) options.onFinal(message, document);
        else open.push(message);
      });
    }
    pending = open;
    if (pending.length === 0 || ports.clock.now().getTime() >= deadline) return pending;
    await ports.clock.sleep(pollMilliseconds);
  }
}
