import type { DequeuedMessageItem } from '@azure/storage-queue';
import { queueService } from '../clients';
import type { HostContext } from '../context';
import type { TriggerEvent } from '../invoker';
import { typedMetadata, withBodyProperties } from './body-properties';
import { PoisonError, QueueListener } from './queue-listener';
import { BY_HAND, type Listener, type TriggeredFunction } from './trigger';

/** Storage queues. A function-level retry policy does not apply to them, as in Azure. */
export async function openQueues(
  functions: readonly TriggeredFunction[],
  host: HostContext,
): Promise<readonly Listener[]> {
  return functions.map((fn) => queueListener(fn, host));
}

function queueListener(fn: TriggeredFunction, { settings, invoker, log }: HostContext): Listener {
  const { queues } = settings;
  const service = queueService(fn.options.connection('queues', 'Storage'));
  const name = fn.options.required('queueName').toLowerCase();
  const binary = fn.options.text('dataType')?.toLowerCase() === 'binary';
  const listener = new QueueListener({
    name: fn.name,
    queue: service.getQueueClient(name),
    poison: service.getQueueClient(`${name}-poison`),
    ...queues,
    log,
    async process(message) {
      const body = queues.base64 ? decodeBase64(message.messageText) : Buffer.from(message.messageText);
      if (!body) {
        log(
          `A message of queue ${name} is not Base64; send it so, or set queues.messageEncoding to "none" in host.json.`,
        );
        throw new PoisonError();
      }
      await invoker.run(fn, queueEvent(message, body, binary));
    },
  });
  return {
    async start() {
      listener.start();
    },
    async stop() {
      listener.stop();
    },
    close: () => listener.close(),
    manual: {
      fn,
      event: (input) => ({
        input: binary ? { bytes: Buffer.from(input) } : { string: input },
        metadata: typedMetadata(withBodyProperties({ QueueTrigger: input }, input)),
        reason: BY_HAND,
      }),
    },
  };
}

/** Strict: Node decodes anything. */
export function decodeBase64(text: string): Buffer | undefined {
  const isBase64 = text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
  return isBase64 ? Buffer.from(text, 'base64') : undefined;
}

export function queueEvent(message: DequeuedMessageItem, body: Buffer, binary: boolean): TriggerEvent {
  const text = body.toString('utf8');
  const properties = {
    QueueTrigger: text,
    Id: message.messageId,
    PopReceipt: message.popReceipt,
    DequeueCount: message.dequeueCount,
    InsertionTime: message.insertedOn,
    ExpirationTime: message.expiresOn,
    NextVisibleTime: message.nextVisibleOn,
  };
  return {
    input: binary ? { bytes: body } : { string: text },
    metadata: typedMetadata(binary ? properties : withBodyProperties(properties, text)),
    reason: `New queue message detected; message ${message.messageId}, dequeue ${message.dequeueCount}`,
  };
}
