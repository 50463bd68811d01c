import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openDurable, readDurableSettings, type FunctionKind, type Functions } from '../local/durable';
import { WorkerProcess } from '../local/host/worker-process';
import { atLeast } from './bar';
import { perSecond, type Findings } from './section';
import { alternate, median } from './statistics';

/** Orchestrations per second / the same invocations of the worker without a backend. */
const durableBar = 0.3;

const ORCHESTRATIONS = 150;
const ROUNDS = 7;
/** Four turns and three activities. */
const RUNS_OF_ONE = 7;

interface DurableResult {
  orchestrations: number;
  /** Per second, by round. */
  durable: number[];
  bare: number[];
  ratio: number;
}

export async function benchDurable(): Promise<Findings> {
  const result = await measureDurable();
  const { durable, bare, ratio } = result;
  return {
    rows: [
      { measure: 'orchestrations of three activities', found: perSecond(durable) },
      { measure: 'their seven invocations bare', found: perSecond(bare) },
    ],
    bars: [atLeast('orchestrations of three activities / the same invocations bare', durableBar, ratio)],
    report: result,
  };
}

type Run = [kind: FunctionKind, name: string, input: string | undefined];

/**
 * Three activities one after the other are four turns and three calls. The floor is those seven invocations with the same
 * payloads, in the same order, through the same worker, as many at a time: no history, no file, no HTTP.
 */
async function measureDurable(): Promise<DurableResult> {
  const dataDir = mkdtempSync(join(tmpdir(), 'medrelay-bench-durable-'));
  const worker = new WorkerProcess({
    script: join(process.cwd(), 'dist/local/worker.js'),
    appDir: join(process.cwd(), 'test/fixtures/durable-app'),
    env: { PATH: process.env['PATH'] ?? '', WEBSITE_HOSTNAME: 'localhost' },
    timeoutMs: undefined,
    log: () => undefined,
    onAppLog: () => undefined,
    onGiveUp: () => undefined,
  });
  const { functions: indexed } = await worker.start();
  const inputNames = new Map(indexed.map(({ name, bindings }) => [name, bindings[0]?.name ?? '']));
  let invocations = 0;
  let answered = 0;
  const invoke = async (...[, name, input]: Run): Promise<string> => {
    const data = input === undefined ? {} : { string: input };
    const inputName = inputNames.get(name) ?? '';
    invocations += 1;
    const { returnValue } = await worker.invoke({
      invocationId: String(invocations),
      functionName: name,
      inputData: [{ name: inputName, data }],
      triggerMetadata: { [inputName]: data },
    });
    answered += 1;
    return returnValue?.json ?? JSON.stringify(returnValue?.string ?? null);
  };

  const recorded: Run[] = [];
  let isRecording = true;
  const functions: Functions = {
    find: (_, name) => (inputNames.has(name) ? name : undefined),
    names: () => [...inputNames.keys()],
    run: (kind, name, input) => {
      if (isRecording) recorded.push([kind, name, input]);
      return invoke(kind, name, input);
    },
  };
  const settings = readDurableSettings({}, String, undefined, () => undefined);
  const backend = await openDurable({
    dataDir,
    functions,
    settings,
    systemKey: 'key',
    origin: 'http://localhost',
    log: () => undefined,
  });
  const { rpcBaseUrl } = JSON.parse(backend.clientBinding()) as { rpcBaseUrl: string };
  const start = starter(rpcBaseUrl);
  /** The last answer of the last orchestrator ends the work; the status afterwards says that it was all. */
  const orchestrate = async (count: number, round: string): Promise<number> => {
    const wanted = invocations + count * RUNS_OF_ONE;
    const from = performance.now();
    const ids = Array.from({ length: count }, (_, n) => `${round}-${n}`);
    await inLanes(ids, settings.maxConcurrentOrchestrators, start);
    while (answered < wanted) await delay(1);
    const seconds = (performance.now() - from) / 1000;
    await delay(100);
    const left = `${rpcBaseUrl}instances?top=1&instanceIdPrefix=${round}-&runtimeStatus=Pending,Running,Failed`;
    if (((await (await fetch(left)).json()) as unknown[]).length > 0)
      throw new Error('Not all have completed.');
    return seconds;
  };

  try {
    backend.start();
    await orchestrate(1, 'recorded');
    isRecording = false;
    const bareChain = async (): Promise<void> => {
      for (const run of recorded) await invoke(...run);
    };
    const durable: number[] = [];
    const bare: number[] = [];
    const chains = Array.from({ length: ORCHESTRATIONS }, (_, n) => n);
    const warm = async (): Promise<void> => {
      await orchestrate(20, 'warm');
      await inLanes(chains.slice(0, 20), settings.maxConcurrentOrchestrators, bareChain);
    };
    await warm();
    await alternate(
      ROUNDS,
      async (round) => {
        durable.push(ORCHESTRATIONS / (await orchestrate(ORCHESTRATIONS, `round${round}`)));
      },
      async () => {
        const from = performance.now();
        await inLanes(chains, settings.maxConcurrentOrchestrators, bareChain);
        bare.push(ORCHESTRATIONS / ((performance.now() - from) / 1000));
      },
    );
    return { orchestrations: ORCHESTRATIONS, durable, bare, ratio: median(durable) / median(bare) };
  } finally {
    await backend.stop();
    await worker.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** `fetch` would cost as much as the backend itself. */
function starter(rpcBaseUrl: string): (id: string) => Promise<void> {
  const agent = new Agent({ keepAlive: true });
  return (id) =>
    new Promise((resolve, reject) => {
      const req = request(`${rpcBaseUrl}orchestrators/chain/${id}`, { method: 'POST', agent }, (res) => {
        res.resume().once('end', resolve);
        if (res.statusCode !== 202) reject(new Error(`Instance ${id} was answered ${res.statusCode}.`));
      });
      req.once('error', reject).end();
    });
}

async function inLanes<T>(
  items: readonly T[],
  lanes: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const left = [...items];
  const lane = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) {
      await work(item);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
