import { app, type InvocationContext } from '@azure/functions';
import { readDelivery } from '../lib/ingest';
import { functionServices } from '../lib/services';
import { safely } from './safely';

app.serviceBusQueue('auditReplay', {
  connection: 'ServiceBusConnection',
  queueName: 'audit-ingest',
  handler: replayQueued,
});

app.timer('auditJournalReplay', { schedule: '0 */5 * * * *', handler: replayJournal });

/** Brings an audit event that the store could not take into it, or queues it again for later. */
async function replayQueued(document: unknown, context: InvocationContext): Promise<void> {
  await safely('audit replay', context, async () => {
    // Written by our own postponing, or absent.
    const { attempt } = readDelivery(context.triggerMetadata, new Date());
    const replayed = await functionServices().auditReplay.replayQueued(document, attempt);
    if (replayed === 'postponed') context.warn('audit event postponed: the store did not take it');
    else context.info(`audit event ${replayed}`);
  });
}

/** Brings in what was recorded while neither the store nor the queue took it. */
async function replayJournal(_timer: unknown, context: InvocationContext): Promise<void> {
  await safely('audit journal replay', context, async () => {
    const { refused, ...replayed } = await functionServices().auditReplay.replayJournal();
    for (const [outcome, count] of Object.entries(replayed))
      if (count > 0) context.info(`audit journal: ${count} ${outcome}`);
    if (refused > 0)
      context.error(
        `audit journal: ${refused} refused, not as we wrote them; they stay in audit-archive/journal`,
      );
  });
}
