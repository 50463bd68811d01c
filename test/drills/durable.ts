import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export interface DurableDrill {
  /** The built test/drills/durable-host.ts and local/host/worker/main.ts. */
  scripts: { host: string; worker: string };
  root: string;
  rounds: number;
  /** How many of the moments, evenly spread; all without it. */
  points?: number;
  say(text: string): void;
}

export interface DurableDrillResult {
  moments: number;
  killed: number;
  /** Moments that the run's own timing had left out. */
  missed: number;
  repeatedCalls: number;
  faults: string[];
}

/** At the command line: `dist` holds what is run. */
export async function killDurable(rounds: number, points: number | undefined): Promise<void> {
  const started = Date.now();
  const seconds = (): string => ((Date.now() - started) / 1000).toFixed(1);
  const root = process.cwd();
  const result = await durableDrill({
    root,
    scripts: { host: join(root, 'dist/tools/durable-host.js'), worker: join(root, 'dist/local/worker.js') },
    rounds,
    ...(points === undefined ? {} : { points }),
    say: (text) => console.log(`${seconds().padStart(7)} s  ${text}`),
  });
  for (const fault of result.faults) console.log(fault);
  console.log(
    `${result.killed} kills at ${result.moments} moments (${result.missed} not reached), ` +
      `${result.repeatedCalls} activities ran more than once, ${result.faults.length} faults.`,
  );
  const isPassed = result.faults.length === 0 && result.killed > 0;
  if (!isPassed) process.exitCode = 1;
  console.log(`\nDrill durable ${isPassed ? 'passed' : 'failed'} in ${seconds()} s.`);
}

const RUN_LIMIT_MS = 120_000;
const POLL_MS = 15;

/** An answer that no kill explains. */
class Refused extends Error {}

interface Life {
  child: ChildProcess;
  port: number;
}

interface Run {
  id: string;
  isStarted: boolean;
  /** Events that the API has taken with 202: they may not be lost, and are not sent again. */
  raised: Set<string>;
}

/**
 * SIGKILL before and after every step that a workflow writes down. Each run is killed once, finished by the next process,
 * and must end like the one that nobody killed: same output, each effect once by its key.
 */
export async function durableDrill(drill: DurableDrill): Promise<DurableDrillResult> {
  const folder = mkdtempSync(join(tmpdir(), 'medrelay-drill-durable-'));
  const effects = join(folder, 'effects');
  mkdirSync(effects);
  const app = join(folder, 'app');
  cpSync(join(drill.root, 'test/fixtures/durable-drill'), app, { recursive: true });
  symlinkSync(join(drill.root, 'node_modules'), join(app, 'node_modules'));
  let life: Life | undefined;
  const start = async (): Promise<Life> => {
    const args = [app, join(folder, 'data'), drill.scripts.worker, effects];
    const child = fork(drill.scripts.host, args, {
      execArgv: ['--disable-warning=ExperimentalWarning', '--enable-source-maps'],
    });
    const ready = once(child, 'message').then(([message]) => (message as { port: number }).port);
    const died = once(child, 'exit').then(() => Promise.reject(new Error('The host did not start.')));
    died.catch(() => undefined);
    return { child, port: await Promise.race([ready, died]) };
  };
  const newRun = (id: string): Run => ({ id, isStarted: false, raised: new Set() });
  const effectsOf = ({ id }: Run): string[] =>
    readdirSync(effects).flatMap((name) =>
      name.startsWith(`${id}.`) && !/\.(repeated|tried)$/.test(name) ? [name.slice(id.length)] : [],
    );

  try {
    life = await start();
    const undisturbed = newRun('whole');
    const before = await momentsOf(life);
    const wanted = JSON.stringify(await toTheEnd(life, undisturbed, drill.rounds));
    const moments = (await momentsOf(life)) - before;
    const wantedEffects = effectsOf(undisturbed).sort().join(' ');
    drill.say(`${moments} moments, ${wantedEffects.split(' ').length} effects without a kill`);

    const step = Math.max(1, moments / (drill.points ?? moments));
    const faults: string[] = [];
    let killed = 0;
    let missed = 0;
    for (let at = 1; at <= moments; at += step) {
      const moment = Math.floor(at);
      const run = newRun(`kill${moment}`);
      const dead = once(life.child, 'exit');
      life.child.send({ arm: moment });
      const first = await toTheEnd(life, run, drill.rounds);
      if (first === undefined) {
        killed += 1;
      } else {
        missed += 1;
        life.child.kill('SIGKILL');
      }
      await dead;
      life = await start();
      const output = JSON.stringify(first ?? (await toTheEnd(life, run, drill.rounds)));
      if (output !== wanted) faults.push(`moment ${moment}: the output is ${output}`);
      if (effectsOf(run).sort().join(' ') !== wantedEffects) {
        faults.push(`moment ${moment}: the effects are ${effectsOf(run).sort().join(' ')}`);
      }
      if (killed % 25 === 0) drill.say(`${killed} kills, ${faults.length} faults`);
    }
    const repeatedCalls = readdirSync(effects).filter((name) => name.endsWith('.repeated')).length;
    return { moments, killed, missed, repeatedCalls, faults };
  } finally {
    life?.child.removeAllListeners();
    life?.child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function momentsOf({ child }: Life): Promise<number> {
  child.send({ count: true });
  const [message] = (await once(child, 'message')) as [{ moments: number }];
  return message.moments;
}

/** Drives a run until it has ended and gives its output; undefined when the process died under it. */
async function toTheEnd({ port, child }: Life, run: Run, rounds: number): Promise<unknown> {
  const api = (path: string, body?: unknown): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}/runtime/webhooks/durabletask/${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { 'x-functions-key': 'system-key', 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const raise = async (name: string): Promise<void> => {
    if (run.raised.has(name)) return;
    const { status } = await api(`instances/${run.id}/raiseEvent/${name}`, `yes to ${name}`);
    if (status !== 202) throw new Refused(`The event ${name} was answered ${status}.`);
    run.raised.add(name);
  };
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  for (const end = Date.now() + RUN_LIMIT_MS; Date.now() < end; await delay(POLL_MS)) {
    try {
      if (!run.isStarted) {
        // 500: it was started by a request whose answer nobody got.
        const { status } = await api(`orchestrators/order/${run.id}`, { rounds });
        if (status !== 202 && status !== 500) throw new Refused(`The start was answered ${status}.`);
        run.isStarted = true;
      }
      await raise('early');
      const status = (await (await api(`instances/${run.id}`)).json()) as {
        runtimeStatus: string;
        output: unknown;
        customStatus: { waitsFor: string | null } | null;
      };
      if (status.customStatus?.waitsFor && status.runtimeStatus === 'Running') {
        await raise(status.customStatus.waitsFor);
      }
      if (status.runtimeStatus === 'Completed') return status.output;
      if (status.runtimeStatus === 'Failed')
        throw new Refused(`The run failed: ${JSON.stringify(status.output)}`);
    } catch (error) {
      if (error instanceof Refused) throw error;
      // The connection broke: the process is dying.
      if (!hasEnded()) await Promise.race([once(child, 'exit'), delay(1000)]);
      if (hasEnded()) return undefined;
    }
  }
  throw new Error(`Run ${run.id} did not end within ${RUN_LIMIT_MS / 1000} s.`);
}
