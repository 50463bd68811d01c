/**
 * npm run bench [section...]: ratios against a floor or a peer measured in the same run, because machines differ. Not
 * part of the tests. Exit code 1 when a bar is missed.
 */
import { Command } from 'commander';
import { mkdirSync, writeFileSync } from 'node:fs';
import { table } from '../cli/terminal';
import { benchAppStart } from './app-start';
import { benchAuditBatch } from './audit-batch';
import { benchAuditLog } from './audit-log';
import { benchAuditRecord } from './audit-record';
import { bareBroker } from './bare-broker';
import { bareLoop } from './bare-loop';
import { benchBroker } from './broker';
import { constantAccount } from './constant-account';
import type { ContestName } from './contests';
import { benchConverter } from './converter';
import { benchCosmos } from './cosmos';
import { benchDurable } from './durable';
import { benchPipeline } from './pipeline';
import { runRace } from './race';
import type { Findings } from './section';
import { benchStackStart } from './stack-start';

interface Options {
  readonly messages: string;
  readonly rounds: string;
  readonly json?: true;
}

const say = (text: string): void => console.error(text);

const sections: Readonly<Record<string, (options: Options) => Promise<Findings>>> = {
  converter: benchConverter,
  app: benchAppStart,
  stack: benchStackStart,
  broker: benchBroker,
  cosmos: benchCosmos,
  durable: benchDurable,
  'audit-record': benchAuditRecord,
  'audit-batch': benchAuditBatch,
  'audit-log': benchAuditLog,
  pipeline: ({ messages, rounds }) => benchPipeline(Number(messages), Number(rounds), say),
};

const program = new Command('bench')
  .argument('[sections...]', `of ${Object.keys(sections).join(', ')}; without one, all`)
  .option('--messages <n>', 'messages of one pipeline round', '1500')
  .option('--rounds <n>', 'pipeline rounds of each side', '3')
  .option('--json', 'print JSON instead of tables')
  .action(bench);
program
  .command('bare-loop <data> <recording> <concurrency>', { hidden: true })
  .action((data: string, recording: string, concurrency: string) =>
    bareLoop(data, recording, Number(concurrency)),
  );
program.command('bare-broker', { hidden: true }).action(bareBroker);
program.command('constant-account', { hidden: true }).action(constantAccount);
program
  .command('race <contest>', { hidden: true })
  .action((contest: string) => runRace(contest as ContestName));

async function bench(names: readonly string[], options: Options): Promise<void> {
  const chosen = names.length > 0 ? names : Object.keys(sections);
  const unknown = chosen.find((name) => !Object.hasOwn(sections, name));
  if (unknown) throw new Error(`${unknown} is no section; known are ${Object.keys(sections).join(', ')}.`);
  const found: Record<string, Findings> = {};
  for (const name of chosen) {
    say(name);
    const findings = await sections[name]?.(options);
    if (findings) found[name] = findings;
  }
  const bars = Object.values(found).flatMap((findings) => findings.bars);
  const report = JSON.stringify(
    {
      at: new Date().toISOString(),
      bars,
      ...Object.fromEntries(Object.entries(found).map(([name, findings]) => [name, findings.report])),
    },
    undefined,
    2,
  );
  mkdirSync('bench/results', { recursive: true });
  writeFileSync('bench/results/latest.json', `${report}\n`);
  if (options.json) console.log(report);
  else {
    console.log(table(Object.values(found).flatMap(({ rows }) => rows)));
    console.log(`\n${table(bars.map(({ isMet, ...bar }) => ({ ...bar, result: isMet ? 'ok' : 'MISSED' })))}`);
  }
  if (bars.some(({ isMet }) => !isMet)) process.exitCode = 1;
}

program.parseAsync().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
