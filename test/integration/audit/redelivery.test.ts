import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { BlobServiceClient } from '@azure/storage-blob';
import { startCosmos, type Cosmos } from '../../../local/cosmos';
import { createContainers, readTopology } from '../../../local/stack/topology';
import {
  createAudit,
  createSealer,
  type Audit,
  type AuditEventInput,
  type AuditReceipt,
  type CheckpointSigner,
  type SealPorts,
} from '../../../src/lib/audit';
import {
  classifyAzureError,
  createAnchorStore,
  createAzure,
  createDataKeyStore,
  createEventFeed,
  createEventJournal,
  createEventQueue,
  createEventStore,
  createKeyWrap,
  createLogStore,
  createTrailReader,
  type Azure,
} from '../../../src/lib/azure';
import { verifyTrail } from '../../../src/lib/audit/verify';
import { loadConfig, type Config } from '../../../src/lib/config';
import { MedrelayError } from '../../../src/lib/errors';
import { createFieldCipher } from '../../../src/lib/security';
import { localSigner } from '../../support/audit/log-builder';
import { event, preset } from '../../unit/audit/fakes';
import { startAzurite } from '../host/azurite';

const tenantId = 'north';
const writers = 50;
const connections = 5;
/** So many events; each is stated by two writers at once, whose clocks differ, each time. */
const count = 100;
/** When the same events come again: at the turn of the year, the next day and the day after, at midnight each time. */
const deliveries = [
  '2026-12-31T23:59:59.000Z',
  '2026-12-31T23:59:59.900Z',
  '2027-01-01T00:00:00.100Z',
  '2027-01-01T23:59:59.500Z',
  '2027-01-03T00:00:00.000Z',
].map((instant) => Date.parse(instant));
/** Their clocks differ by so much, so that in one delivery some have the next day already. */
const skewMs = 1_500;

const folder = mkdtempSync(join(tmpdir(), 'medrelay-redelivery-'));
const opened: Azure[] = [];
const pair = localSigner();
const signer: CheckpointSigner = { ...pair, publicKeys: () => Promise.resolve([pair.spki]) };
let now = deliveries[0] ?? 0;
let cosmos: Cosmos;
let azurite: Awaited<ReturnType<typeof startAzurite>>;
let config: Config;

beforeAll(async () => {
  azurite = await startAzurite();
  await BlobServiceClient.fromConnectionString(azurite.connection).createContainer('audit-checkpoints');
  cosmos = await startCosmos({ port: 0, dataDir: join(folder, 'cosmos'), partitions: 2, now: () => now });
  await createContainers(readTopology(resolve('.'), undefined), cosmos.connectionString);
  config = loadConfig({
    ServiceBusConnection__fullyQualifiedNamespace: 'x',
    CosmosDBConnection: cosmos.connectionString,
    AzureWebJobsStorage: azurite.connection,
    DEFAULT_TENANT: tenantId,
    AZURE_FUNCTIONS_ENVIRONMENT: 'Development',
    MEDRELAY_KEY_FILE: join(folder, 'kek.json'),
  });
});
afterAll(async () => {
  for (const azure of opened) await azure.close();
  await Promise.all([cosmos.stop(), azurite.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

function connect(): Azure {
  const azure = createAzure(config.connections);
  opened.push(azure);
  return azure;
}

/** A process of its own but for its connections: own keys, breakers, numbers and clock. */
function process_(azure: Azure, skew: number) {
  const cipher = createFieldCipher({ keyWrap: createKeyWrap(config), store: createDataKeyStore(azure) });
  const audit = createAudit({
    app: 'test',
    cipher,
    store: createEventStore(azure),
    queue: createEventQueue(azure),
    journal: createEventJournal(azure),
    classify: classifyAzureError,
    presetOf: () => preset,
    clock: { now: () => now + skew },
  });
  const ports: SealPorts = {
    log: createLogStore(azure),
    anchors: createAnchorStore(azure),
    feed: createEventFeed(azure),
    signer,
    verifyMac: cipher.verifyMac,
    audit,
    defaultTenant: tenantId,
    isTenant: (id) => id === tenantId,
    clock: { now: () => now, sleep: () => Promise.resolve() },
  };
  return { audit, cipher, ports };
}

/** It happened once, around the turn of the year; every delivery states that same time. */
const stated = (n: number): AuditEventInput =>
  event({
    tenantId,
    sourceKey: `message-${n}`,
    occurredAt: new Date(Date.parse('2026-12-31T23:59:59.500Z') + n * 10).toISOString(),
    subject: `Patient/${n % 7}`,
    phi: { 'patient.name': `DOE^JANE ${n}` },
  });

/** There is no queue and no journal here: where a machine under load lets the attempts run out of time, it comes again. */
async function recorded(audit: Audit, given: AuditEventInput): Promise<AuditReceipt> {
  for (;;) {
    try {
      return await audit.record(given);
    } catch (error) {
      if (!(error instanceof MedrelayError && error.code === 'AUDIT_NOT_DURABLE')) throw error;
      await delay(500);
    }
  }
}

it('records and seals once what 50 writers deliver five times across midnights, while two sealers run', async () => {
  const shared = Array.from({ length: connections }, connect);
  const writing = Array.from({ length: writers }, (_, n) =>
    process_(shared[n % connections] ?? connect(), n % 2 === 0 ? skewMs : -skewMs),
  );
  const sealers = [process_(connect(), 0), process_(connect(), 0)].map(({ ports }) => createSealer(ports));
  const receipts = new Map<string, AuditReceipt[]>();

  for (const at of deliveries) {
    now = at;
    let isOver = false;
    const sealing = sealers.map(async (sealer) => {
      do await sealer.run();
      while (!isOver);
    });
    const delivered = writing.map(async ({ audit }, writer) => {
      for (let i = 0; i < (count / writers) * 2; i++) {
        const receipt = await recorded(audit, stated((writer * (count / writers) + i) % count));
        receipts.set(receipt.id, [...(receipts.get(receipt.id) ?? []), receipt]);
      }
    });
    await Promise.all(delivered).finally(() => (isOver = true));
    await Promise.all(sealing);
  }
  await Promise.all(sealers.map((sealer) => sealer.run()));

  const told = [...receipts.values()];
  expect(told.map((each) => each.length)).toEqual(Array(count).fill(2 * deliveries.length));
  // Everyone is told of the same document.
  expect(told.filter((each) => new Set(each.map(({ leafHash }) => leafHash)).size > 1)).toEqual([]);
  // Of nobody's where only the answer to the first was lost.
  expect(told.filter((each) => each.filter(({ duplicate }) => !duplicate).length > 1)).toEqual([]);

  const { ports, cipher } = process_(connect(), 0);
  const reading = connect();
  const query = 'SELECT VALUE c.id FROM c';
  const { resources: stored } = await (
    await reading.container('audit/events')
  ).items
    .query<string>(query)
    .fetchAll();
  // No report of a conflict is among them.
  expect(stored.sort()).toEqual([...receipts.keys()].sort());
  const years = await Promise.all(
    ['2026', '2027'].map((year) => ports.log.segmentsFrom(`${tenantId}|${year}`, 0)),
  );
  const leaves = years.flat().flatMap((segment) => segment.leaves.map(({ id }) => id));
  expect(leaves.sort()).toEqual(stored);

  const verification = await verifyTrail({
    tenantId,
    reader: createTrailReader(reading, ports.anchors, tenantId),
    keys: {
      keyName: signer.keyName,
      signing: [pair.spki],
      verifyMac: (mac, hash) => cipher.verifyMac(tenantId, mac, hash),
    },
    maximumMergeDelayMs: 120_000,
    now: new Date(now),
  });
  expect(verification).toMatchObject({
    verdict: 'intact',
    findings: [],
    counts: { leaves: count, eventsHashed: count, pending: 0 },
  });
}, 300_000);
