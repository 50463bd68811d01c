import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CosmosClient, type Container, type JSONObject, type OperationInput } from '@azure/cosmos';
import { BUILT_IN, compilePreset, createAudit, type AuditPorts } from '../src/lib/audit';
import { createRecorder, stated } from '../src/lib/audit/record';
import { classifyAzureError, createAzure, createEventStore } from '../src/lib/azure';
import { benchCipher, benchEvent } from './audit-record';
import { atLeast } from './bar';
import { key, startServer } from './cosmos';
import { perSecond, type Findings } from './section';
import { alternate, median } from './statistics';

/** At least this share of the faster of the SDK's two ways to create many documents. */
const batchBar = 0.7;
const events = 1_000;
const rounds = 8;
const warmUp = 2;

/** Stated events to durable receipts, against the SDK creating the very documents in a container of their own. */
export async function benchAuditBatch(): Promise<Findings> {
  const folder = mkdtempSync(join(tmpdir(), 'medrelay-bench-batch-'));
  const children: ChildProcess[] = [];
  try {
    const script = join(__dirname, '..', 'local', 'cosmos.js');
    const endpoint = await startServer(children, script, ['--port', '0', '--data', folder]);
    const client = new CosmosClient({ endpoint, key });
    const { database } = await client.databases.create({ id: 'audit' });
    const make = async (id: string): Promise<Container> =>
      (await database.containers.create({ id, partitionKey: '/pk' })).container;
    await make('events');
    const rates = await measure(endpoint, await make('bulk-operations'), await make('bulk'));
    client.dispose();
    const floor = Math.max(median(rates.executeBulkOperations), median(rates.bulk));
    return {
      rows: [
        { measure: 'audit: recordBatch, events', found: perSecond(rates.recordBatch) },
        {
          measure: 'audit: the SDK alone, executeBulkOperations',
          found: perSecond(rates.executeBulkOperations),
        },
        { measure: 'audit: the SDK alone, items.bulk by hundreds', found: perSecond(rates.bulk) },
      ],
      bars: [atLeast('audit: recordBatch / bare bulk creates', batchBar, median(rates.recordBatch) / floor)],
      report: rates,
    };
  } finally {
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function measure(endpoint: string, first: Container, second: Container) {
  const nobody = { kind: 'connectionString', value: '' } as const;
  const azure = createAzure({
    cosmos: { kind: 'connectionString', value: `AccountEndpoint=${endpoint};AccountKey=${key};` },
    serviceBus: nobody,
    storage: nobody,
  });
  const ports = portsOf(createEventStore(azure));
  const [audit, recorder] = [createAudit(ports), createRecorder(ports)];
  const rates = { recordBatch: [] as number[], executeBulkOperations: [] as number[], bulk: [] as number[] };
  const timed = async (name: keyof typeof rates, round: number, work: () => Promise<unknown>) => {
    const from = performance.now();
    await work();
    if (round >= warmUp) rates[name].push((events / (performance.now() - from)) * 1000);
  };
  const given = (round: number) => Array.from({ length: events }, (_, n) => benchEvent(round * events + n));
  await alternate(
    rounds + warmUp,
    (round) =>
      timed('recordBatch', round, async () => {
        const fates = await audit.recordBatch(given(round));
        if (!fates.every((fate) => fate.status === 'fulfilled' && fate.value.state === 'persisted'))
          throw new Error('Not every event was created.');
      }),
    async (round) => {
      const operations: OperationInput[] = [];
      for (const event of given(round)) {
        const { document } = await recorder.seal(stated(event));
        const resourceBody = { ...document } as unknown as JSONObject;
        operations.push({ operationType: 'Create', partitionKey: document.pk, resourceBody });
      }
      await timed('executeBulkOperations', round, () => first.items.executeBulkOperations(operations));
      await timed('bulk', round, () =>
        Promise.all(
          Array.from({ length: events / 100 }, (_, n) =>
            second.items.bulk(operations.slice(n * 100, n * 100 + 100)),
          ),
        ),
      );
    },
  );
  await azure.close();
  return rates;
}

function portsOf(store: AuditPorts['store']): AuditPorts {
  const [preset] = BUILT_IN.values();
  if (!preset) throw new Error('There is no built-in preset.');
  const apply = compilePreset(preset);
  const never = () => Promise.reject(new Error('The bench asks the store alone.'));
  return {
    app: 'bench',
    cipher: benchCipher(),
    store,
    queue: { send: never, postpone: never },
    journal: { create: never, read: never, names: async function* () {}, open: never, remove: never },
    classify: classifyAzureError,
    presetOf: () => apply,
  };
}
