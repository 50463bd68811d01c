import { app, type InvocationContext } from '@azure/functions';
import { functionServices } from '../lib/services';
import { safely } from './safely';

app.cosmosDB('auditProjector', {
  connection: 'CosmosDBConnection',
  databaseName: 'audit',
  containerName: 'events',
  leaseDatabaseName: 'leases',
  leaseContainerName: 'leases',
  leaseContainerPrefix: 'audit-projector',
  startFromBeginning: true,
  // Without a policy, or with an exhausted one, a batch that failed is checkpointed and gone.
  retry: {
    strategy: 'exponentialBackoff',
    maxRetryCount: -1,
    minimumInterval: { seconds: 2 },
    maximumInterval: { minutes: 5 },
  },
  handler: project,
});

async function project(documents: unknown[], context: InvocationContext): Promise<void> {
  await safely('audit projection', context, async () => {
    const { skipped } = await functionServices().projections.project(documents);
    if (skipped > 0) context.error(`audit projection: ${skipped} of ${documents.length} are no audit events`);
  });
}
