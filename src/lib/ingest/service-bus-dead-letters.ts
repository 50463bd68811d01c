import type { ServiceBusReceivedMessage, ServiceBusReceiver } from '@azure/service-bus';
import Long from 'long';
import type { Azure, BrokerEntity } from '../azure';
import type { DeadLetter, DeadLetterQueue } from './ports';

const page = 100;
/** More than a person reads; the rest shows when these are done. */
const maxPeeked = 1000;
const receiveWaitMilliseconds = 1000;

export function createDeadLetterQueue(azure: Azure, queue: BrokerEntity): DeadLetterQueue {
  async function withReceiver<T>(work: (receiver: ServiceBusReceiver) => Promise<T>): Promise<T> {
    const client = await azure.serviceBusClient();
    const options = { subQueueType: 'deadLetter', skipParsingBodyAsJson: true } as const;
    const receiver = client.createReceiver(queue, options);
    try {
      return await work(receiver);
    } finally {
      await receiver.close();
    }
  }

  return {
    peek: () =>
      withReceiver(async (receiver) => {
        const letters: DeadLetter[] = [];
        // Said each time: without it the SDK goes on where the last peek of this process ended.
        let fromSequenceNumber = Long.ZERO;
        while (letters.length < maxPeeked) {
          const next = await receiver.peekMessages(page, { fromSequenceNumber });
          const last = next.at(-1)?.sequenceNumber;
          if (last === undefined) break;
          letters.push(...next.map(letterOf));
          fromSequenceNumber = last.add(1);
        }
        return letters;
      }),

    take: (matches, handle) =>
      withReceiver(async (receiver) => {
        const handled: DeadLetter[] = [];
        const others = new Map<string | undefined, ServiceBusReceivedMessage>();
        for (let isNew = true; isNew;) {
          const messages = await receiver.receiveMessages(page, { maxWaitTimeInMs: receiveWaitMilliseconds });
          isNew = false;
          for (const message of messages) {
            const letter = letterOf(message);
            if (matches(letter)) {
              isNew = true;
              await handle(letter);
              await receiver.completeMessage(message);
              handled.push(letter);
            } else {
              // Met again: its lock ran out meanwhile, so the queue has been read to its end.
              const number = message.sequenceNumber?.toString();
              isNew ||= !others.has(number);
              others.set(number, message);
            }
          }
        }
        // Given back only now, or the next receive would meet them again. A dead-letter queue counts no deliveries, and
        // what cannot be given back comes back by itself.
        await Promise.allSettled([...others.values()].map((message) => receiver.abandonMessage(message)));
        return handled;
      }),
  };
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
