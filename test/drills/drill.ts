import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withServices } from '../../cli/services';
import { table } from '../../cli/terminal';
import type { Services } from '../../src/lib/services';
import { startTemporaryStack } from '../support/temporary-stack';

export interface Drill {
  readonly dataDir: string;
  readonly services: Services;
  /** A line with the time since the start. */
  say(text: string): void;
}

export interface Check {
  readonly check: string;
  /** Absent where the number is told and not judged. */
  readonly expected?: number;
  readonly found: number;
}

/** Seconds until a message is tried again; the product's own minutes would make a drill take hours. */
const env = { RETRY_DELAYS_SECONDS: '2,5,10,20' };

/** Runs a drill on a stack of its own and judges its checks. The folder is kept where one of them fails. */
export async function runDrill(
  name: string,
  work: (drill: Drill) => Promise<readonly Check[]>,
  settings: Record<string, string> = {},
): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), `medrelay-drill-${name}-`));
  const started = Date.now();
  const seconds = () => ((Date.now() - started) / 1000).toFixed(1);
  const say = (text: string) => console.log(`${seconds().padStart(7)} s  ${text}`);
  let isPassed = false;
  // The parts end with this process; `exit` handlers put right what a drill has done to them.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  try {
    const stack = await startTemporaryStack(dataDir, { ...env, ...settings });
    try {
      say(`stack ready in ${dataDir}`);
      await withServices(dataDir, async (services) => {
        const checks = await work({ dataDir, services, say });
        isPassed = checks.every(isMet);
        console.log(`\n${table(checks.map(rowOf))}`);
      });
    } finally {
      await stack.stop();
    }
  } finally {
    if (isPassed) rmSync(dataDir, { recursive: true, force: true });
    else {
      console.log(`The data and the log of the parts (stack.log) are kept in ${dataDir}`);
      process.exitCode = 1;
    }
    console.log(`\nDrill ${name} ${isPassed ? 'passed' : 'failed'} in ${seconds()} s.`);
  }
}

const isMet = ({ expected, found }: Check): boolean => expected === undefined || found === expected;

const rowOf = (check: Check) => ({
  check: check.check,
  expected: check.expected ?? '',
  found: check.found,
  result: check.expected === undefined ? '' : isMet(check) ? 'ok' : 'FAILED',
});
