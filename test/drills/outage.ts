import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readStack } from '../../local';
import type { AuditBacklog, AuditDocument, Waiting } from '../../src/lib/audit';
import type { Check, Drill } from './drill';
import { readReceipts, source, type Receipt } from './outage-recorder';
import { setFaults } from './set-faults';

/** Long enough that tens of thousands of waiting events do not keep the broker busy with their next attempts. */
export const outageRetries = '60,120';
/** Of the time Cosmos DB is away: how long Service Bus is away as well. */
const bothAwayShare = 0.1;
const wellSeconds = 10;
const settleMs = 15 * 60_000;

/**
 * A process of its own records events at a steady rate. Cosmos DB goes away, then Service Bus too, then both, the
 * Functions host and the recording process are killed; all come back. What every receipt promised is then counted.
 */
export async function outageDrill(drill: Drill, minutes: number, perSecond: number): Promise<Check[]> {
  const { dataDir, services, say } = drill;
  const file = join(dataDir, 'receipts.ndjson');
  const recorder = () =>
    spawn(process.execPath, [process.argv[1] ?? '', 'outage-recorder', dataDir, file, String(perSecond)], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  const most = { queued: 0, journaled: 0, degraded: 0 };
  const look = async (name: string, seconds: number): Promise<void> => {
    say(`${name} for ${seconds} s; ${readReceipts(file).length} events have a receipt`);
    for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
      await delay(Math.min(20_000, end - Date.now()));
      const backlog = await within(30_000, services.auditBacklog(20_000));
      const health = await within(8_000, healthOf(dataDir));
      say(`  backlog: ${told(backlog)}; health: ${health ?? 'no answer'}`);
      most.queued = Math.max(most.queued, countOf(backlog?.queued));
      most.journaled = Math.max(most.journaled, countOf(backlog?.journaled));
      if (health !== 'ok') most.degraded = 1;
    }
  };

  let child = recorder();
  process.once('exit', () => child.kill('SIGKILL'));
  await untilRecording(file, 1);
  await look('all well', wellSeconds);
  await setFaults(dataDir, 'cosmos', { down: true });
  await look('Cosmos DB away', Math.round(minutes * 60));
  const broker = (await readStack(dataDir))?.serviceBus.pid;
  if (broker === undefined) throw new Error('The stack is gone.');
  process.kill(broker, 'SIGSTOP');
  await look('Service Bus away too', Math.max(15, Math.round(minutes * 60 * bothAwayShare)));
  await killAll(dataDir, child);
  say(`Cosmos DB, Service Bus, Functions host and recorder killed; ${readReceipts(file).length} receipts`);

  const before = readReceipts(file).length;
  child = recorder();
  await untilRecording(file, before + 1);
  await look('all back', wellSeconds);
  child.kill('SIGTERM');
  await once(child, 'exit');
  const receipts = readReceipts(file);
  say(`recorder stopped; ${receipts.length} receipts`);
  const drained = await untilDrained(drill);
  return [
    ...(await checkTrail(drill, receipts)),
    { check: 'seconds until the backlog was empty', found: drained },
    { check: 'most events seen waiting in audit-ingest', found: most.queued },
    { check: 'most events seen waiting in the journal', found: most.journaled },
    { check: 'health told of it', expected: 1, found: most.degraded },
  ];
}

async function killAll(dataDir: string, recorder: ChildProcess): Promise<void> {
  const stack = await readStack(dataDir);
  if (!stack) throw new Error('The stack is gone.');
  for (const part of ['cosmos', 'serviceBus', 'host'] as const) process.kill(stack[part].pid, 'SIGKILL');
  recorder.kill('SIGKILL');
  await once(recorder, 'exit');
  for (const limit = Date.now() + 120_000; Date.now() < limit; await delay(200)) {
    const now = await readStack(dataDir);
    if (now && (['cosmos', 'serviceBus', 'host'] as const).every((part) => now[part].pid !== stack[part].pid))
      return;
  }
  throw new Error('The parts were not restarted within two minutes.');
}

async function untilRecording(file: string, count: number): Promise<void> {
  for (const limit = Date.now() + 120_000; readReceipts(file).length < count; await delay(200))
    if (Date.now() > limit) throw new Error('The recorder records nothing.');
}

/** The functions do it; the journal's timer comes every five minutes, so it is brought in here. */
async function untilDrained({ services, say }: Drill): Promise<number> {
  const started = Date.now();
  let journaled = 0;
  while (Date.now() - started < settleMs) {
    const { persisted, duplicate } = await services.auditReplay.replayJournal();
    journaled += persisted + duplicate;
    const backlog = await services.auditBacklog(100_000);
    if (countOf(backlog.queued) + countOf(backlog.journaled) === 0 && backlog.queued !== 'unknown') break;
    say(`  backlog: ${told(backlog)}`);
    await delay(10_000);
  }
  say(`${journaled} events came through the journal`);
  return Math.round((Date.now() - started) / 1000);
}

async function checkTrail({ services }: Drill, receipts: readonly Receipt[]): Promise<Check[]> {
  const container = await services.azure.container('audit/events');
  const query = 'SELECT c.id, c.leafHash, c.source, c.occurredAt, c.outcomeCode, c.ext.n AS n FROM c';
  const { resources } = await container.items
    .query<Pick<AuditDocument, 'id' | 'leafHash' | 'source' | 'occurredAt' | 'outcomeCode'> & { n?: number }>(
      query,
      {
        maxItemCount: 1000,
      },
    )
    .fetchAll();
  const trail = resources.filter((event) => event.source === source);
  const byId = new Map(trail.map((event) => [event.id, event]));
  const promised = new Set(receipts.map(({ id }) => id));
  const ordered = [...trail].sort((a, b) => (a.occurredAt < b.occurredAt ? -1 : 1));
  const backlog = await services.auditBacklog(100_000);
  const stated = (state: Receipt['state']) => receipts.filter((receipt) => receipt.state === state).length;
  return [
    { check: 'events with a receipt', found: promised.size },
    { check: '... receipts that said persisted', found: stated('persisted') },
    { check: '... queued', found: stated('queued') },
    { check: '... journaled', found: stated('journaled') },
    { check: '... of a second delivery', found: receipts.length - promised.size },
    { check: 'events lost', expected: 0, found: [...promised].filter((id) => !byId.has(id)).length },
    { check: 'events doubled', expected: 0, found: trail.length - byId.size },
    {
      check: 'events whose number is there twice',
      expected: 0,
      found: trail.length - new Set(trail.map(({ n }) => n)).size,
    },
    {
      check: 'events out of their order of occurrence',
      expected: 0,
      found: ordered.filter(({ n }, i) => i > 0 && (ordered[i - 1]?.n ?? 0) >= (n ?? -1)).length,
    },
    {
      check: 'conflicts',
      expected: 0,
      found: resources.filter(({ outcomeCode }) => outcomeCode === 'integrity.conflict').length,
    },
    { check: 'left in audit-ingest', expected: 0, found: countOf(backlog.queued) },
    { check: 'dead letters', expected: 0, found: countOf(backlog.deadLettered) },
    { check: 'left in the journal', expected: 0, found: countOf(backlog.journaled) },
  ];
}

async function healthOf(dataDir: string): Promise<string> {
  const stack = await readStack(dataDir);
  const answer = await fetch(`${stack?.host.url}/api/health`);
  return ((await answer.json()) as { status: string }).status;
}

/** Nothing where a part does not answer in time or at all, which is what happens in an outage. */
async function within<T>(milliseconds: number, work: Promise<T>): Promise<T | undefined> {
  return Promise.race([work.catch(() => undefined), delay(milliseconds, undefined, { ref: false })]);
}

const countOf = (place: Waiting | 'unknown' | undefined): number =>
  typeof place === 'object' ? place.count : 0;

function told(backlog: AuditBacklog | undefined): string {
  if (!backlog) return 'no answer';
  const places = { queue: backlog.queued, 'dead letters': backlog.deadLettered, journal: backlog.journaled };
  return Object.entries(places)
    .map(([name, place]) => `${name} ${place === 'unknown' ? 'unknown' : place.count}`)
    .join(', ');
}
