import { setTimeout as delay } from 'node:timers/promises';
import { progress } from '../../cli/terminal';
import { readStack } from '../../local';
import { checkStores } from './check-stores';
import type { Check, Drill } from './drill';
import { sendDrillMessages, type Load } from './load';
import { setFaults } from './set-faults';
import { untilSettled } from './settled';

/** Of the time away, this part hangs: connections open, no answer ever. The rest answers 503 at once. */
const hangingShare = 0.2;
/** Two other phases around it, as shares of the time away. */
const refusingShare = 0.2;

/** Cosmos DB answers every fifth request with 429 or 503, is away, comes back refusing, and is well again. */
export async function faultsDrill(drill: Drill, minutes: number, perSecond: number): Promise<Check[]> {
  const { dataDir, services, say } = drill;
  const load: Load = { sent: 0, unanswered: 0 };
  let isOver = false;
  const sending = sendDrillMessages(services.ingest, perSecond, load, () => isOver);
  // Heard when it is awaited below.
  sending.catch(() => undefined);
  const phase = async (name: string, share: number): Promise<void> => {
    const seconds = Math.round(minutes * 60 * share);
    say(`${name} for ${seconds} s; ${load.sent} messages sent`);
    const bar = progress(name, seconds);
    for (let second = 0; second < seconds; second++) {
      bar.at(second);
      await delay(1000);
    }
    bar.end();
  };
  const refusing = { rate: 0.2, statuses: [429, 503] };

  try {
    await setFaults(dataDir, 'cosmos', refusing);
    await phase('every fifth request refused', refusingShare);
    await setFaults(dataDir, 'cosmos', { down: true });
    await phase('away, answering 503', 1 - hangingShare);
    const pid = (await readStack(dataDir))?.cosmos.pid;
    if (pid === undefined) throw new Error('The stack is gone.');
    const resume = () => process.kill(pid, 'SIGCONT');
    process.once('exit', resume);
    process.kill(pid, 'SIGSTOP');
    try {
      await phase('away, not answering at all', hangingShare);
    } finally {
      process.off('exit', resume);
      resume();
    }
    await setFaults(dataDir, 'cosmos', refusing);
    await phase('back, every fifth request refused', refusingShare);
  } finally {
    isOver = true;
  }
  await sending;
  await setFaults(dataDir, 'cosmos', {});
  say(`well again; ${load.sent} messages sent`);
  await untilSettled(drill, load.sent);
  return checkStores(drill, load);
}
