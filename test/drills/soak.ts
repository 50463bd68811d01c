import { setTimeout as delay } from 'node:timers/promises';
import { progress } from '../../cli/terminal';
import { readStack } from '../../local';
import { checkStores } from './check-stores';
import type { Check, Drill } from './drill';
import { sendDrillMessages, type Load, type Sending } from './load';
import { residentBytes } from './memory';
import { setFaults } from './set-faults';
import { untilSettled } from './settled';

/** Every twentieth operation on either store fails, each in the ways its clients must live with. */
const faults = {
  cosmos: { rate: 0.05, statuses: [429, 449, 503] },
  serviceBus: { rate: 0.05, kinds: ['server-busy', 'lock-lost', 'connection-drop'] },
} as const;

/** One alone would mostly wait: who is told that the broker is busy pauses for ten seconds. */
const senders = 8;

/** The stack may cache and its heaps may settle until here; from then on memory is expected to stay where it is. */
const settledMinute = 3;
const maxGrowth = 1.1;

/** Messages by queue and by HTTP, queries, point reads and blobs for so many minutes, with faults all the time. */
export async function soakDrill(drill: Drill, minutes: number, perSecond: number): Promise<Check[]> {
  const { dataDir, services, say } = drill;
  const load: Load = { sent: 0, unanswered: 0 };
  const reads = { answered: 0, refused: 0 };
  let isOver = false;
  await setFaults(dataDir, 'cosmos', faults.cosmos);
  await setFaults(dataDir, 'serviceBus', faults.serviceBus);
  const work = Promise.all([
    sendDrillMessages(await byQueueAndHttp(drill), perSecond, load, () => isOver, senders),
    readAll(drill, reads, () => isOver),
  ]);
  // Heard when it is awaited below.
  work.catch(() => undefined);

  const samples = await sampleMemory(minutes);
  isOver = true;
  await work;
  await setFaults(dataDir, 'cosmos', {});
  await setFaults(dataDir, 'serviceBus', {});
  say(`${load.sent} messages sent, ${reads.answered} reads answered, ${reads.refused} refused`);
  await untilSettled(drill, load.sent);

  const perMinute = means(samples);
  say(`resident memory, MB by minute: ${perMinute.map((bytes) => Math.round(bytes / 1e6)).join(' ')}`);
  const third = perMinute[Math.min(settledMinute, perMinute.length) - 1] ?? 0;
  const last = perMinute.at(-1) ?? 0;
  say(`the last minute is ${(last / third).toFixed(2)} of minute ${settledMinute} (at most ${maxGrowth})`);
  return [
    ...(await checkStores({ dataDir, services, say }, load)),
    { check: 'memory grew beyond the bar', expected: 0, found: last > maxGrowth * third ? 1 : 0 },
  ];
}

/** Every fourth message comes over HTTP, the others by the queue. */
async function byQueueAndHttp({ dataDir, services }: Drill): Promise<Sending> {
  const stack = await readStack(dataDir);
  if (!stack) throw new Error('The stack is gone.');
  const url = `${stack.host.url}/api/hl7`;
  const headers = { 'x-functions-key': stack.functionKeys.function };
  let count = 0;
  return {
    async enqueue(body, properties) {
      count += 1;
      if (count % 4 !== 0) return services.ingest.enqueue(body, properties);
      const answer = await fetch(url, { method: 'POST', headers, body: new Uint8Array(body) });
      if (!answer.ok) throw new Error(`POST /api/hl7 answered ${answer.status}.`);
    },
  };
}

/** What screens and reports do meanwhile; a read that the faults defeat is counted and not repeated. */
async function readAll(
  { services: { azure } }: Drill,
  reads: { answered: number; refused: number },
  isOver: () => boolean,
): Promise<void> {
  const resources = await azure.container('clinical/resources');
  const blobs = await azure.blobContainer('hl7-raw');
  const blob = blobs.getBlockBlobClient('soak/one');
  const content = Buffer.alloc(64 * 1024, 'soak');
  const kinds = [
    () => resources.items.query('SELECT TOP 20 c.id FROM c ORDER BY c._ts DESC').fetchAll(),
    () => resources.items.query(`SELECT VALUE COUNT(1) FROM c WHERE c.kind = 'current'`).fetchAll(),
    () => resources.item('absent', 'demo|Patient/absent').read(),
    async () => {
      await blob.upload(content, content.length);
      await blob.downloadToBuffer();
    },
  ];
  for (let i = 0; !isOver(); i++) {
    await kinds[i % kinds.length]?.().then(
      () => (reads.answered += 1),
      () => (reads.refused += 1),
    );
    await delay(100);
  }
}

/** One sample a second. */
async function sampleMemory(minutes: number): Promise<number[]> {
  const samples: number[] = [];
  const seconds = Math.round(minutes * 60);
  const bar = progress('Soak', seconds);
  for (let second = 0; second < seconds; second++) {
    bar.at(second);
    samples.push(residentBytes());
    await delay(1000);
  }
  bar.end();
  return samples;
}

const means = (samples: readonly number[]): number[] =>
  Array.from({ length: Math.ceil(samples.length / 60) }, (_, minute) => {
    const own = samples.slice(minute * 60, (minute + 1) * 60);
    return own.reduce((sum, bytes) => sum + bytes, 0) / own.length;
  });
