import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { createAudit } from '../../../src/lib/audit';
import {
  classifyAzureError,
  createDataKeyStore,
  createEventJournal,
  createKeyWrap,
} from '../../../src/lib/azure';
import type { MessageDocument } from '../../../src/lib/ingest';
import { createFieldCipher } from '../../../src/lib/security';
import { event, preset } from '../../unit/audit/fakes';
import { adt, oru } from '../../unit/ingest/messages';
import { appFolder, buildLocal, root, runHost, until, type TestHost } from '../host/support';
import { startStack, type Stack } from './stack';

const built = buildLocal({ worker: 'local/host/worker/main.ts' });
const app = appFolder({
  'host.json': readFileSync(join(root, 'host.json'), 'utf8'),
  'package.json': JSON.stringify({ name: 'app', main: 'app.js' }),
});
let stack: Stack;
let host: TestHost;

beforeAll(async () => {
  buildSync({
    entryPoints: [join(root, 'src/app.ts')],
    outfile: join(app.dir, 'app.js'),
    bundle: true,
    platform: 'node',
    target: 'node22',
    format: 'cjs',
    external: ['@azure/functions-core'],
    logLevel: 'error',
    define: { 'import.meta.url': '__url' },
    banner: { js: "const __url = require('node:url').pathToFileURL(__filename).href;" },
  });
  stack = await startStack('host');
  host = await runHost(join(built.dir, 'worker.js'), { appDir: app.dir, env: stack.settings });
}, 120_000);

afterAll(async () => {
  await host?.stop();
  await stack?.stop();
  app.remove();
  built.remove();
}, 60_000);

const post = (body: string, headers: Record<string, string> = {}): Promise<Response> =>
  host.call('/api/hl7', { method: 'POST', body, headers: { 'x-functions-key': 'function-key', ...headers } });

const final = (controlId: string, count = 1): Promise<MessageDocument[]> =>
  until(async () => {
    const documents = (await stack.services.ingest.showMessage(controlId)).filter(
      ({ finishedAt }) => finishedAt,
    );
    return documents.length >= count ? documents : undefined;
  });

test('the app registers its functions with their bindings', () => {
  const bindingOf = (name: string) => host.functions.find((each) => each.name === name)?.bindings[0];
  expect(host.functions.map(({ name }) => name).sort()).toEqual([
    'auditEventRead',
    'auditEventSearch',
    'auditEventSearchByPost',
    'auditEvents',
    'auditJournalReplay',
    'auditProjector',
    'auditReplay',
    'auditSealer',
    'health',
    'hl7Processor',
    'hl7Webhook',
  ]);
  expect(bindingOf('hl7Processor')).toMatchObject({
    type: 'serviceBusTrigger',
    queueName: 'hl7-messages',
    connection: 'ServiceBusConnection',
    dataType: 'binary',
  });
});

test('Latin-1 bytes, a quoted string and a claim check arrive as they were sent', async () => {
  const sender = stack.broker.createSender('hl7-messages');
  const latin1 = adt({ controlId: 'H1', family: 'Müller' }).replace('|P|2.5.1', '|P|2.5.1||||||8859/1');
  const quoted = adt({ controlId: 'H2', family: 'Żak' }).replaceAll('1001^', '1002^');
  await sender.sendMessages({
    body: Buffer.from(latin1, 'latin1'),
    applicationProperties: { tenantId: 'demo' },
  });
  await sender.sendMessages({ body: quoted });
  await sender.close();
  const claimed = `${oru({ controlId: 'H3' })}${Array.from({ length: 3000 }, (_, i) => `NTE|${i}|L|${'x'.repeat(90)}\r`).join('')}`;
  await stack.services.ingest.enqueue(Buffer.from(claimed), {});
  for (const id of ['H1', 'H2', 'H3']) expect(await final(id)).toMatchObject([{ status: 'done' }]);
  const family = async (mrn: string) =>
    (await stack.services.fhir.searchResources('demo', { type: 'Patient', patientMrn: mrn }))[0];
  expect(await family('1002')).toMatchObject({ name: [{ family: 'Żak' }] });
  const [h1] = await stack.services.ingest.showMessage('H1');
  expect(Buffer.from((h1 && (await stack.services.ingest.readRaw(h1))) ?? []).toString('latin1')).toContain(
    'Müller',
  );
});

test('a JSON body cannot pass for broker metadata', async () => {
  const sender = stack.broker.createSender('hl7-messages');
  await sender.sendMessages({ body: { messageId: 'x', applicationProperties: 'y', blob: 'demo/z' } });
  await sender.close();
  const documents = await until(async () => {
    const found = await stack.services.ingest.listMessages({ status: 'rejected' });
    return found.some(({ code }) => code === 'BODY_NOT_HL7') ? found : undefined;
  });
  expect(documents[0]?.id).toMatch(/^sha256:/);
});

test('POST /api/hl7 answers with an HL7 acknowledgement', async () => {
  const accepted = await post(adt({ controlId: 'W1' }), { accept: 'text/plain' });
  expect([accepted.status, accepted.headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8']);
  expect(await accepted.text()).toContain('MSA|AA|W1');
  expect(await final('W1')).toMatchObject([{ status: 'done' }]);

  const refused = await post('hello');
  expect([refused.status, refused.headers.get('content-type')]).toEqual([
    400,
    'x-application/hl7-v2+er7; charset=utf-8',
  ]);
  expect(await refused.text()).toContain('MSA|AR');
  expect((await post('')).status).toBe(400);
  expect((await host.call('/api/hl7', { method: 'POST', body: adt() })).status).toBe(401);
});

test('health names the parts', async () => {
  const response = await host.call('/api/health');
  expect([response.status, await response.json()]).toEqual([
    200,
    {
      status: 'ok',
      parts: { configuration: 'ok', cosmos: 'ok', serviceBus: 'ok', storage: 'ok', audit: 'ok' },
    },
  ]);
});

test('a run of auditJournalReplay brings the blob journal into the store', async () => {
  const { azure, config, listAudit } = stack.services;
  const refuse = () => Promise.reject(new Error('away'));
  const audit = createAudit({
    app: 'test',
    cipher: createFieldCipher({ keyWrap: createKeyWrap(config), store: createDataKeyStore(azure) }),
    store: { create: refuse, createMany: refuse, read: refuse, list: refuse },
    queue: { send: refuse, postpone: refuse },
    journal: createEventJournal(azure),
    classify: classifyAzureError,
    presetOf: () => preset,
  });
  const { id, state } = await audit.record(event());
  expect(state).toBe('journaled');
  const headers = { 'x-functions-key': 'master-key', 'content-type': 'application/json' };
  const run = await host.call('/admin/functions/auditJournalReplay', { method: 'POST', headers, body: '{}' });
  expect(run.status).toBe(202);
  const march = { from: '2026-03-01T00:00:00Z', to: '2026-04-01T00:00:00Z', limit: 10 };
  expect(await until(async () => (await listAudit(event().tenantId, march))[0])).toMatchObject({ id });
});

test('what is no audit event leaves the fallback queue for its dead letters', async () => {
  const sender = stack.broker.createSender('audit-ingest');
  await sender.sendMessages({ body: { not: 'an event' } });
  await sender.close();
  const letters = stack.broker.createReceiver('audit-ingest', { subQueueType: 'deadLetter' });
  expect(await letters.receiveMessages(1, { maxWaitTimeInMs: 20_000 })).toHaveLength(1);
  await letters.close();
});

test('no line that the host printed holds a value of a message', () => {
  const printed = host.lines.join('\n');
  expect(printed).toContain('done');
  for (const value of ['Müller', 'Żak', 'Muster', '1001', 'Attend', 'hello'])
    expect(printed).not.toContain(value);
});
