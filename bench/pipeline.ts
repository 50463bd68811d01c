import { fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { serialize } from 'node:v8';
import { withServices } from '../cli/services';
import type { Services } from '../src/lib/services';
import { startTemporaryStack } from '../test/support/temporary-stack';
import { averages, type MessageCalls } from './calls';
import { atLeast } from './bar';
import { benchMessage } from './messages';
import { recordCalls } from './recording';
import { perSecond, type Findings } from './section';
import { alternate, median } from './statistics';

/** At least this share of what the bare loop reaches. */
const pipelineBar = 0.4;

const warmUpShare = 0.2;
const limitMs = 10 * 60_000;
const disabled = { 'AzureWebJobs.hl7Processor.Disabled': 'true' };

interface PipelineResult {
  readonly messages: number;
  readonly warmUp: number;
  readonly concurrency: number;
  /** Messages per second, round by round. */
  readonly pipeline: readonly number[];
  readonly bareLoop: readonly number[];
  readonly ratio: number;
  /** What the bare loop repeats: requests per message of each event, on average. */
  readonly calls: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Per message. */
  readonly callBytes: number;
}

/**
 * Queue -> stored -> audited by the built app in a real stack, against a loop that makes the same requests of Cosmos DB
 * and blob storage. Messages wait in the queue first; each round has fresh stores and fresh processes.
 */
async function measurePipeline(
  messages: number,
  rounds: number,
  say: (text: string) => void,
): Promise<PipelineResult> {
  const folder = mkdtempSync(join(tmpdir(), 'medrelay-bench-'));
  const concurrency = readConcurrency();
  const warmUp = Math.round(messages * warmUpShare);
  const bodies = Array.from({ length: messages }, (_, n) => benchMessage(n));
  try {
    say(`recording the requests of ${messages} messages`);
    const recorded = await record(join(folder, 'recording'), bodies);
    const recordingFile = join(folder, 'recording.bin');
    writeFileSync(recordingFile, serialize(recorded));

    const rates = { pipeline: [] as number[], bareLoop: [] as number[] };
    const round =
      (name: keyof typeof rates, run: (dataDir: string) => Promise<number[]>) => async (n: number) => {
        const dataDir = mkdtempSync(join(folder, `${name}-`));
        await fillQueue(dataDir, bodies);
        const stack = await startTemporaryStack(dataDir, name === 'bareLoop' ? disabled : {});
        try {
          const rate = throughput(await run(dataDir), warmUp);
          rates[name].push(rate);
          say(`round ${n + 1}, ${name}: ${rate.toFixed(1)} messages/s`);
        } finally {
          await stack.stop();
          rmSync(dataDir, { recursive: true, force: true });
        }
      };
    await alternate(
      rounds,
      round('pipeline', (dataDir) => finishedByApp(dataDir, messages)),
      round('bareLoop', (dataDir) => finishedByLoop(dataDir, recordingFile, concurrency)),
    );
    return {
      messages,
      warmUp,
      concurrency,
      ...rates,
      ratio: median(rates.pipeline) / median(rates.bareLoop),
      calls: averages(recorded),
      callBytes: Math.round(sizeOf(recorded) / messages),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function benchPipeline(
  messages: number,
  rounds: number,
  say: (text: string) => void,
): Promise<Findings> {
  const result = await measurePipeline(messages, rounds, say);
  const { concurrency, calls, callBytes, ratio } = result;
  return {
    rows: [
      { measure: `pipeline, ${messages} messages`, found: perSecond(result.pipeline, 1) },
      { measure: `bare loop at concurrency ${concurrency}`, found: perSecond(result.bareLoop, 1) },
      // The pipeline also publishes an event.
      ...Object.entries(calls).map(([request, average]) => ({
        measure: `${request}, per message`,
        found: Object.entries(average)
          .map(([kind, count]) => `${kind} ${count}`)
          .join(', '),
      })),
      { measure: 'bytes of these requests, per message', found: String(callBytes) },
    ],
    bars: [atLeast('pipeline / bare loop with the same requests', pipelineBar, ratio)],
    report: result,
  };
}

/** Documents, queries and blobs; what HTTP adds is the same for both sides. */
const sizeOf = (recorded: readonly MessageCalls[]): number =>
  recorded
    .flat(2)
    .reduce(
      (sum, call) =>
        sum + (call.kind === 'upload' ? call.bytes.length : Buffer.byteLength(JSON.stringify(call))),
      0,
    );

function readConcurrency(): number {
  const host = JSON.parse(readFileSync('host.json', 'utf8')) as {
    extensions: { serviceBus: { maxConcurrentCalls: number } };
  };
  return host.extensions.serviceBus.maxConcurrentCalls;
}

/** Runs a stack whose app leaves the queue alone. */
async function withIdleStack<T>(dataDir: string, work: (services: Services) => Promise<T>): Promise<T> {
  const stack = await startTemporaryStack(dataDir, disabled);
  try {
    let result: { readonly value: T } | undefined;
    await withServices(dataDir, async (services) => {
      result = { value: await work(services) };
    });
    if (!result) throw new Error('The stack did nothing.');
    return result.value;
  } finally {
    await stack.stop();
  }
}

const record = (dataDir: string, bodies: readonly Buffer[]): Promise<MessageCalls[]> =>
  withIdleStack(dataDir, (services) => recordCalls(services, bodies));

const perSend = 50;

function fillQueue(dataDir: string, bodies: readonly Buffer[]): Promise<void> {
  return withIdleStack(dataDir, async ({ azure }) => {
    const sender = await azure.sender('hl7-messages');
    const messages = bodies.map((body, n) => ({
      body,
      messageId: String(n),
      applicationProperties: { bodyKind: 'hl7' },
    }));
    for (let start = 0; start < messages.length; start += perSend)
      await sender.sendMessages(messages.slice(start, start + perSend));
  });
}

/** The times at which the app finished its messages, from their documents. */
async function finishedByApp(dataDir: string, messages: number): Promise<number[]> {
  let finished: number[] = [];
  await withServices(dataDir, async ({ azure }) => {
    const { items } = await azure.container('clinical/messages');
    const query = async <T>(sql: string) => (await items.query<T>(sql).fetchAll()).resources;
    for (const limit = Date.now() + limitMs; ; await delay(1000)) {
      const [done] = await query<number>(`SELECT VALUE COUNT(1) FROM c WHERE c.status = 'done'`);
      if (done === messages) break;
      if (Date.now() > limit) throw new Error(`Only ${done} of ${messages} messages are done.`);
    }
    const documents = await query<{ finishedAt: string }>('SELECT c.finishedAt FROM c');
    finished = documents.map(({ finishedAt }) => Date.parse(finishedAt));
  });
  return finished;
}

/** This program once more, as the bare loop. */
function finishedByLoop(dataDir: string, recordingFile: string, concurrency: number): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const loop = fork(__filename, ['bare-loop', dataDir, recordingFile, String(concurrency)]);
    loop.once('message', (finished) => resolve(finished as number[]));
    loop.once('exit', (code) => reject(new Error(`The bare loop ended with exit code ${code}.`)));
  });
}

/** Messages per second once so many are finished and everything is warm. */
function throughput(finished: readonly number[], warmUp: number): number {
  const sorted = [...finished].sort((a, b) => a - b);
  const [from = NaN, to = NaN] = [sorted[warmUp - 1], sorted.at(-1)];
  return ((sorted.length - warmUp) * 1000) / (to - from);
}
