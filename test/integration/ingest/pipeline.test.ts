import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MessageDocument, SentMessage } from '../../../src/lib/ingest';
import { adt, oru } from '../../unit/ingest/messages';
import { startStack, type Stack } from './stack';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack('loop');
}, 60_000);
afterAll(() => stack.stop(), 30_000);

async function sendAndWait(body: string | Uint8Array, tenant?: string): Promise<MessageDocument[]> {
  const { ingest } = stack.services;
  const sent = await ingest.enqueue(
    typeof body === 'string' ? Buffer.from(body) : body,
    tenant === undefined ? {} : { tenant },
  );
  const documents: MessageDocument[] = [];
  const pending = await ingest.waitFor(sent, {
    timeoutMs: 10_000,
    onFinal: (_sent, document) => documents.push(document),
  });
  expect({ pending, errors: stack.errors }).toEqual({ pending: [], errors: [] });
  return documents;
}

const statusOf = ({ status, code }: MessageDocument): string =>
  code === undefined ? status : `${status} ${code}`;

async function peek(
  queue: string,
): Promise<{ body: Record<string, unknown>; applicationProperties?: object }[]> {
  const receiver =
    queue === 'clinical-events'
      ? stack.broker.createReceiver(queue, 'all')
      : stack.broker.createReceiver(queue);
  try {
    return (await receiver.peekMessages(100)) as never;
  } finally {
    await receiver.close();
  }
}

test('an admission and its results end in Cosmos DB, encrypted raw bytes, audit and topic', async () => {
  const [admission] = await sendAndWait(adt());
  const [result] = await sendAndWait(oru());
  expect([admission, result]).toMatchObject([{ status: 'done' }, { status: 'done' }]);
  if (!admission) return;

  const { fhir, ingest, listAudit } = stack.services;
  const [patient] = await fhir.searchResources('demo', { type: 'Patient', patientMrn: '1001' });
  expect(patient).toMatchObject({ name: [{ family: 'Muster' }], meta: { versionId: '1' } });
  const observations = await fhir.searchResources('demo', { type: 'Observation', patientMrn: '1001' });
  expect(observations).toHaveLength(2);
  expect(await fhir.getResource('demo', 'Observation', observations[0]?.id ?? '')).toEqual(observations[0]);

  expect(Buffer.from((await ingest.readRaw(admission)) ?? []).toString()).toBe(adt().replace(/\r$/, ''));
  const blob = await stack.blobs
    .getContainerClient('hl7-raw')
    .getBlobClient(admission.raw.blob)
    .downloadToBuffer();
  expect(blob.includes('Muster')).toBe(false);

  const today = admission.enqueuedAt.slice(0, 10);
  const events = await listAudit('demo', {
    from: `${today}T00:00:00Z`,
    to: `${today}T23:59:59.999Z`,
    limit: 10,
  });
  expect(events.filter(({ outcomeCode }) => outcomeCode === 'DONE')).toHaveLength(2);
  expect(await peek('clinical-events')).toMatchObject([
    {
      body: { eventType: 'ADT^A01' },
      applicationProperties: { tenantId: 'demo', resourceType: 'Encounter' },
    },
    { body: { eventType: 'ORU^R01' } },
  ]);
});

test('duplicates, conflicts and rejections are kept apart and reported', async () => {
  const text = adt({ controlId: 'D1' });
  await sendAndWait(text);
  expect((await sendAndWait(text)).map(statusOf)).toEqual(['duplicate']);
  expect((await sendAndWait(adt({ controlId: 'D1', family: 'Zwei' }))).map(statusOf)).toEqual([
    'conflict CONTROL_ID_REUSED',
  ]);
  expect((await sendAndWait(adt({ controlId: 'D2' }), 'nowhere')).map(statusOf)).toEqual([
    'rejected UNKNOWN_TENANT',
  ]);
  expect((await stack.services.ingest.showMessage('D1')).map(statusOf).sort()).toEqual([
    'conflict CONTROL_ID_REUSED',
    'done',
    'duplicate',
  ]);
  const waiting = await stack.services.ingest.listWaiting();
  expect(waiting.map(({ queue, code }) => `${queue} ${code}`).sort()).toEqual([
    'hl7-rejected CONTROL_ID_REUSED',
    'hl7-rejected UNKNOWN_TENANT',
  ]);
});

test('a body above the queue limit travels as a claim check and is stored whole', async () => {
  const notes = Array.from({ length: 500 }, (_, i) => `NTE|${i + 1}|L|${'note '.repeat(25)}`).join('\r');
  const results = Array.from({ length: 10 }, (_, i) => `OBX|${i + 2}|ST|N${i}^Noted^L||x||||||F\r${notes}`);
  const big = `${oru({ controlId: 'BIG' })}${results.join('\r')}\r`;
  expect(Buffer.byteLength(big)).toBeGreaterThan(600_000);
  expect(await sendAndWait(big)).toMatchObject([
    { status: 'done', raw: { length: Buffer.byteLength(big) - 1 } },
  ]);
});

test('a rejected message is replayed, and corrected as a new message', async () => {
  const [first] = await sendAndWait(adt({ controlId: 'R1' }).replace('|P|2.5.1', '|T|2.5.1'));
  expect(first && statusOf(first)).toBe('rejected PROCESSING_ID');
  const { ingest } = stack.services;
  expect((await ingest.listWaiting()).map(({ id }) => id)).toContain(first?.id);
  const done = stack.results.length;
  expect(await ingest.replay('R1')).toEqual([first?.id]);
  while (stack.results.length === done) await new Promise((resolve) => setTimeout(resolve, 20));
  const [again] = await ingest.showMessage('R1');
  expect(again).toMatchObject({
    status: 'rejected',
    history: [{ status: 'rejected', code: 'PROCESSING_ID' }],
  });

  const sent = await ingest.resubmitEdited('R1', Buffer.from(adt({ controlId: 'R1' })));
  const corrected: string[] = [];
  await ingest.waitFor(sent, {
    timeoutMs: 10_000,
    onFinal: (_sent, document) => corrected.push(statusOf(document)),
  });
  expect(corrected).toEqual(['done']);
  expect((await ingest.showMessage('R1')).map(statusOf).sort()).toEqual(['done', 'rejected PROCESSING_ID']);
  expect((await ingest.listWaiting()).map(({ id }) => id)).not.toContain(first?.id);
  await expect(ingest.replay('nothing')).rejects.toMatchObject({ code: 'NOTHING_TO_REPLAY' });
});

test.each(['good', 'bad'] as const)('samples/%s ends as its name says', async (folder) => {
  const { ingest } = stack.services;
  const sent: SentMessage[] = [];
  for (const file of readdirSync(join('samples', folder))) {
    sent.push(...(await ingest.enqueue(readFileSync(join('samples', folder, file)), {})));
  }
  const statuses = new Set<string>();
  const pending = await ingest.waitFor(sent, {
    timeoutMs: 20_000,
    onFinal: (_sent, { status }) => statuses.add(status),
  });
  expect({ pending, statuses: [...statuses] }).toEqual({
    pending: [],
    statuses: [folder === 'good' ? 'done' : 'rejected'],
  });
});

test('a merge and a moved visit hold over the real store: reads follow them', async () => {
  const { fhir } = stack.services;
  const sent = (event: string, controlId: string, minute: number, ...segments: string[]): Promise<unknown> =>
    sendAndWait(
      [
        `MSH|^~\\&|ADT|GEN|MR|GEN|20261120100${minute}00-0500||ADT^${event}|${controlId}|P|2.5.1`,
        ...segments,
        '',
      ].join('\r'),
    );
  const person = (mrn: string): string => `PID|1||${mrn}^^^GEN^MR||Merge${mrn}^Eva`;
  await sent('A01', 'MG1', 1, person('3002'), 'PV1|1|I|||||||||||||||||V3^^^GEN^VN');
  await sent('A45', 'MG2', 2, person('3001'), 'MRG|3002^^^GEN^MR||||V3^^^GEN^VN');
  await sent('A40', 'MG3', 3, person('3003'), 'MRG|3002^^^GEN^MR');

  const search = (type: string, patientMrn: string) => fhir.searchResources('demo', { type, patientMrn });
  expect(await search('Encounter', '3001')).toMatchObject([
    { status: 'in-progress', class: { code: 'IMP' } },
  ]);
  expect(await search('Encounter', '3002')).toEqual([]);
  expect(await search('Patient', '3002')).toMatchObject([{ active: false }, { active: true }]);
});

test('a tenant reaches nothing of another: not by claim check, search, id, or a copied document', async () => {
  const secret = adt({ controlId: 'ISO1', family: 'Geheim' });
  const [message] = await sendAndWait(secret);
  const raw = message?.raw ?? { blob: '', sha256: '', length: 0 };
  const { ingest, fhir, azure } = stack.services;
  const hostileBlobs = [raw.blob, `northside/../${raw.blob}`, `northside/${raw.blob}`, `${raw.blob}\0`, '..'];
  for (const blob of hostileBlobs) {
    const reference = { ...raw, blob };
    const [refused] = await sendAndWait(JSON.stringify(reference), 'northside');
    expect(refused).toMatchObject({ status: 'rejected', tenantId: 'northside' });
    const read = ingest.readAttachment('northside', `urn:medrelay:blob:${blob}:${raw.sha256}:${raw.length}`);
    expect(await read).toBeUndefined();
  }

  const [patient] = await fhir.searchResources('demo', { type: 'Patient', patientMrn: '1001' });
  const id = patient?.id ?? '';
  for (const tenantId of ['northside', 'demo|Patient', 'dem', 'demo-', 'DEMO', '..', '']) {
    expect(await fhir.getResource(tenantId, 'Patient', id)).toBeUndefined();
    expect(await fhir.searchResources(tenantId, { type: 'Patient' })).toEqual([]);
  }
  expect(await fhir.searchResources('northside', { type: 'Patient', patientMrn: '1001' })).toEqual([]);

  // Who can write to the database copies a document to where another tenant may read.
  const container = await azure.container('clinical/resources');
  const { resource: stored } = await container.item(`Patient|${id}`, `demo|Patient/${id}`).read<object>();
  await container.items.create({ ...stored, pk: `northside|Patient/${id}`, tenantId: 'northside' });
  await expect(fhir.getResource('northside', 'Patient', id)).rejects.toMatchObject({ code: 'KEY_UNKNOWN' });
  await container.item(`Patient|${id}`, `northside|Patient/${id}`).delete();
});

test('feeds are counted in the store, whatever door they came by', async () => {
  await sendAndWait(adt({ controlId: 'F1', sender: 'FEED|NORTH' }));
  await sendAndWait(adt({ controlId: 'F2', sender: 'FEED|NORTH' }).replace('|P|2.5.1', '|T|2.5.1'));
  await sendAndWait(adt({ controlId: 'F1', sender: 'FEED|SOUTH' }));
  const feeds = (await stack.services.ingest.listFeeds()).filter(({ application }) => application === 'FEED');
  expect(feeds).toEqual([
    {
      tenantId: 'demo',
      application: 'FEED',
      facility: 'NORTH',
      count: 2,
      rejected: 1,
      lastSeen: expect.any(String),
      isSilent: false,
    },
    {
      tenantId: 'demo',
      application: 'FEED',
      facility: 'SOUTH',
      count: 1,
      rejected: 0,
      lastSeen: expect.any(String),
      isSilent: false,
    },
  ]);
  const [last] = await stack.services.ingest.showMessage('F2');
  expect(feeds[0]?.lastSeen).toBe(last?.enqueuedAt);
});
