import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { atMost } from './bar';
import type { Findings } from './section';
import { median } from './statistics';

/** Bundled to dist/tools, beside the command. */
const cli = resolve(__dirname, '..', 'cli.js');
const rounds = 3;
/** Long enough for what a start leaves behind to be collected. */
const restMs = 5_000;

const secondsBar = 8;
const megabytesBar = 700;

interface StartResult {
  readonly seconds: readonly number[];
  /** Of all processes at rest; empty where /proc does not say it. */
  readonly megabytes: readonly number[];
}

/** `medrelay start` from a built tree on an empty data folder until it says that it is ready, and what it holds then. */
async function measureStart(): Promise<StartResult> {
  const seconds: number[] = [];
  const megabytes: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const folder = mkdtempSync(join(tmpdir(), 'medrelay-bench-start-'));
    const started = performance.now();
    const stack = spawn(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        cli,
        'start',
        '--data',
        join(folder, 'data'),
        '--ports',
        'auto',
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const ended = once(stack, 'exit');
    try {
      let output = '';
      const ready = new Promise<boolean>((resolve) => {
        stack.stdout.on('data', (chunk: Buffer) => {
          output += chunk.toString();
          if (output.includes('is ready')) resolve(true);
        });
        stack.once('exit', () => resolve(false));
      });
      if (!(await ready)) throw new Error(`The stack did not start: ${output}`);
      seconds.push((performance.now() - started) / 1000);
      if (process.platform === 'linux') {
        await delay(restMs);
        megabytes.push(residentMegabytes(stack.pid ?? 0));
      }
    } finally {
      stack.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return { seconds, megabytes };
}

/** Of a process and everything below it. */
function residentMegabytes(pid: number): number {
  const own = Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim().split(' ').filter(Boolean),
  );
  return children.reduce((sum, child) => sum + residentMegabytes(Number(child)), own);
}

export async function benchStackStart(): Promise<Findings> {
  const { seconds, megabytes } = await measureStart();
  const list = (values: readonly number[]) => values.map((value) => value.toFixed(1)).join(', ');
  return {
    rows: [{ measure: 'start of the whole stack to ready, each', found: `${list(seconds)} s` }],
    bars: [
      atMost('start of the whole stack to ready, in s', secondsBar, median(seconds)),
      ...(megabytes.length > 0
        ? [atMost('resident memory of all its processes at rest, in MB', megabytesBar, median(megabytes))]
        : []),
    ],
    report: { seconds, megabytes },
  };
}
