import { app, type InvocationContext } from '@azure/functions';
import { functionServices } from '../lib/services';
import { safely } from './safely';

app.timer('auditSealer', { schedule: '0 * * * * *', handler: seal });

/** Seals what was recorded since the last minute. Two of them at once, or one that ended midway, do no harm. */
async function seal(_timer: unknown, context: InvocationContext): Promise<void> {
  await safely('audit sealing', context, async () => {
    const { config, freshConfig, sealer } = functionServices();
    // Possible on a development machine only; everywhere else the settings are refused.
    if (!config.keyVault) {
      context.warn('audit trail not sealed: no key vault keeps its key, KEY_VAULT_URL is not set');
      return;
    }
    await freshConfig();
    for (const { tenantId, year, sealed, refused, seq, size, problem } of await sealer.run()) {
      const log = `audit log ${tenantId}/${year}`;
      if (problem) context.error(`${log}: ${problem.code}: ${problem.safeMessage}`);
      else context.info(`${log}: ${sealed} sealed, checkpoint ${seq} of ${size}`);
      if (refused > 0)
        context.error(`${log}: ${refused} events are not as we wrote them and were not sealed`);
    }
  });
}
