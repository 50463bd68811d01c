import { app, type InvocationContext } from '@azure/functions';
import { readDelivery } from '../lib/ingest';
import { functionServices } from '../lib/services';
import { safely } from './safely';

// Without dataType the host decodes the body as UTF-8 text and the library parses what looks like JSON, so Latin-1
// messages would lose bytes. The typed options do not know it, but pass it on.
const trigger = { connection: 'ServiceBusConnection', queueName: 'hl7-messages', dataType: 'binary' };

app.serviceBusQueue('hl7Processor', { ...trigger, handler: processHl7 });

async function processHl7(body: unknown, context: InvocationContext): Promise<void> {
  await safely('message', context, async () => {
    const delivery = readDelivery(context.triggerMetadata, new Date());
    const { freshConfig, ingest } = functionServices();
    await freshConfig();
    const { outcomes, retry } = await ingest.processBody(bytesOf(body), delivery);
    for (const { id, status, code } of outcomes)
      context.info(`message ${id} ${status}${code ? ` ${code}` : ''}`);
    if (retry) {
      const line = `sent again for ${retry.at}: ${retry.code}: ${retry.safeMessage}`;
      // What passes by itself wakes nobody.
      if (retry.kind === 'passing') context.warn(line);
      else context.error(line);
    }
  });
}

function bytesOf(body: unknown): Uint8Array {
  if (body instanceof Uint8Array) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body ?? ''));
}
