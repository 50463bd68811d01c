import { setTimeout as delay } from 'node:timers/promises';
import { isDegraded } from './audit';
import type { Services } from './services';

/** `degraded`: nothing is lost, and somebody should look. */
type PartStatus = 'ok' | 'degraded' | 'unavailable';

export interface HealthReport {
  readonly status: PartStatus;
  readonly parts: Readonly<Record<string, PartStatus>>;
}

const patienceMilliseconds = 3000;

/** Anybody may ask, so it says which part is away and nothing of why: addresses and errors are in the log. */
export async function checkHealth(
  services: () => Pick<Services, 'azure' | 'auditBacklog' | 'freshConfig' | 'isConfigCurrent'>,
): Promise<HealthReport> {
  const checks: Record<string, () => Promise<unknown>> = {
    // Away, or refused to us: what the files and the last good versions say holds meanwhile.
    configuration: async () => {
      await services().freshConfig();
      return services().isConfigCurrent() ? 'ok' : 'degraded';
    },
    cosmos: async () => (await services().azure.container('clinical/messages')).read(),
    // Opens the sender's link, which fails when the broker is away.
    serviceBus: async () => (await services().azure.sender('hl7-messages')).createMessageBatch(),
    storage: async () => (await services().azure.blobContainer('hl7-raw')).getProperties(),
    // Events that wait outside of the store. Details are for `medrelay audit dead-letters` and `audit verify`.
    audit: async () => (isDegraded(await services().auditBacklog(10), Date.now()) ? 'degraded' : 'ok'),
  };
  const parts = Object.fromEntries(
    await Promise.all(
      Object.entries(checks).map(async ([name, check]) => [name, await statusOf(check)] as const),
    ),
  );
  const found = Object.values(parts);
  const worst = (['unavailable', 'degraded'] as const).find((status) => found.includes(status));
  return { status: worst ?? 'ok', parts };
}

async function statusOf(check: () => Promise<unknown>): Promise<PartStatus> {
  const timer = new AbortController();
  const late = delay(patienceMilliseconds, 'unavailable' as const, { signal: timer.signal });
  const answer = check().then(
    (found): PartStatus => (found === 'degraded' ? 'degraded' : 'ok'),
    (): PartStatus => 'unavailable',
  );
  try {
    return await Promise.race([answer, late]);
  } finally {
    timer.abort();
    late.catch(() => undefined);
  }
}
