import { setTimeout as delay } from 'node:timers/promises';
import { readStack, type StackInfo } from '../../local';
import type { Services } from '../../src/lib/services';
import { checkStores } from './check-stores';
import type { Check, Drill } from './drill';
import { sendDrillMessages, type Load } from './load';
import { isEmpty } from './queues';
import { untilSettled } from './settled';

const victims = ['host', 'serviceBus', 'cosmos'] as const;
type Victim = (typeof victims)[number];
const names: Record<Victim, string> = {
  host: 'Functions host',
  serviceBus: 'Service Bus',
  cosmos: 'Cosmos DB',
};
const killsOfEach = 3;
const restartLimitMs = 60_000;

/** Every part that holds or moves messages is killed three times while they flow. */
export async function crashDrill(drill: Drill, messages: number, perSecond: number): Promise<Check[]> {
  const { services, say } = drill;
  const load: Load = { sent: 0, unanswered: 0 };
  const sending = sendDrillMessages(services.ingest, perSecond, load, () => load.sent >= messages);
  const kills = killInTurn(drill, load, messages);
  // Whatever fails first ends the drill.
  const [, killed] = await Promise.all([sending, kills]);
  say(`${load.sent} messages sent, ${load.unanswered} sends without answer repeated`);
  await untilSettled(drill, messages);
  return [
    { check: 'processes killed', expected: victims.length * killsOfEach, found: killed },
    ...(await checkStores(drill, load)),
  ];
}

/** The kills are spread evenly over the messages sent, and each strikes while there is work in hand. */
async function killInTurn({ dataDir, services, say }: Drill, load: Load, messages: number): Promise<number> {
  const order = Array.from({ length: killsOfEach }, () => victims).flat();
  const last: Partial<Record<Victim, number>> = {};
  let killed = 0;
  for (const victim of order) {
    const due = (messages * (killed + 1)) / (order.length + 1);
    while (load.sent < due) await delay(20);
    const { pid } = (await running(dataDir, victim, last[victim]))[victim];
    while (load.sent < messages && (await isIdle(services))) await delay(5);
    process.kill(pid, 'SIGKILL');
    last[victim] = pid;
    killed += 1;
    say(`kill ${killed}: ${names[victim]} (process ${pid}) after ${load.sent} messages`);
  }
  for (const victim of victims) await running(dataDir, victim, last[victim]);
  return killed;
}

/** A queue that does not answer tells nothing: it is asked again. */
const isIdle = (services: Services): Promise<boolean> =>
  isEmpty(services, ['hl7-messages']).catch(() => true);

/** The stack once its launcher has replaced the part's killed process. */
async function running(dataDir: string, victim: Victim, killed: number | undefined): Promise<StackInfo> {
  for (const limit = Date.now() + restartLimitMs; Date.now() < limit; await delay(100)) {
    const info = await readStack(dataDir);
    if (info && info[victim].pid !== killed) return info;
  }
  throw new Error(`${names[victim]} was not restarted within ${restartLimitMs / 1000} s.`);
}
