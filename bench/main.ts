/**
 * npm run bench: ratios against a floor that is measured in the same run, never absolute times, because machines
 * differ. Not part of the tests. Exit code 1 when a bar is missed.
 */
import { Command } from 'commander';
import { mkdirSync, writeFileSync } from 'node:fs';
import { table } from '../cli/terminal';
import { bareBroker } from './bare-broker';
import { bareLoop } from './bare-loop';
import { brokerBar, measureBroker, type BrokerResult } from './broker';
import { conversionBar, measureConversion } from './conversion';
import { measureConverter } from './convert';
import { constantAccount } from './constant-account';
import { cosmosBars, cosmosRows, measureCosmos } from './cosmos';
import { durableBars, durableRows, measureDurable } from './durable';
import { measurePipeline, pipelineBar } from './pipeline';
import { measureStart, startBars } from './start';
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
program.command('bare-broker', { hidden: true }).action(bareBroker);
program
  .command('broker')
  .description('the Service Bus endpoint alone')
  .action(async () => {
    const broker = await measureBroker(brokerMessages, 5);
    console.log(table(brokerRows(broker)));
    console.log(
      `\n${table(brokerBars(broker).map(({ isMet, ...bar }) => ({ ...bar, result: isMet ? 'ok' : 'MISSED' })))}`,
    );
    if (brokerBars(broker).some(({ isMet }) => !isMet)) process.exitCode = 1;
  });

const brokerMessages = 20_000;

const brokerBars = ({ sendRatio, completeRatio }: BrokerResult) =>
  [
    { bar: 'broker, durable sends / rhea with an array', found: sendRatio },
    { bar: 'broker, peek-lock and complete / rhea with an array', found: completeRatio },
  ].map(({ bar, found }) => ({
    bar,
    wanted: `>= ${brokerBar}`,
    found: found.toFixed(2),
    isMet: found >= brokerBar,
  }));

const perSecond = (values: readonly number[]) =>
  `${median(values).toFixed(0)}/s (${values.map((value) => value.toFixed(0)).join(', ')})`;

const brokerRows = ({ broker, bare }: BrokerResult) => [
  { measure: 'broker, sends', median: perSecond(broker.send) },
  { measure: 'rhea with an array, sends', median: perSecond(bare.send) },
  { measure: 'broker, peek-lock and complete', median: perSecond(broker.complete) },
  { measure: 'rhea with an array, receive and settle', median: perSecond(bare.complete) },
];

program.command('constant-account', { hidden: true }).action(constantAccount);
program
  .command('cosmos')
  .description('the Cosmos DB endpoint alone')
  .action(async () => {
    const cosmos = await measureCosmos();
    console.log(table(cosmosRows(cosmos)));
    const bars = cosmosBars(cosmos);
    console.log(`\n${table(bars.map(({ isMet, ...bar }) => ({ ...bar, result: isMet ? 'ok' : 'MISSED' })))}`);
    if (bars.some(({ isMet }) => !isMet)) process.exitCode = 1;
  });

program
  .command('start')
  .description('the start of the whole stack, and its memory at rest')
  .action(async () => {
    const bars = startBars(await measureStart());
    console.log(table(bars.map(({ isMet, ...bar }) => ({ ...bar, result: isMet ? 'ok' : 'MISSED' }))));
    if (bars.some(({ isMet }) => !isMet)) process.exitCode = 1;
  });

async function bench({ messages, rounds, json }: Options): Promise<void> {
  const say = (text: string) => console.error(text);
  say('start');
  const start = await measureStart();
  say('conversion');
  const conversion = await measureConversion();
  const converter = await measureConverter();
  say('broker');
  const broker = await measureBroker(brokerMessages, 5);
  say('Cosmos DB');
  const cosmos = await measureCosmos();
  say('orchestrations');
  const durable = await measureDurable();
  const pipeline = await measurePipeline(Number(messages), Number(rounds), say);
  const bars = [
    ...startBars(start),
    {
      bar: 'conversion with JSON.stringify / copy of its Bundle through JSON',
      wanted: `<= ${conversionBar}`,
      found: conversion.ratio.toFixed(2),
      isMet: conversion.ratio <= conversionBar,
    },
    ...converter,
    ...durableBars(durable),
    ...cosmosBars(cosmos),
    ...brokerBars(broker),
    {
      bar: 'pipeline / bare loop with the same requests',
      wanted: `>= ${pipelineBar}`,
      found: pipeline.ratio.toFixed(2),
      isMet: pipeline.ratio >= pipelineBar,
    },
  ];
  const report = JSON.stringify(
    { at: new Date().toISOString(), bars, start, conversion, broker, cosmos, durable, pipeline },
    undefined,
    2,
  );
  mkdirSync('bench/results', { recursive: true });
  writeFileSync('bench/results/latest.json', `${report}\n`);
  if (json) console.log(report);
  else {
    const micro = (value: number) => `${value.toFixed(0)} us`;
    const rate = (values: readonly number[]) =>
      `${median(values).toFixed(1)}/s (${values.map((value) => value.toFixed(1)).join(', ')})`;
    console.log(
      table([
        { measure: 'convert one 10-OBX ORU^R01', median: micro(conversion.convertMicroseconds) },
        {
          measure: `copy its Bundle (${conversion.bundleBytes} bytes)`,
          median: micro(conversion.copyMicroseconds),
        },
        ...brokerRows(broker),
        ...durableRows(durable),
        ...cosmosRows(cosmos),
        { measure: `pipeline, ${pipeline.messages} messages`, median: rate(pipeline.pipeline) },
        { measure: `bare loop at concurrency ${pipeline.concurrency}`, median: rate(pipeline.bareLoop) },
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
