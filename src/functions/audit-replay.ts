import { app, type InvocationContext } from '@azure/functions';
import { readDelivery } from '../lib/ingest';
import { safeError } from '../lib/security';
import { functionServices } from '../lib/services';

app.serviceBusQueue('auditReplay', {
  connection: 'ServiceBusConnection',
  queueName: 'audit-ingest',
  handler: replayAudit,
});

/** Brings an audit event that the store could not take into it, or queues it again for later. */
async function replayAudit(document: unknown, context: InvocationContext): Promise<void> {
  try {
    // Written by our own postponing, or absent.
    const { attempt } = readDelivery(context.triggerMetadata, new Date());
    const replayed = await functionServices().auditReplay.replayQueued(document, attempt);
    if (replayed === 'postponed') context.warn('audit event postponed: the store did not take it');
    else context.info(`audit event ${replayed}`);
  } catch (error) {
    const { code, safeMessage } = safeError(error);
    context.error(`audit replay failed: ${code}: ${safeMessage}`);
    throw new Error(`${code}: ${safeMessage}`);
  }
}
