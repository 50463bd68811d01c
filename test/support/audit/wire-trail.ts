import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DatabaseSync } from 'node:sqlite';
import { BlobServiceClient } from '@azure/storage-blob';
import { startCosmos, type Cosmos } from '../../../local/cosmos';
import { effectiveKey } from '../../../local/cosmos/hashing';
import { createContainers, readTopology } from '../../../local/stack/topology';
import {
  createAudit,
  createSealer,
  createSinkGuards,
  type AuditEventInput,
  type AuditLibrary,
  type CheckpointSigner,
} from '../../../src/lib/audit';
import { proveEvent, type EventProof } from '../../../src/lib/audit/verify/proof';
import { stateAfter, verifyTrail, type ProofSource, type Verification } from '../../../src/lib/audit/verify';
import {
  anchorPath,
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
  createProofSource,
  createTrailReader,
} from '../../../src/lib/azure';
import { loadConfig } from '../../../src/lib/config';
import { createFieldCipher } from '../../../src/lib/security';
import { preset } from '../../unit/audit/fakes';
import { startAzurite } from '../../integration/host/azurite';
import { foundIn, type AttackedTrail } from './attacks';
import { localSigner } from './log-builder';
import { richEvent } from './rich-event';
import type { Container, Doc, TrailFile } from './trail-file';

export interface WireTrail extends AttackedTrail {
  readonly tenants: readonly string[];
  /** What the check of the clean trail said. */
  readonly clean: readonly Verification[];
  /** Stops the account, lets the work have its files, and starts it again. */
  attack<T>(work: () => Promise<T>): Promise<T>;
  /** The default check, with what the clean run kept. */
  verify(signing?: readonly Uint8Array[]): Promise<Verification[]>;
  prove(tenantId: string, eventId: string, counted: (what: string) => void): Promise<EventProof>;
  /** Undoes the last attack; the account is stopped. */
  restore(): Promise<void>;
  stop(): Promise<void>;
}

const YEAR = '2026';
const ROUNDS = 6;
/** The database is kept as it was behind this one. */
const OLD_ROUND = 3;
const START = Date.parse('2026-03-21T00:00:00Z');
const HOUR = 60 * 60 * 1000;

/**
 * A trail that the product's own library has recorded and its sealer has sealed, over the wire, into the stand-ins; and
 * the stand-ins' files for an attacker. The sealing key is a pair of this process: Key Vault has tests of its own.
 */
export async function wireTrail(folder: string, sizes: Readonly<Record<string, number>>): Promise<WireTrail> {
  const dataDir = join(folder, 'cosmos');
  const kept = (name: string): string => join(folder, `${name}.db`);
  const live = join(dataDir, 'cosmos.db');
  let now = START;
  mkdirSync(folder, { recursive: true });
  const azurite = await startAzurite();
  const blobs = BlobServiceClient.fromConnectionString(azurite.connection).getContainerClient(
    'audit-checkpoints',
  );
  await blobs.createIfNotExists();
  const open = (port: number): Promise<Cosmos> =>
    startCosmos({ port, dataDir, partitions: 2, now: () => now });
  let cosmos = await open(0);
  await createContainers(readTopology(resolve('.'), undefined), cosmos.connectionString);
  const config = loadConfig({
    ServiceBusConnection__fullyQualifiedNamespace: 'x',
    CosmosDBConnection: cosmos.connectionString,
    AzureWebJobsStorage: azurite.connection,
    DEFAULT_TENANT: 'north',
    AZURE_FUNCTIONS_ENVIRONMENT: 'Development',
    MEDRELAY_KEY_FILE: join(folder, 'kek.json'),
  });
  const tenants = Object.keys(sizes);
  const pair = localSigner();
  const signer: CheckpointSigner = { ...pair, publicKeys: () => Promise.resolve([pair.spki]) };

  /** A process of its own: own clients and key cache. */
  async function withAzure<T>(work: (ports: ReturnType<typeof portsOf>) => Promise<T>): Promise<T> {
    const azure = createAzure(config.connections);
    try {
      return await work(portsOf(azure));
    } finally {
      await azure.close();
    }
  }
  function portsOf(azure: ReturnType<typeof createAzure>) {
    const cipher = createFieldCipher({ keyWrap: createKeyWrap(config), store: createDataKeyStore(azure) });
    const audit = createAudit(
      {
        app: 'test',
        cipher,
        store: createEventStore(azure),
        queue: createEventQueue(azure),
        journal: createEventJournal(azure),
        classify: classifyAzureError,
        presetOf: () => preset,
        clock: { now: () => now },
      },
      createSinkGuards(classifyAzureError),
    );
    const anchors = createAnchorStore(azure);
    const sealer = createSealer({
      log: createLogStore(azure),
      anchors,
      feed: createEventFeed(azure),
      signer,
      verifyMac: cipher.verifyMac,
      audit,
      defaultTenant: 'north',
      isTenant: (id) => tenants.includes(id),
      clock: { now: () => now, sleep: () => Promise.resolve() },
    });
    return { azure, cipher, audit, anchors, sealer };
  }
  const reopen = async (): Promise<void> => void (cosmos = await open(cosmos.port));

  await withAzure(async ({ audit, sealer }) => {
    for (let round = 0; round < ROUNDS; round++) {
      now = START + round * HOUR;
      for (const [tenantId, size] of Object.entries(sizes)) {
        // The last round records nothing: an empty period.
        const each = Math.ceil(size / (ROUNDS - 1));
        const from = round * each;
        const events = Array.from({ length: Math.max(0, Math.min(each, size - from)) }, (_, i) =>
          richEvent(tenantId, from + i),
        );
        for (let i = 0; i < events.length; i += 100) await recordAll(audit, events.slice(i, i + 100));
      }
      await sealer.run();
      if (round + 1 !== OLD_ROUND) continue;
      await cosmos.stop();
      copyFileSync(live, kept('old'));
      await reopen();
    }
  });
  const notes = new Map<string, string>();
  for await (const { name } of blobs.listBlobsFlat())
    notes.set(name, (await blobs.getBlobClient(name).downloadToBuffer()).toString('utf8'));
  const changed = new Set<string>();

  let database: OpenFile | undefined;
  const opened = (): OpenFile => {
    if (!database) throw new Error('The files are reached only within an attack');
    return database;
  };
  async function setBlob(name: string, note: string | undefined): Promise<void> {
    changed.add(name);
    const blob = blobs.getBlockBlobClient(name);
    if (note === undefined) await blob.deleteIfExists();
    else await blob.upload(note, Buffer.byteLength(note));
  }
  const file: TrailFile = {
    documents: (container) => opened().documents(container),
    put: (container, document) => opened().put(container, document),
    remove: (container, document) => opened().remove(container, document),
    async note(tenantId, name) {
      return (await blobs.getBlobClient(anchorPath({ tenantId, ...name })).downloadToBuffer()).toString(
        'utf8',
      );
    },
    setNote: (tenantId, name, note) => setBlob(anchorPath({ tenantId, ...name }), note),
    rollBack() {
      opened().close();
      copyFileSync(kept('old'), live);
      database = new OpenFile(live);
    },
  };

  async function verify(
    clean: readonly Verification[],
    signing: readonly Uint8Array[] = [pair.spki],
  ): Promise<Verification[]> {
    return withAzure(async ({ azure, anchors, cipher }) => {
      const verifications: Verification[] = [];
      for (const [i, tenantId] of tenants.entries())
        verifications.push(
          await verifyTrail({
            tenantId,
            reader: createTrailReader(azure, anchors, tenantId),
            keys: {
              keyName: pair.keyName,
              signing,
              verifyMac: (mac, hash) => cipher.verifyMac(tenantId, mac, hash),
            },
            maximumMergeDelayMs: 120_000,
            now: new Date(START + 10 * HOUR),
            lastState: clean[i] && stateAfter(clean[i]),
          }),
        );
      return verifications;
    });
  }

  const clean = await verify([]);
  if (foundIn(clean).length > 0)
    throw new Error(`The clean trail is not: ${foundIn(clean).slice(0, 5).join('; ')}`);
  await cosmos.stop();
  copyFileSync(live, kept('clean'));
  await reopen();

  return {
    tenants,
    clean,
    file,
    year: YEAR,
    signer: pair,
    async rollBackAll() {
      file.rollBack();
      for (const name of notes.keys())
        if (Number(name.split('/')[2]) > OLD_ROUND) await setBlob(name, undefined);
    },
    async attack(work) {
      await cosmos.stop();
      database = new OpenFile(live);
      try {
        return await work();
      } finally {
        opened().close();
        database = undefined;
        await reopen();
      }
    },
    verify: (signing) => verify(clean, signing),
    prove: (tenantId, eventId, counted) =>
      withAzure(({ azure }) => {
        const source = createProofSource(azure, tenantId);
        const counting: ProofSource = {
          yearOf: (id) => source.yearOf(id),
          newestCheckpoint: (year) => (counted('checkpoint'), source.newestCheckpoint(year)),
          tileNaming: (...args) => (counted('tile'), source.tileNaming(...args)),
          tile: (...args) => (counted('tile'), source.tile(...args)),
        };
        return proveEvent(counting, tenantId, eventId, { keyName: pair.keyName, signing: [pair.spki] });
      }),
    async restore() {
      await cosmos.stop();
      for (const name of changed) await setBlob(name, notes.get(name));
      changed.clear();
      for (const suffix of ['-wal', '-shm']) rmSync(`${live}${suffix}`, { force: true });
      copyFileSync(kept('clean'), live);
      await reopen();
    },
    async stop() {
      await cosmos.stop();
      await azurite.stop();
    },
  };
}

/** A machine under load lets an attempt run out of time; here no queue takes the event then, so it is recorded again. */
async function recordAll(audit: AuditLibrary, events: readonly AuditEventInput[]): Promise<void> {
  let left = events;
  for (let attempt = 1; left.length > 0; attempt++) {
    const settled = await audit.recordBatch(left);
    const failure = settled.find((each) => each.status === 'rejected');
    if (failure && attempt === 60) throw failure.reason;
    if (failure) await delay(1_000);
    left = left.filter((_, i) => settled[i]?.status === 'rejected');
  }
}

/** The account's SQLite file, as one who has stolen it sees it. */
class OpenFile {
  private readonly db: DatabaseSync;
  private readonly tables: Readonly<Record<Container, string>>;
  private readonly read = new Map<Container, Map<string, Doc>>();

  constructor(path: string) {
    this.db = new DatabaseSync(path);
    const number = (name: string): string => {
      const row = this.db
        .prepare(
          'SELECT c.number FROM resources c JOIN resources d ON c.parent = d.number WHERE d.id = ? AND c.id = ?',
        )
        .get('audit', name);
      return `items_${String(row?.['number'])}`;
    };
    this.tables = { events: number('events'), log: number('log'), keys: number('keys') };
    this.db.exec('BEGIN');
  }

  documents(container: Container): Doc[] {
    return [...this.of(container).values()];
  }

  put(container: Container, document: Doc): void {
    this.remove(container, document);
    this.of(container).set(keyOf(document), document);
    const table = this.tables[container];
    const { next } = this.db
      .prepare(`SELECT max(created, lsn) + 1 AS next FROM ${table} ORDER BY 1 DESC LIMIT 1`)
      .get() ?? {
      next: 1,
    };
    const key = effectiveKey([document.pk], false);
    this.db
      .prepare(
        `INSERT INTO ${table} (created, epk, pk, id, lsn, ts, ttl, body) VALUES (?, ?, ?, ?, ?, ?, NULL, ?)`,
      )
      .run(
        Number(next),
        key,
        JSON.stringify([document.pk]),
        document.id,
        Number(next),
        START / 1000,
        JSON.stringify(document),
      );
  }

  remove(container: Container, { pk, id }: Pick<Doc, 'id' | 'pk'>): void {
    this.of(container).delete(keyOf({ pk, id }));
    this.db
      .prepare(`DELETE FROM ${this.tables[container]} WHERE pk = ? AND id = ?`)
      .run(JSON.stringify([pk]), id);
  }

  close(): void {
    this.db.exec('COMMIT');
    this.db.close();
  }

  private of(container: Container): Map<string, Doc> {
    const known = this.read.get(container);
    if (known) return known;
    const rows = this.db.prepare(`SELECT body FROM ${this.tables[container]} ORDER BY created`).all();
    const documents = rows.map(({ body }) => JSON.parse(String(body)) as Doc);
    const map = new Map(documents.map((document) => [keyOf(document), document]));
    this.read.set(container, map);
    return map;
  }
}

const keyOf = ({ pk, id }: Pick<Doc, 'id' | 'pk'>): string => JSON.stringify([pk, id]);
