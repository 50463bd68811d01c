import type { ServiceBusReceivedMessage, ServiceBusReceiver } from '@azure/service-bus';
import type { Services } from '../../src/lib/services';

export interface Place {
  readonly queue: string;
  readonly subscription?: string;
  readonly isDeadLetter?: true;
}

/** Everything that lies there, also what is locked or scheduled for later; nothing is taken. */
export async function peekAll({ azure }: Services, place: Place): Promise<ServiceBusReceivedMessage[]> {
  return withReceiver(azure, place, async (receiver) => {
    const messages: ServiceBusReceivedMessage[] = [];
    for (;;) {
      const page = await receiver.peekMessages(250);
      if (page.length === 0) return messages;
      messages.push(...page);
    }
  });
}

export async function isEmpty({ azure }: Services, queues: readonly string[]): Promise<boolean> {
  for (const queue of queues) {
    const found = await withReceiver(azure, { queue }, (receiver) => receiver.peekMessages(1));
    if (found.length > 0) return false;
  }
  return true;
}

async function withReceiver<T>(
  azure: Services['azure'],
  { queue, subscription, isDeadLetter }: Place,
  work: (receiver: ServiceBusReceiver) => Promise<T>,
): Promise<T> {
  const client = await azure.serviceBusClient();
  const options = isDeadLetter ? ({ subQueueType: 'deadLetter' } as const) : {};
  const receiver =
    subscription === undefined
      ? client.createReceiver(queue, options)
      : client.createReceiver(queue, subscription, options);
  try {
    return await work(receiver);
  } finally {
    await receiver.close();
  }
}
