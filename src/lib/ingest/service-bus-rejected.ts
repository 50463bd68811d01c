import type { ServiceBusReceivedMessage, ServiceBusReceiver } from '@azure/service-bus';
import * as z from 'zod';
import type { Azure } from '../azure';
import { rejections, type RejectionCode } from '../hl7';
import type { DeadLetter, RejectedQueues } from './ports';

const page = 100;
/** More than a person reads; the rest shows when these are done. */
const maxPeeked = 1000;
const receiveWaitMilliseconds = 1000;

const rejectedSchema = z.object({
  id: z.string(),
  tenantId: z.string(),
  code: z.custom<RejectionCode>((value) => typeof value === 'string' && Object.hasOwn(rejections, value)),
});

export function createRejectedQueues(azure: Azure): RejectedQueues {
  async function withReceiver<T>(
    open: 'hl7-rejected' | 'dead-letter',
    work: (receiver: ServiceBusReceiver) => Promise<T>,
  ): Promise<T> {
    const client = await azure.serviceBusClient();
    const receiver =
      open === 'hl7-rejected'
        ? client.createReceiver('hl7-rejected')
        : client.createReceiver('hl7-messages', { subQueueType: 'deadLetter', skipParsingBodyAsJson: true });
    try {
      return await work(receiver);
    } finally {
      await receiver.close();
    }
  }

  return {
    async peekRejected() {
      const messages = await withReceiver('hl7-rejected', peekAll);
      return messages.flatMap(({ body, enqueuedTimeUtc = new Date(0) }) => {
        const parsed = rejectedSchema.safeParse(body);
        return parsed.success ? { ...parsed.data, enqueuedAt: enqueuedTimeUtc.toISOString() } : [];
      });
    },

    async peekDeadLetters() {
      return (await withReceiver('dead-letter', peekAll)).map(letterOf);
    },

    takeDeadLetters: (matches, handle) =>
      withReceiver('dead-letter', async (receiver) => {
        const handled: DeadLetter[] = [];
        const others: ServiceBusReceivedMessage[] = [];
        for (;;) {
          const messages = await receiver.receiveMessages(page, { maxWaitTimeInMs: receiveWaitMilliseconds });
          if (messages.length === 0) break;
          for (const message of messages) {
            const letter = letterOf(message);
            if (!matches(letter)) {
              others.push(message);
              continue;
            }
            await handle(letter);
            await receiver.completeMessage(message);
            handled.push(letter);
          }
        }
        // Given back only now, or the next receive would meet them again. A dead-letter queue counts no deliveries.
        await Promise.all(others.map((message) => receiver.abandonMessage(message)));
        return handled;
      }),
  };
}

async function peekAll(receiver: ServiceBusReceiver): Promise<ServiceBusReceivedMessage[]> {
  const messages: ServiceBusReceivedMessage[] = [];
  while (messages.length < maxPeeked) {
    const next = await receiver.peekMessages(page);
    if (next.length === 0) break;
    messages.push(...next);
  }
  return messages;
}

function letterOf(message: ServiceBusReceivedMessage): DeadLetter {
  const { messageId, sequenceNumber, enqueuedTimeUtc, applicationProperties, deadLetterReason } = message;
  const body: unknown = message.body;
  return {
    metadata: {
      messageId,
      sequenceNumber: sequenceNumber?.toString(),
      enqueuedTimeUtc,
      applicationProperties,
    },
    body: body instanceof Uint8Array ? body : Buffer.from(JSON.stringify(body)),
    reason: deadLetterReason ?? 'UNKNOWN',
  };
}
