import { RestError } from '@azure/storage-queue';
import type { BindingOptions } from '../binding-options';
import { queueService } from '../clients';
import type { HostContext } from '../context';
import type { OutputBinding } from './binding';
import { resolveExpressions } from './expressions';
import { itemsOf } from './values';

/** Makes the queue when it is missing, as Azure does; texts are Base64 unless host.json says otherwise. */
export async function queueOutput(
  options: BindingOptions,
  { settings }: HostContext,
): Promise<OutputBinding> {
  const service = queueService(options.connection('queues', 'Storage'));
  const template = options.required('queueName');
  return {
    async write(value, data) {
      const queue = service.getQueueClient(resolveExpressions(template, data).toLowerCase());
      for (const item of itemsOf(value)) {
        const bytes = Buffer.from(item);
        const text = settings.queues.base64 ? bytes.toString('base64') : bytes.toString('utf8');
        try {
          await queue.sendMessage(text);
        } catch (error) {
          if (!(error instanceof RestError) || error.code !== 'QueueNotFound') throw error;
          await queue.createIfNotExists();
          await queue.sendMessage(text);
        }
      }
    },
  };
}
