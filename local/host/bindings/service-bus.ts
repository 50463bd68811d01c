import type { ServiceBusSender } from '@azure/service-bus';
import type { BindingOptions } from '../binding-options';
import { serviceBusClient } from '../clients';
import { HostError } from '../errors';
import type { OutputBinding } from './binding';
import { resolveExpressions } from './expressions';
import { itemsOf } from './values';

/** Bodies are bytes, as the Service Bus extension sends them: no quotes around a text. */
export async function serviceBusOutput(options: BindingOptions): Promise<OutputBinding> {
  const template = options.text('queueName') ?? options.text('topicName');
  if (!template) throw new HostError(`${options.where}: the serviceBus output needs queueName or topicName.`);
  const client = serviceBusClient(options.connection('serviceBus', 'ServiceBus'), {});
  const senders = new Map<string, ServiceBusSender>();
  return {
    async write(value, data) {
      const entity = resolveExpressions(template, data);
      const sender = senders.get(entity) ?? client.createSender(entity);
      senders.set(entity, sender);
      for (const item of itemsOf(value)) {
        const contentType = typeof item === 'string' ? (isJson(item) ? JSON_TYPE : TEXT_TYPE) : undefined;
        await sender.sendMessages({ body: Buffer.from(item), ...(contentType ? { contentType } : {}) });
      }
    },
    close: () => client.close(),
  };
}

const JSON_TYPE = 'application/json';
const TEXT_TYPE = 'text/plain';
const isJson = (text: string): boolean => /^\s*[{[]/.test(text);
