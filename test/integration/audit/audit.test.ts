import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { CosmosClient } from '@azure/cosmos';
import { BlobServiceClient } from '@azure/storage-blob';
import { emulatorKey, startCosmos, type Cosmos } from '../../../local/cosmos';
import { parseEmulatorConfig, startServiceBus, type ServiceBus } from '../../../local/servicebus';
import {
  createAudit,
  createAuditReplay,
  listAuditEvents,
  type ReplayPorts,
  type AuditReceipt,
} from '../../../src/lib/audit';
import {
  classifyAzureError,
  createAzure,
  createDataKeyStore,
  createEventJournal,
  createEventQueue,
  createEventStore,
  createKeyWrap,
  type Azure,
} from '../../../src/lib/azure';
import { loadConfig, type Config } from '../../../src/lib/config';
import { createFieldCipher } from '../../../src/lib/security';
import topology from '../../../topology.json';
import { event, preset } from '../../unit/audit/fakes';
import { startAzurite } from '../host/azurite';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'medrelay-audit-'));
const opened: Azure[] = [];
let cosmos: Cosmos;
let broker: ServiceBus;
let azurite: Awaited<ReturnType<typeof startAzurite>>;
let config: Config;

beforeAll(async () => {
  [cosmos, broker, azurite] = await Promise.all([
    startCosmos({ port: 0, dataDir: path.join(folder, 'cosmos') }),
    startServiceBus({
      port: 0,
      dataDir: path.join(folder, 'broker'),
      config: parseEmulatorConfig(topology),
      sharedAccessKey: 'key',
    }),
    startAzurite(),
  ]);
  const client = new CosmosClient(cosmos.connectionString);
  const { database } = await client.databases.createIfNotExists({ id: 'audit' });
  for (const id of ['events', 'keys'])
    await database.containers.createIfNotExists({ id, partitionKey: '/pk' });
  client.dispose();
  await BlobServiceClient.fromConnectionString(azurite.connection).createContainer('audit-archive');
  config = loadConfig({
    ServiceBusConnection: broker.connectionString,
    CosmosDBConnection: cosmos.connectionString,
    AzureWebJobsStorage: azurite.connection,
    DEFAULT_TENANT: 'demo',
    AZURE_FUNCTIONS_ENVIRONMENT: 'Development',
    MEDRELAY_KEY_FILE: path.join(folder, 'kek.json'),
  });
});

afterAll(async () => {
  for (const azure of opened) await azure.close();
  await Promise.all([cosmos.stop(), broker.stop(), azurite.stop()]);
  fs.rmSync(folder, { recursive: true, force: true });
});

/** A process of its own: own clients, own key cache, same services. */
function process(connections: Partial<Config['connections']> = {}): ReplayPorts {
  const own = createAzure({ ...config.connections, ...connections });
  // Data keys stay within reach: without them nothing may be written at all.
  const reachable = createAzure(config.connections);
  opened.push(own, reachable);
  return {
    app: 'test',
    cipher: createFieldCipher({ keyWrap: createKeyWrap(config), store: createDataKeyStore(reachable) }),
    store: createEventStore(own),
    queue: createEventQueue(own),
    journal: createEventJournal(own),
    classify: classifyAzureError,
    presetOf: () => preset,
    retryDelaysSeconds: [1],
  };
}

const nobody = {
  cosmos: { kind: 'connectionString', value: 'AccountEndpoint=http://127.0.0.1:1/;AccountKey=a2V5;' },
  serviceBus: {
    kind: 'connectionString',
    value: 'Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=n;SharedAccessKey=k;UseDevelopmentEmulator=true;',
  },
} as const;
const march = { from: '2026-03-01T00:00:00Z', to: '2026-04-01T00:00:00Z', limit: 100 };

it('records once whoever delivers again, keeps the first of two statements, and lists both', async () => {
  const tenantId = 'once';
  const [one, two] = [process(), process()];
  const receipts = await Promise.all(
    [one, two, one, two].map((each) => createAudit(each).record(event({ tenantId }))),
  );
  expect(receipts.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
  expect(new Set(receipts.map(({ leafHash }) => leafHash)).size).toBe(1);
  const report = await createAudit(two).record(event({ tenantId, outcome: '8' }));
  const documents = await listAuditEvents(one.store, tenantId, march);
  expect(documents.map(({ id }) => id).sort()).toEqual([receipts[0]?.id, report.id].sort());
  expect(JSON.stringify(documents)).not.toMatch(/DOE|"_rid"/);
  // What came back over the wire still proves itself.
  expect(await createAuditReplay(one).replayQueued(documents[0])).toBe('persisted');
});

it('records many at once: created by bulk requests, duplicates and faults apart from each other', async () => {
  const tenantId = 'batch';
  const ports = process();
  const audit = createAudit(ports);
  await audit.record(event({ tenantId, sourceKey: 'm7' }));
  const events = Array.from({ length: 150 }, (_, n) => event({ tenantId, sourceKey: `m${n}` }));
  const fates = await audit.recordBatch([...events, event({ tenantId, occurredAt: 'yesterday' })]);
  const told = fates.map((fate) => (fate.status === 'fulfilled' ? fate.value : undefined));
  expect(told.flatMap((receipt, n) => (receipt?.duplicate === false ? [] : [n]))).toEqual([7, 150]);
  const stored = await listAuditEvents(ports.store, tenantId, { ...march, limit: 1000 });
  expect(stored.map(({ id, leafHash }) => `${id} ${leafHash}`).sort()).toEqual(
    told.flatMap((receipt) => (receipt ? [`${receipt.id} ${receipt.leafHash}`] : [])).sort(),
  );
});

it('goes to the queue while the store is away, and from there into the store', async () => {
  const tenantId = 'queued';
  const cutOff = process({ cosmos: nobody.cosmos });
  const audit = createAudit(cutOff);
  const receipts = await Promise.all(
    [1, 2, 3].map((n) => audit.record(event({ tenantId, sourceKey: `m${n}` }))),
  );
  expect(receipts.map(({ state }) => state)).toEqual(['queued', 'queued', 'queued']);
  expect(await audit.record(event({ tenantId, sourceKey: 'm1' }))).toMatchObject({ state: 'queued' });
  expect(broker.counts()['audit-ingest']?.active).toBe(3);

  const back = process();
  const azure = createAzure(config.connections);
  opened.push(azure);
  const receiver = (await azure.serviceBusClient()).createReceiver('audit-ingest');
  const messages = await receiver.receiveMessages(10, { maxWaitTimeInMs: 5_000 });
  for (const message of messages) {
    expect(JSON.stringify(message.body)).not.toContain('DOE');
    expect(await createAuditReplay(back).replayQueued(message.body)).toBe('persisted');
    await receiver.completeMessage(message);
  }
  await receiver.close();
  expect((await listAuditEvents(back.store, tenantId, march)).map(({ id }) => id).sort()).toEqual(
    receipts.map(({ id }) => id).sort(),
  );
  expect(await createAudit(back).record(event({ tenantId, sourceKey: 'm1' }))).toMatchObject({
    duplicate: true,
  });
});

it('goes to the journal while store and broker are away, and from there into the store', async () => {
  const tenantId = 'journal';
  const cutOff = process(nobody);
  const receipt = await createAudit(cutOff).record(event({ tenantId }));
  expect(receipt).toMatchObject({ state: 'journaled', duplicate: false });
  expect(await createAudit(cutOff).record(event({ tenantId }))).toEqual({ ...receipt, duplicate: true });
  const back = process();
  expect(await createAuditReplay(back).replayJournal()).toMatchObject({ persisted: 1 });
  expect(await createAuditReplay(back).replayJournal()).toMatchObject({ persisted: 0 });
  expect(await listAuditEvents(back.store, tenantId, march)).toMatchObject([
    { id: receipt.id, leafHash: receipt.leafHash },
  ]);
});

function setFaults(faults: object): Promise<unknown> {
  const headers = { 'x-local-key': emulatorKey };
  const request = { method: 'POST', headers, body: JSON.stringify(faults) };
  return fetch(`${cosmos.endpoint}_local/faults`, request).then((response) => {
    if (!response.ok) throw new Error(`Faults were not set: ${response.status}`);
  });
}

it('loses and doubles nothing while the store throttles, fails and is away', async () => {
  const tenantId = 'faults';
  const ports = process();
  const audit = createAudit(ports);
  const recordMany = (from: number): Promise<AuditReceipt[]> =>
    Promise.all(
      Array.from({ length: 100 }, (_, i) => audit.record(event({ tenantId, sourceKey: `m${from + i}` }))),
    );
  const receipts = [await audit.record(event({ tenantId, sourceKey: 'first' }))];
  await setFaults({ rate: 0.2, statuses: [429, 503] });
  receipts.push(...(await recordMany(0)));
  await setFaults({ down: true });
  receipts.push(...(await recordMany(100)));
  await setFaults({});

  const replay = createAuditReplay(process());
  const azure = createAzure(config.connections);
  opened.push(azure);
  const receiver = (await azure.serviceBusClient()).createReceiver('audit-ingest');
  // A machine under load may let an attempt run out of time, which postpones the event: nothing may wait in the end.
  const waiting = (): number => {
    const { active, scheduled } = broker.counts()['audit-ingest'] ?? { active: 0, scheduled: 0 };
    return active + scheduled;
  };
  while (waiting() > 0) {
    const messages = await receiver.receiveMessages(200, { maxWaitTimeInMs: 2_000 });
    await Promise.all(messages.map(({ body }) => replay.replayQueued(body)));
    await Promise.all(messages.map((message) => receiver.completeMessage(message)));
  }
  await receiver.close();
  await replay.replayJournal();

  const stored = await listAuditEvents(ports.store, tenantId, { ...march, limit: 1000 });
  expect(stored.map(({ id }) => id).sort()).toEqual(receipts.map(({ id }) => id).sort());
  expect(new Set(stored.map(({ id }) => id)).size).toBe(201);
});
