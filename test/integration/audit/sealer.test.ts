import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { startCosmos, type Cosmos } from '../../../local/cosmos';
import { startIdentity, type IdentityEndpoint } from '../../../local/identity';
import { createBlobContainers, createContainers, readTopology } from '../../../local/stack/topology';
import { startWorm, type Worm } from '../../../local/worm';
import {
  createAudit,
  createSealer,
  createSinkGuards,
  sealStatus,
  type AuditEventInput,
  type AuditPorts,
  type SealPorts,
  type SegmentDocument,
} from '../../../src/lib/audit';
import {
  checkSignatures,
  inclusionProof,
  noteKey,
  parseCheckpoint,
  parseNote,
  rootOf,
  tileReader,
  unpackHashes,
  verifyInclusion,
} from '../../../src/lib/audit/merkle';
import {
  anchorPath,
  classifyAzureError,
  createAnchorStore,
  createAzure,
  createCheckpointSigner,
  createDataKeyStore,
  createEventFeed,
  createEventJournal,
  createEventQueue,
  createEventStore,
  createKeyWrap,
  createLogStore,
  type Azure,
} from '../../../src/lib/azure';
import { loadConfig, type Config } from '../../../src/lib/config';
import { createFieldCipher } from '../../../src/lib/security';
import { event, preset } from '../../unit/audit/fakes';
import { startAzurite } from '../host/azurite';
import { startVault, tenantId as vaultTenant, type Vault } from '../keyvault/vault';

// The production adapters with the production SDKs, against the stand-ins over the wire.

const HOUR = 60 * 60 * 1000;
const folder = mkdtempSync(join(tmpdir(), 'medrelay-seal-'));
const topology = readTopology(resolve('.'), undefined);
const trusted = getCACertificates('default');
const before = { ...process.env };
const opened: Azure[] = [];
let cosmos: Cosmos;
let azurite: Awaited<ReturnType<typeof startAzurite>>;
let worm: Worm;
let vault: Vault;
let identity: IdentityEndpoint;
let config: Config;
let now = Date.parse('2026-12-31T22:00:00.000Z');

beforeAll(async () => {
  const role = 'Key Vault Crypto User';
  [cosmos, azurite, vault] = await Promise.all([
    startCosmos({ port: 0, dataDir: join(folder, 'cosmos'), partitions: 2 }),
    startAzurite(),
    startVault(topology.KeyVault.keys),
  ]);
  const azuritePort = Number(/BlobEndpoint=http:\/\/127\.0\.0\.1:(\d+)/.exec(azurite.connection)?.[1]);
  worm = await startWorm({ port: 0, azuritePort, dataDir: join(folder, 'worm') });
  const storage = azurite.connection.replace(`127.0.0.1:${azuritePort}`, `127.0.0.1:${worm.port}`);
  const app = { name: 'app', objectId: role, clientId: 'app', header: 'secret' };
  identity = await startIdentity({
    port: 0,
    dataDir: join(vault.dataDir, 'identity'),
    tenant: { tenantId: vaultTenant, principals: [app] },
  });
  process.env['IDENTITY_ENDPOINT'] = identity.endpoint;
  process.env['IDENTITY_HEADER'] = app.header;
  setDefaultCACertificates([...trusted, readFileSync(join(vault.dataDir, 'tls', 'ca.pem'), 'utf8')]);
  await createContainers(topology, cosmos.connectionString);
  await createBlobContainers(topology, storage);
  config = loadConfig({
    ServiceBusConnection__fullyQualifiedNamespace: 'x',
    CosmosDBConnection: cosmos.connectionString,
    AzureWebJobsStorage: storage,
    DEFAULT_TENANT: 'one',
    KEY_VAULT_URL: vault.server.url,
    KEY_VAULT_URL__credential: 'managedidentity',
  });
});
afterAll(async () => {
  for (const azure of opened) await azure.close();
  process.env = before;
  setDefaultCACertificates(trusted);
  await Promise.all([cosmos.stop(), worm.stop(), identity.stop(), vault.stop()]);
  await azurite.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A process of its own: own clients, own caches, same services. */
function process_(): { audit: ReturnType<typeof createAudit>; ports: SealPorts } {
  const azure = createAzure(config.connections);
  opened.push(azure);
  const cipher = createFieldCipher({ keyWrap: createKeyWrap(config), store: createDataKeyStore(azure) });
  const auditPorts: AuditPorts = {
    app: 'test',
    cipher,
    store: createEventStore(azure),
    queue: createEventQueue(azure),
    journal: createEventJournal(azure),
    classify: classifyAzureError,
    presetOf: () => preset,
    clock: { now: () => now },
  };
  const audit = createAudit(auditPorts, createSinkGuards(classifyAzureError));
  const ports: SealPorts = {
    log: createLogStore(azure),
    anchors: createAnchorStore(azure),
    feed: createEventFeed(azure),
    signer: createCheckpointSigner(config),
    verifyMac: cipher.verifyMac,
    audit,
    defaultTenant: 'one',
    isTenant: () => true,
    clock: { now: () => now, sleep: () => Promise.resolve() },
  };
  return { audit, ports };
}

const events = (tenantId: string, from: number, count: number): AuditEventInput[] =>
  Array.from({ length: count }, (_, i) =>
    event({ tenantId, sourceKey: `m${from + i}`, occurredAt: new Date(now).toISOString() }),
  );

async function record(tenantId: string, from: number, count: number): Promise<string[]> {
  const settled = await process_().audit.recordBatch(events(tenantId, from, count));
  return settled.map((each) => {
    if (each.status === 'rejected') throw each.reason;
    return each.value.id;
  });
}

const leavesOf = async ({ log }: SealPorts, tenantId: string, year = '2026') =>
  (await log.segmentsFrom(`${tenantId}|${year}`, 0)).flatMap(({ leaves }: SegmentDocument) => leaves);

it('seals 2,500 events of three tenants by two sealers; notes verify by the public key; proofs read four documents', async () => {
  const expected: Record<string, string[]> = {};
  for (const [tenantId, count] of [
    ['one', 1900],
    ['two', 590],
    ['three', 10],
  ] as const)
    expected[tenantId] = await record(tenantId, 0, count);
  const [first, second] = [process_().ports, process_().ports];
  await Promise.all([createSealer(first).run(), createSealer(second).run()]);
  expect((await createSealer(first).run()).filter(({ sealed }) => sealed > 0)).toEqual([]);

  const keys = (await createCheckpointSigner(config).publicKeys()).map(noteKey);
  expect(keys).toHaveLength(1);
  for (const [tenantId, ids] of Object.entries(expected)) {
    const pk = `${tenantId}|2026`;
    const leaves = await leavesOf(first, tenantId);
    expect(leaves.map(({ id }) => id).sort()).toEqual([...ids].sort());
    const checkpoint = await first.log.newestCheckpoint(pk);
    const note = (await first.anchors.read({ tenantId, year: '2026', seq: checkpoint?.seq ?? 0 })) ?? '';
    expect(note).toBe(checkpoint?.note);
    const signed = parseNote(note) ?? { text: '', signatures: [] };
    expect(checkSignatures(signed, 'medrelay-audit-seal', keys).verdict).toBe('signed');
    const root = rootOf(leaves.map(({ hash }) => Buffer.from(hash, 'hex')));
    expect(parseCheckpoint(signed.text)).toMatchObject({ size: ids.length, root: root.toString('hex') });

    // From the id of an event to its proof: the checkpoint, the tile that names it, at most two above.
    const wanted = ids[Math.floor(ids.length / 2)] ?? '';
    const [tile] = await first.log.tilesNaming(pk, wanted);
    const index = (tile?.index ?? 0) * 256 + (tile?.ids?.indexOf(wanted) ?? 0);
    const frontier = (checkpoint?.frontier ?? []).map((hash) => Buffer.from(hash, 'hex'));
    const tiles = new Map([[`0/${tile?.index}`, unpackHashes(tile?.hashes ?? '')]]);
    const full = Math.floor(ids.length / 256);
    if (full > 0) {
      const above = await first.log.read(pk, `tile-1-000000000000.p-${String(full).padStart(3, '0')}`);
      if (above?.kind === 'tile') tiles.set('1/0', unpackHashes(above.hashes));
    }
    const read = tileReader(ids.length, frontier, (place) => tiles.get(`${place.level}/${place.index}`));
    const proof = inclusionProof(index, ids.length, read);
    const leaf = Buffer.from(leaves[index]?.hash ?? '', 'hex');
    expect(leaves[index]?.id).toBe(wanted);
    expect(verifyInclusion(leaf, index, ids.length, proof, root)).toBe(true);
  }
  expect(await sealStatus(first)).toMatchObject({ backlogSeconds: 0, isOverdue: false, stopped: [] });
});

it('published notes cannot be replaced or deleted', async () => {
  const azure = createAzure(config.connections);
  opened.push(azure);
  const path = anchorPath({ tenantId: 'one', year: '2026', seq: 1 });
  const blob = (await azure.blobContainer('audit-checkpoints')).getBlockBlobClient(path);
  const refused = expect.objectContaining({ statusCode: 409, code: 'BlobImmutableDueToPolicy' }) as Error;
  await expect(blob.upload('x', 1)).rejects.toEqual(refused);
  await expect(blob.delete()).rejects.toEqual(refused);
  const { ports } = process_();
  expect(await ports.anchors.publish({ tenantId: 'one', year: '2026', seq: 1 }, 'x')).toBe('exists');
});

it('says that nothing happened, goes on under a rotated key, and begins the next year', async () => {
  const { ports } = process_();
  const { seq = 0, size } = (await ports.log.newestCheckpoint('two|2026')) ?? {};
  now += HOUR;
  const rotated = await vault.keys().rotateKey('medrelay-audit-seal');
  // A process that starts now knows the new version; the others learn it within the hour.
  await createSealer(process_().ports).run();
  expect(await ports.log.newestCheckpoint('two|2026')).toMatchObject({ seq: seq + 1, size });
  const keys = (await createCheckpointSigner(config).publicKeys()).map(noteKey);
  expect(keys).toHaveLength(2);
  const notes = await Promise.all(
    [seq, seq + 1].map((each) => ports.anchors.read({ tenantId: 'two', year: '2026', seq: each })),
  );
  const signers = notes.map((note) => {
    const checked = checkSignatures(
      parseNote(note ?? '') ?? { text: '', signatures: [] },
      'medrelay-audit-seal',
      keys,
    );
    return checked.verdict === 'signed' ? checked.key.id : checked.verdict;
  });
  expect(new Set(signers).size).toBe(2);
  expect(rotated.properties.version).toBeDefined();

  now = Date.parse('2027-01-01T00:00:00.000Z');
  const young = await record('two', 1000, 3);
  await Promise.all([createSealer(process_().ports).run(), createSealer(process_().ports).run()]);
  const { createHash } = await import('node:crypto');
  const last = (await ports.log.newestCheckpoint('two|2026'))?.note ?? '';
  const firstNote = await ports.anchors.read({ tenantId: 'two', year: '2027', seq: 1 });
  expect(parseCheckpoint(parseNote(firstNote ?? '')?.text ?? '')).toMatchObject({
    origin: 'medrelay.audit/two/2027',
    previous: createHash('sha256').update(last).digest('hex'),
  });
  expect((await leavesOf(ports, 'two', '2027')).map(({ id }) => id)).toEqual(young);
  expect(await ports.log.newestCheckpoint('three|2027')).toMatchObject({ seq: 1, size: 0 });
});

it('never signs a store that was set back; the alarm is recorded, and the others go on', async () => {
  await record('one', 5000, 5);
  await createSealer(process_().ports).run();
  const { port } = cosmos;
  await cosmos.stop();
  // As one would who has the file, and not the API.
  const database = new DatabaseSync(join(folder, 'cosmos', 'cosmos.db'));
  const tables = database.prepare("SELECT name FROM sqlite_master WHERE name GLOB 'items_[0-9]*'").all();
  let removed = 0;
  for (const { name } of tables) {
    if (!/^items_\d+$/.test(String(name))) continue;
    const gone = "pk LIKE '%one|2027%' AND id LIKE 'cp-%' AND id > 'cp-000000000001'";
    removed += Number(database.prepare(`DELETE FROM ${String(name)} WHERE ${gone}`).run().changes);
  }
  database.close();
  expect(removed).toBeGreaterThan(0);
  cosmos = await startCosmos({ port, dataDir: join(folder, 'cosmos'), partitions: 2 });

  await record('one', 6000, 2);
  const two = await record('two', 6000, 2);
  const { ports } = process_();
  const published = async () => {
    const names: number[] = [];
    for (let seq = 1; await ports.anchors.read({ tenantId: 'one', year: '2027', seq }); seq++)
      names.push(seq);
    return names;
  };
  const anchored = await published();
  const report = await createSealer(ports).run();
  expect(report).toContainEqual(
    expect.objectContaining({
      tenantId: 'one',
      problem: expect.objectContaining({ code: 'INTEGRITY_ROLLBACK' }) as object,
    }),
  );
  expect(await published()).toEqual(anchored);
  expect((await leavesOf(ports, 'two', '2027')).map(({ id }) => id)).toEqual(expect.arrayContaining(two));
  const alarms = await createEventStore(opened[0] ?? createAzure(config.connections)).list(
    Array.from({ length: 8 }, (_, shard) => `one|20270101|${shard}`),
    '2027-01-01T00:00:00.000Z',
    '2027-01-02T00:00:00.000Z',
    100,
  );
  expect(alarms.filter(({ outcomeCode }) => outcomeCode === 'integrity.rollback')).toHaveLength(1);
});

it('is refused where no vault keeps a key, before anything is written', async () => {
  const { ports } = process_();
  const unkeyed = { ...ports, signer: createCheckpointSigner({ ...config, keyVault: undefined }) };
  const newest = await ports.log.newestBatch();
  await record('three', 7000, 1);
  await expect(createSealer(unkeyed).run()).rejects.toMatchObject({ code: 'SEAL_KEY_MISSING' });
  expect(await ports.log.newestBatch()).toEqual(newest);
});
