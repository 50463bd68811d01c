import { randomBytes } from 'node:crypto';
import type { MessageDocument, SentMessage } from '../../../src/lib/ingest';
import type { DocumentReference } from 'fhir/r4';
import { drillMessage } from '../../support/messages';
import { adt } from '../../unit/ingest/messages';
import { until } from '../host/support';
import { startStack, type Stack } from './stack';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack('loop');
}, 60_000);
afterAll(() => stack.stop(), 30_000);
afterEach(() => stack.setFaults({}));

let nextMessage = 0;
/** Admissions, results and updates of patients of their own. */
async function sendMany(count: number): Promise<SentMessage[]> {
  const sent: SentMessage[] = [];
  for (let n = 0; n < count; n++)
    sent.push(...(await stack.services.ingest.enqueue(drillMessage(nextMessage++), {})));
  return sent;
}

async function finish(sent: readonly SentMessage[]): Promise<MessageDocument[]> {
  const documents: MessageDocument[] = [];
  const pending = await stack.services.ingest.waitFor(sent, {
    timeoutMs: 60_000,
    onFinal: (_sent, document) => documents.push(document),
  });
  expect(pending).toEqual([]);
  return documents;
}

/** Every message ever sent here: one done document, one audit event, one clinical event, its resources, no dead letter. */
async function expectEachOnce(documents: readonly MessageDocument[]): Promise<void> {
  expect(new Set(documents.map(({ status }) => status))).toEqual(new Set(['done']));
  const { audit, clinical } = {
    audit: stack.cosmos.database('audit'),
    clinical: stack.cosmos.database('clinical'),
  };
  const all = async <T>(container: ReturnType<typeof audit.container>, sql: string): Promise<T[]> =>
    (await container.items.query<T>(sql).fetchAll()).resources;
  const ids = documents.map(({ id }) => id).sort();

  const stored = await all<string>(clinical.container('messages'), 'SELECT VALUE c.key FROM c');
  for (const { key } of documents) expect(stored.filter((each) => each === key)).toHaveLength(1);

  // Those that the store did not take are in the audit queue, as they are while it is away.
  const events = await all<{ entities: { what: string }[] }>(
    audit.container('events'),
    'SELECT c.entities FROM c',
  );
  const receiver = stack.broker.createReceiver('audit-ingest');
  const queued = (await receiver.peekMessages(1000)).map(({ body }) => body as (typeof events)[number]);
  await receiver.close();
  const audited = [...events, ...queued].flatMap(({ entities }) => entities.map(({ what }) => what));
  expect(audited.filter((what) => ids.includes(what.replace('message/', ''))).sort()).toEqual(
    ids.map((id) => `message/${id}`),
  );

  const subscription = stack.broker.createReceiver('clinical-events', 'all');
  const published = (await subscription.peekMessages(1000)).map(
    ({ body }) => (body as { messageKey: string }).messageKey,
  );
  await subscription.close();
  expect(published.filter((id) => ids.includes(id)).sort()).toEqual(ids);

  const current = await all<string>(
    clinical.container('resources'),
    `SELECT VALUE CONCAT(c.resourceType, '/', c.resource.id) FROM c WHERE c.kind = 'current'`,
  );
  expect(new Set(current).size).toBe(current.length);
  expect(current).toEqual(expect.arrayContaining(documents.flatMap(({ resources = [] }) => resources)));
  expect(await stack.services.ingest.listWaiting()).toEqual([]);
}

test('every fifth request to Cosmos DB refused', async () => {
  await stack.setFaults({ rate: 0.2, statuses: [429, 503] });
  const sent = await sendMany(60);
  await until(() => (stack.results.length >= 50 ? true : undefined));
  await stack.setFaults({});
  await expectEachOnce(await finish(sent));
});

test('Cosmos DB away for longer than an invocation is patient', async () => {
  const from = stack.results.length;
  await stack.setFaults({ down: true });
  const sent = await sendMany(10);
  await until(() => stack.results.slice(from).find(({ retry }) => retry));
  await stack.setFaults({});
  await expectEachOnce(await finish(sent));
  expect(stack.results.slice(from).flatMap(({ retry }) => retry?.kind ?? [])).toContain('passing');
}, 90_000);

test('Cosmos DB refuses our key for a while', async () => {
  const from = stack.results.length;
  await stack.setFaults({ rate: 1, statuses: [403] });
  const sent = await sendMany(5);
  // More deliveries than the queue allows one message.
  await until(() => (stack.results.length >= from + 20 ? true : undefined));
  expect(new Set(stack.results.slice(from).map(({ retry }) => retry?.code))).toEqual(
    new Set(['ACCESS_DENIED']),
  );
  await stack.setFaults({});
  await expectEachOnce(await finish(sent));
}, 90_000);

test('the broker restarts in the middle', async () => {
  const from = stack.results.length;
  const sent = await sendMany(60);
  await until(() => (stack.results.length >= from + 10 ? true : undefined));
  await stack.restartBroker();
  await expectEachOnce(await finish(sent));
}, 90_000);

test('dead letters are replayed one by one', async () => {
  await stack.setFaults({ rate: 1, statuses: [400] });
  const sender = stack.broker.createSender('hl7-messages');
  // Their fifth failure without an explanation is behind them.
  const applicationProperties = { unexplained: 5, failure: 'INTERNAL' };
  for (const messageId of ['dead-1', 'dead-2'])
    await sender.sendMessages({
      body: Buffer.from(adt({ controlId: messageId })),
      messageId,
      applicationProperties,
    });
  await sender.close();
  const { ingest } = stack.services;
  const waiting = () => ingest.listWaiting();
  await until(() => (stack.deadLetters() === 2 ? true : undefined));
  await stack.setFaults({});
  expect((await waiting()).map(({ queue, id, code }) => [queue, id, code]).sort()).toEqual([
    ['dead-letter', 'dead-1', 'INTERNAL'],
    ['dead-letter', 'dead-2', 'INTERNAL'],
  ]);

  expect(await ingest.replay('dead-2')).toEqual(['dead-2']);
  expect((await waiting()).map(({ id }) => id)).toEqual(['dead-1']);
  expect(await ingest.replay('dead-1')).toEqual(['dead-1']);
  const documents = await until(async () => {
    const found = await Promise.all(['dead-1', 'dead-2'].map((id) => ingest.showMessage(id)));
    return found.every(([first]) => first?.status === 'done') ? found.flat() : undefined;
  });
  expect(documents.map(({ origin }) => origin)).toEqual(['dead-1', 'dead-2']);
  await expectEachOnce(documents);
});

const megabyte = 1024 * 1024;

test('a report with a PDF of 15 MB: its bytes come back whole', async () => {
  const pdf = randomBytes(15 * megabyte);
  const message = [
    'MSH|^~\\&|LAB|GEN|MR|GEN|20261119061500-0500||ORU^R01^ORU_R01|PDF1|P|2.5.1',
    'PID|1||2001^^^GEN^MR||Muster^Eva^^^^^L||19610615|F',
    'OBR|1|P9^ADT|F9^LAB|11502-2^Laboratory report^LN|||20261119054000-0500|||||||||||||||20261119061400-0500||CH|F',
    `OBX|1|ED|11502-2^Laboratory report^LN||^application^pdf^Base64^${pdf.toString('base64')}||||||F`,
    '',
  ].join('\r');
  expect(message.length).toBeGreaterThan(20 * megabyte);
  const [document] = await finish(await stack.services.ingest.enqueue(Buffer.from(message), {}));
  expect(document).toMatchObject({ status: 'done', raw: { length: message.length - 1 } });
  const [report] = await stack.services.fhir.searchResources('demo', {
    type: 'DocumentReference',
    patientMrn: '2001',
  });
  const { url = '' } = (report as DocumentReference).content[0]?.attachment ?? {};
  const bytes = await stack.services.ingest.readAttachment('demo', url);
  expect(pdf.equals(bytes ?? Buffer.alloc(0))).toBe(true);
}, 90_000);

test('a batch of 20 MB: every message in it is done', async () => {
  const padding = `ZPD|${'x'.repeat(512 * 1024)}\r`;
  const messages = Array.from(
    { length: 40 },
    (_, n) =>
      `${adt({ controlId: `BATCH${n}` })
        .replace('1001^', `30${n}^`)
        .replace('V1^', `V30${n}^`)}${padding}`,
  );
  const body = Buffer.from(`BHS|^~\\&|\r${messages.join('')}BTS|${messages.length}\r`);
  expect(body.length).toBeGreaterThan(20 * megabyte);
  const documents = await finish(await stack.services.ingest.enqueue(body, {}));
  expect(documents).toHaveLength(40);
  await expectEachOnce(documents);
}, 90_000);
