import type { ServiceBusReceivedMessage, ServiceBusReceiver } from '@azure/service-bus';
import Long from 'long';
import type { BacklogSource, Waiting } from '../audit';
import { JOURNAL } from './audit-sinks';
import type { Azure } from './clients';

const PAGE = 100;

/** Looks and takes nothing: peeking locks no message, and needs no right that the app does not have. */
export function createBacklogSource(azure: Azure): BacklogSource {
  async function peeked(limit: number, options: { readonly subQueueType?: 'deadLetter' }): Promise<Waiting> {
    const receiver = (await azure.serviceBusClient()).createReceiver('audit-ingest', options);
    try {
      return waiting(await peekAll(receiver, limit), receivedAtOf);
    } finally {
      await receiver.close();
    }
  }

  return {
    queued: (limit) => peeked(limit, {}),
    deadLettered: (limit) => peeked(limit, { subQueueType: 'deadLetter' }),
    async journaled(limit) {
      const container = await azure.blobContainer('audit-archive');
      const blobs: (Date | undefined)[] = [];
      for await (const { properties } of container.listBlobsFlat({ prefix: JOURNAL })) {
        blobs.push(properties.createdOn);
        if (blobs.length === limit) break;
      }
      return waiting(blobs, (date) => date?.toISOString());
    },
  };
}

async function peekAll(receiver: ServiceBusReceiver, limit: number): Promise<ServiceBusReceivedMessage[]> {
  const found: ServiceBusReceivedMessage[] = [];
  // Said each time: without it the SDK goes on where the last peek ended.
  let fromSequenceNumber = Long.ZERO;
  while (found.length < limit) {
    const next = await receiver.peekMessages(Math.min(PAGE, limit - found.length), { fromSequenceNumber });
    const last = next.at(-1)?.sequenceNumber;
    if (last === undefined) break;
    found.push(...next);
    fromSequenceNumber = last.add(1);
  }
  return found;
}

/** From the event itself: a message that is queued again for later has a new time in the queue each time. */
function receivedAtOf({ body, enqueuedTimeUtc }: ServiceBusReceivedMessage): string | undefined {
  const stated = (body as { receivedAt?: unknown } | null | undefined)?.receivedAt;
  return typeof stated === 'string' ? stated : enqueuedTimeUtc?.toISOString();
}

function waiting<T>(items: readonly T[], timeOf: (item: T) => string | undefined): Waiting {
  const [oldest] = items.flatMap((item) => timeOf(item) ?? []).sort();
  return { count: items.length, ...(oldest !== undefined && { oldest }) };
}
