/**
 * npm run drill:defects [service...]: mutation tests of the stand-ins. Each listed defect is made in a copy of the tree,
 * and the service's tests must notice it; one that nobody notices is a hole in the conformance suite.
 */
import { Command } from 'commander';
import { table } from '../../cli/terminal';
import { Copy } from './copy';
import { cosmos } from './cosmos';
import type { Defect, DefectList } from './defect';
import { host } from './host';
import { durable } from './durable';
import { keyvault } from './keyvault';
import { payer } from './payer';
import { servicebus } from './servicebus';
import { sinks } from './sinks';
import { worm } from './worm';

const services: Record<string, DefectList> = {
  cosmos,
  durable,
  servicebus,
  host,
  keyvault,
  worm,
  sinks,
  payer,
};

type Found = Readonly<
  Record<'defect' | 'seconds' | 'by', string> & { result: 'caught' | 'NOT CAUGHT' | 'STALE' }
>;

const program = new Command('defects')
  .argument('[services...]', `of ${Object.keys(services).join(', ')}; without one, all`)
  .option('--only <text>', 'the defects whose description or file contains it')
  .action(async (names: string[], { only = '' }: { only?: string }) => {
    const unknown = names.find((name) => !services[name]);
    if (unknown) throw new Error(`${unknown} has no list; known are ${Object.keys(services).join(', ')}.`);
    // What is under way ends with this process.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
    for (const name of names.length > 0 ? names : Object.keys(services)) {
      const list = services[name];
      if (list) await drill(name, list, only);
    }
  });

async function drill(name: string, { tests, defects }: DefectList, only: string): Promise<void> {
  const chosen = defects.filter(({ why, file }) => why.includes(only) || file.includes(only));
  const copy = new Copy(process.cwd());
  const remove = (): void => copy.remove();
  process.once('exit', remove);
  try {
    // Without this, a suite that fails by itself would catch everything.
    const sound = await copy.test(tests);
    if (sound.failed) throw new Error(`${name}: a test fails without any defect: ${sound.failed}`);
    console.log(`${name}: all tests pass without a defect (${sound.seconds.toFixed(0)} s)`);
    const found: Found[] = [];
    for (const defect of chosen) {
      const result = await check(copy, defect, tests);
      console.log(`${result.result}  ${result.defect}  (${result.seconds} s)`);
      found.push(result);
    }
    const caught = found.filter(({ result }) => result === 'caught').length;
    console.log(`\n${table(found)}\n\n${name}: ${caught} of ${found.length} defects caught.`);
    if (caught < found.length) process.exitCode = 1;
  } finally {
    process.off('exit', remove);
    copy.remove();
  }
}

async function check(copy: Copy, defect: Defect, tests: readonly string[]): Promise<Found> {
  try {
    const { failed, seconds } = await copy.with(defect, () =>
      copy.test(defect.tests ? [defect.tests] : tests),
    );
    return {
      defect: defect.why,
      result: failed ? 'caught' : 'NOT CAUGHT',
      seconds: seconds.toFixed(0),
      by: failed ?? '',
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { defect: defect.why, result: 'STALE', seconds: '', by: reason };
  }
}

program.parseAsync().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
