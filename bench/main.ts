/**
 * npm run bench: ratios against a floor that is measured in the same run, never absolute times, because machines
 * differ. Not part of the tests. Exit code 1 when a bar is missed.
 */
import { Command } from 'commander';
import { mkdirSync, writeFileSync } from 'node:fs';
import { table } from '../cli/terminal';
import { atLeast, atMost, type Bar } from './bar';
import { bareLoop } from './bare-loop';
import { bundleBytes, type ContestName } from './contests';
import { measurePipeline, pipelineBar } from './pipeline';
import { race, runRace } from './race';
import { measureLoad, measureStart } from './start';
import { median } from './statistics';

interface Options {
  readonly messages: string;
  readonly rounds: string;
  readonly json?: true;
}

const program = new Command('bench')
  .option('--messages <n>', 'messages of one pipeline round', '1500')
  .option('--rounds <n>', 'pipeline rounds of each side', '3')
  .option('--json', 'print JSON instead of tables')
  .action(bench);
program
  .command('bare-loop <data> <recording> <concurrency>', { hidden: true })
  .action((data: string, recording: string, concurrency: string) =>
    bareLoop(data, recording, Number(concurrency)),
  );

program
  .command('race <contest>', { hidden: true })
  .action((contest: string) => runRace(contest as ContestName));

async function bench({ messages, rounds, json }: Options): Promise<void> {
  const say = (text: string) => console.error(text);
  say('converter');
  const races = {
    conversion: await race('conversion'),
    stringified: await race('stringified'),
    validated: await race('validated'),
    hl7Standard: await race('hl7Standard'),
    medplum: await race('medplum'),
  } satisfies Record<ContestName, unknown>;
  const load = await measureLoad();
  say('start of the app');
  const start = await measureStart();
  const pipeline = await measurePipeline(Number(messages), Number(rounds), say);
  const { conversion, stringified, validated, hl7Standard, medplum } = races;
  const bars: Bar[] = [
    atMost(
      'conversion of a 10-OBX ORU / copy of its Bundle through JSON',
      2.5,
      conversion.ours / conversion.other,
    ),
    atMost('the same with JSON.stringify', 6, stringified.ours / stringified.other),
    atMost('the same with validation', 5, validated.ours / validated.other),
    atLeast('parse and read of 1,010 OBX: hl7-standard / ours', 10, hl7Standard.other / hl7Standard.ours),
    atLeast('parse and read of 1,010 OBX: @medplum/core / ours', 1.5, medplum.other / medplum.ours),
    atMost('load of converter, validator and tables, ms', 60, load),
    atMost(
      'start of the app to its functions / of one empty function, compile cache warm',
      12,
      start.app / start.empty,
    ),
    atLeast('pipeline / bare loop with the same requests', pipelineBar, pipeline.ratio),
  ];
  const at = new Date().toISOString();
  const report = JSON.stringify({ at, bars, races, load, start, pipeline }, undefined, 2);
  mkdirSync('bench/results', { recursive: true });
  writeFileSync('bench/results/latest.json', `${report}\n`);
  if (json) console.log(report);
  else {
    const micro = (value: number) => `${value.toFixed(0)} us`;
    const milli = (value: number) => `${value.toFixed(0)} ms`;
    const rate = (values: readonly number[]) =>
      `${median(values).toFixed(1)}/s (${values.map((value) => value.toFixed(1)).join(', ')})`;
    console.log(
      table([
        { measure: 'convert one 10-OBX ORU^R01, best', found: micro(conversion.ours) },
        { measure: 'convert and validate it, best', found: micro(validated.ours) },
        { measure: `copy its Bundle (${bundleBytes()} bytes), best`, found: micro(conversion.other) },
        { measure: 'start of the app to its functions, best', found: milli(start.app) },
        { measure: 'start of an app with one empty function, best', found: milli(start.empty) },
        { measure: `pipeline, ${pipeline.messages} messages, median`, found: rate(pipeline.pipeline) },
        {
          measure: `bare loop at concurrency ${pipeline.concurrency}, median`,
          found: rate(pipeline.bareLoop),
        },
      ]),
    );
    console.log(
      `\nRequests per message in both (${pipeline.callBytes} bytes; the pipeline also publishes an event):`,
    );
    console.log(table(Object.entries(pipeline.calls).map(([request, average]) => ({ request, ...average }))));
    console.log(`\n${table(bars.map(({ isMet, ...bar }) => ({ ...bar, result: isMet ? 'ok' : 'MISSED' })))}`);
  }
  if (bars.some(({ isMet }) => !isMet)) process.exitCode = 1;
}

program.parseAsync().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
