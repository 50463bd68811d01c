import { setTimeout as delay } from 'node:timers/promises';
import { progress } from '../../cli/terminal';
import type { Drill } from './drill';
import { isEmpty } from './queues';

const pollMs = 2_000;
/** Locks last a minute and retries are seconds apart: without any progress for this long, none will come. */
const patienceMs = 240_000;

/** Waits until so many messages are final and the queues hold nothing that is still to be worked on. */
export async function untilSettled({ services, say }: Drill, messages: number): Promise<void> {
  const bar = progress('Final', messages);
  let [final, progressAt] = [-1, Date.now()];
  while (Date.now() - progressAt < patienceMs) {
    const now = await countFinal(services).catch(() => final);
    if (now !== final) [final, progressAt] = [now, Date.now()];
    bar.at(Math.max(0, final));
    if (final >= messages && (await isEmpty(services, ['hl7-messages', 'audit-ingest']))) break;
    await delay(pollMs);
  }
  bar.end();
  say(`${final} message documents are final`);
}

async function countFinal({ azure }: Drill['services']): Promise<number> {
  const container = await azure.container('clinical/messages');
  const query = `SELECT VALUE COUNT(1) FROM c WHERE c.status IN ('done', 'rejected', 'conflict')`;
  const { resources } = await container.items.query<number>(query).fetchAll();
  return resources[0] ?? 0;
}
