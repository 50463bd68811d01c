import { app, type InvocationContext } from '@azure/functions';
import { safeError } from '../lib/security';
import { functionServices } from '../lib/services';

app.serviceBusQueue('auditReplay', {
  connection: 'ServiceBusConnection',
  queueName: 'audit-ingest',
  handler: replayAudit,
});

/** Brings an audit event that the store could not take into it. Throws while it still cannot: the queue keeps it. */
export async function replayAudit(document: unknown, context: InvocationContext): Promise<void> {
  try {
    context.info(`audit event ${await functionServices().auditReplay.replayQueued(document)}`);
  } catch (error) {
    const { code, safeMessage } = safeError(error);
    context.error(`audit replay failed: ${code}: ${safeMessage}`);
    throw new Error(`${code}: ${safeMessage}`);
  }
}
