import { ServiceBusClient } from '@azure/service-bus';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StackInfo } from '../../local';
import type { MessageDocument } from '../../src/lib/ingest';
import { result } from '../support/messages';
import {
  cleanUp,
  folder,
  isAlive,
  json,
  medrelay,
  pidsOf,
  processesOf,
  root,
  scripts,
  stackOf,
  start,
  until,
  type Started,
} from './medrelay';
import { expected, patientData, rejected } from './samples';

const work = folder();
const dataDir = join(work, 'data');
const data = ['--data', dataDir];
let started: Started;
let stack: StackInfo;
/** Everything that any start of this file has printed. */
const consoles: string[] = [];

interface Sent {
  sent: number;
  done: number;
  rejected: number;
  duplicate: number;
  conflict: number;
  pending: number;
  messages: { key: string; status: string; code?: string }[];
}
interface Items<T> {
  items: T[];
}
interface AuditItem {
  source: string;
  subtype: { code: string }[];
  entities: { what: string }[];
}
interface Resource {
  resourceType: string;
  id: string;
  subject?: { reference: string };
}

const send = (...args: string[]) => json<Sent>('send', ...args, '--wait', '--json', ...data);
const messages = async (...args: string[]) =>
  (await json<Items<MessageDocument>>('messages', ...args, '--json', ...data)).items;
const waiting = async () =>
  (await json<Items<{ id: string; code: string }>>('messages', 'list', '--waiting', '--json', ...data)).items;
const sample = (name: string): string => join(root, 'samples', name);

async function startAsAUser(): Promise<void> {
  started = start(scripts.start, ['--data', 'data', '--ports', 'auto'], { cwd: work });
  await started.printed('Medrelay is ready.');
  await started.printed(/--data .*\n/);
  stack = stackOf(dataDir);
}

beforeAll(startAsAUser);
afterAll(cleanUp);

test('the start prints every endpoint, the functions once, that it is ready, and what to try', () => {
  const output = started.output();
  for (const line of [
    `  Functions     ${stack.host.url}`,
    `  Service Bus   sb://127.0.0.1:${stack.serviceBus.port}`,
    `  Cosmos DB     ${stack.cosmos.endpoint}`,
    `  Blobs         http://127.0.0.1:${stack.azurite.blobPort}`,
    `  Queues        http://127.0.0.1:${stack.azurite.queuePort}`,
    `  Tables        http://127.0.0.1:${stack.azurite.tablePort}`,
    `  Function key  ${stack.functionKeys.function}`,
    '  auditReplay: serviceBusTrigger',
    '  hl7Processor: serviceBusTrigger',
    `  health: [GET] http://localhost:${stack.host.port}/api/health`,
    `  hl7Webhook: [POST] http://localhost:${stack.host.port}/api/hl7`,
    'Medrelay is ready. In a second shell try:',
    `  npm run medrelay -- send samples --wait --data ${dataDir}`,
  ])
    expect(output.split('\n').filter((each) => each === line)).toEqual([line]);
  expect(output.match(/hl7Processor/g)).toHaveLength(1);
});

test('every good sample ends done, every bad one rejected with its code', async () => {
  const { code, stdout } = await medrelay(['send', 'samples', '--wait', '--json', ...data]);
  const { messages: fates, ...totals } = JSON.parse(stdout) as Sent;
  expect(
    fates.map(({ key, status, code: why }) => [key, status, ...(why === undefined ? [] : [why])]),
  ).toEqual(expected);
  expect(totals).toEqual({
    sent: expected.length,
    done: expected.length - rejected.length,
    rejected: rejected.length,
    duplicate: 0,
    conflict: 0,
    pending: 0,
  });
  expect(code).toBe(1);
});

test('the lists show the messages and what waits for a person', async () => {
  const all = await messages('list');
  expect(all).toHaveLength(expected.length);
  const codes = rejected.map(([, , code]) => code).sort();
  expect((await messages('list', '--status', 'rejected')).map(({ code }) => code).sort()).toEqual(codes);
  const refused = await waiting();
  expect(refused.map(({ code }) => code).sort()).toEqual(codes);
  const ids = all.filter(({ status }) => status === 'rejected').map(({ id }) => id);
  expect(refused.map(({ id }) => id).sort()).toEqual(ids.sort());
  for (const { ack, code } of all.filter(({ status }) => status === 'rejected'))
    expect(ack).toMatch(new RegExp(`\\rMSA\\|A[ER]\\b[^]*\\rERR\\|[^]*${code}`));

  const { stdout } = await medrelay(['messages', 'list', '--limit', '2', ...data]);
  const [header, ...rows] = stdout.trimEnd().split('\n');
  expect(header?.split(/ +/)).toEqual(['RECEIVED', 'STATUS', 'CODE', 'EVENT', 'RESOURCES', 'MESSAGE']);
  expect(rows).toHaveLength(2);
});

test('the audit trail holds one outcome of every message', async () => {
  const { items } = await json<Items<AuditItem>>('audit', 'list', '--limit', '500', '--json', ...data);
  const outcomes = items
    .filter(({ source }) => source === 'hl7Processor')
    .map(({ entities }) => entities[0]?.what);
  const ids = (await messages('list')).map(({ id }) => `message/${id}`);
  expect(outcomes.sort()).toEqual(ids.sort());
});

test('the resources are there, one patient for one record number, and every look is audited', async () => {
  const patients = await json<Items<Resource>>('fhir', 'get', 'Patient', '--json', ...data);
  // Ten, and the one that sample 16 merged into another.
  expect(patients.items).toHaveLength(11);
  expect(patients.items.every(({ resourceType }) => resourceType === 'Patient')).toBe(true);

  const { stdout } = await medrelay(['fhir', 'get', 'Observation', '--patient', 'MR100002', ...data]);
  expect(stdout).toContain('138 mmol/L · final');
  expect(stdout).toContain('6.8 mmol/L · final');
  expect(stdout.trimEnd().split('\n')).toHaveLength(3);

  const observations = await json<Items<Resource>>('fhir', 'get', 'Observation', '--json', ...data);
  const known = new Set(patients.items.map(({ id }) => `Patient/${id}`));
  expect(observations.items.length).toBeGreaterThan(1000);
  expect(observations.items.filter(({ subject }) => !known.has(subject?.reference ?? ''))).toEqual([]);

  const [one] = patients.items;
  const shown = await medrelay(['fhir', 'get', `Patient/${one?.id}`, ...data]);
  expect(JSON.parse(shown.stdout)).toEqual(one);
  const audit = await json<Items<AuditItem>>('audit', 'list', '--limit', '5', '--json', ...data);
  expect(audit.items[0]).toMatchObject({
    source: 'cli',
    subtype: [{ code: 'read' }],
    entities: [{ what: `Patient/${one?.id}` }, { what: `Patient/${one?.id}` }],
  });
});

test('the samples again are duplicates; those that were refused say so still', async () => {
  const { code, stdout } = await medrelay(['send', 'samples', '--wait', '--json', ...data]);
  const again = JSON.parse(stdout) as Sent;
  expect(again).toMatchObject({ sent: expected.length, duplicate: expected.length });
  expect(again.messages.map((message) => message.code)).toEqual(expected.map(([, , why]) => why));
  expect(code).toBe(1);
  expect(await send('samples/good')).toMatchObject({ sent: 15, duplicate: 15 });
  expect(await waiting()).toHaveLength(rejected.length);
});

test('a control id used for another message is a conflict', async () => {
  const file = join(work, 'reused.hl7');
  writeFileSync(
    file,
    readFileSync(sample('good/02-adt-a01-emergency.hl7'), 'latin1').replace('Boris', 'Bodo'),
  );
  const { code, stdout } = await medrelay(['send', file, '--wait', ...data]);
  expect(stdout).toMatch(/^conflict +CONTROL_ID_REUSED +\S+reused\.hl7 +demo\|ADTSYS\|GENERAL\|ADM0002$/m);
  expect(stdout).toContain('1 sent, 0 done, 0 rejected, 0 duplicate, 1 conflict, 0 pending');
  expect(code).toBe(1);
  const statuses = (await messages('show', 'ADM0002')).map(({ status }) => status).sort();
  expect(statuses).toEqual(['conflict', 'done', 'duplicate', 'duplicate']);
});

test('a tenant that does not exist is refused, whatever it calls itself', async () => {
  for (const tenant of ['nowhere', '../Demo']) {
    const { messages: fates } = await send(sample('good/01-adt-a01-admission.hl7'), '--tenant', tenant);
    expect(fates).toMatchObject([{ status: 'rejected', code: 'UNKNOWN_TENANT' }]);
  }
  const asked = await medrelay(['fhir', 'get', 'Patient', '--tenant', 'nowhere', ...data]);
  expect(asked).toMatchObject({ code: 1, stderr: expect.stringContaining('Known are: demo, northside.') });
});

test('a rejected message is replayed, and corrected from a file; the original stays', async () => {
  expect(await medrelay(['messages', 'replay', 'EVT0001', ...data])).toMatchObject({ code: 0, stderr: '' });
  const [replayed] = await until(async () => {
    const found = (await messages('show', 'EVT0001')).filter(({ history }) => history?.length === 1);
    return found[0]?.status === 'rejected' ? found : undefined;
  });
  expect(replayed).toMatchObject({ code: 'UNSUPPORTED_EVENT', history: [{ status: 'rejected' }] });

  const raw = await medrelay(['messages', 'show', 'NOP0001', '--raw', ...data]);
  const original = readFileSync(sample('bad/23-no-patient.hl7'), 'utf8');
  expect(raw.stdout).toContain(original.trimEnd());
  const file = join(work, 'corrected.hl7');
  writeFileSync(
    file,
    original.replace('\rOBR|', '\rPID|1||MR100002^^^GENERAL&2.16.840.1.113883.3.9999.1&ISO^MR\rOBR|'),
  );
  const edited = await medrelay(['messages', 'edit', 'NOP0001', '--file', file, ...data]);
  expect(edited).toMatchObject({ code: 0, stdout: expect.stringMatching(/^sent: /) });
  const [corrected] = await until(async () => {
    const found = (await messages('show', 'NOP0001')).filter(({ editedFrom }) => editedFrom !== undefined);
    return found[0]?.status === 'done' ? found : undefined;
  });
  const first = (await messages('show', 'NOP0001')).find(({ id }) => id === corrected?.editedFrom);
  expect(first).toMatchObject({ status: 'rejected', code: 'NO_PATIENT' });
  expect((await waiting()).filter(({ code }) => code === 'NO_PATIENT')).toEqual([]);

  expect(
    await medrelay(['messages', 'edit', 'NOP0001', '--file', sample('bad/23-no-patient.hl7'), ...data]),
  ).toMatchObject({ code: 1, stderr: expect.stringContaining('Nothing was changed') });
  // Two tenants that do not exist have used it as well.
  expect(await medrelay(['messages', 'replay', 'ADM0001', ...data])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('SEVERAL_MESSAGES'),
  });
  expect(await medrelay(['messages', 'replay', 'demo|ADTSYS|GENERAL|ADM0001', ...data])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('NOTHING_TO_REPLAY'),
  });
  expect(await medrelay(['messages', 'show', 'NOBODY', ...data])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('No message has this key.'),
  });
});

test('bodies as text, as bytes and as a claim check are the same to it', async () => {
  const client = new ServiceBusClient(stack.serviceBus.connectionString);
  try {
    const sender = client.createSender('hl7-messages');
    await sender.sendMessages({ body: result(1, 1).toString('utf8') });
    await sender.sendMessages({ body: result(2, 1) });
  } finally {
    await client.close();
  }
  const large = join(work, 'large.hl7');
  writeFileSync(large, result(3, 1, 3000));
  expect(readFileSync(large).byteLength).toBeGreaterThan(200 * 1024);
  expect(await send(large)).toMatchObject({ sent: 1, done: 1 });
  const others = await until(async () => {
    const found = [...(await messages('show', 'DRILL1')), ...(await messages('show', 'DRILL2'))];
    return found.length === 2 && found.every(({ status }) => status === 'done') ? found : undefined;
  });
  expect(others.map(({ resourceCount }) => resourceCount)).toEqual([
    expect.any(Number),
    others[0]?.resourceCount,
  ]);
});

describe('over HTTP', () => {
  const post = (body: string | Buffer, key = stack.functionKeys.function): Promise<Response> =>
    fetch(`${stack.host.url}/api/hl7`, {
      method: 'POST',
      body,
      headers: { accept: 'text/plain', ...(key && { 'x-functions-key': key }) },
    });

  test('a good message is answered AA and ends done', async () => {
    const answer = await post(result(10, 2));
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      200,
      expect.stringContaining('text/plain'),
    ]);
    expect(await answer.text()).toMatch(/^MSH\|[^\r]*\|ACK\^R01\^ACK\|[^\r]*\rMSA\|AA\|DRILL10\r$/);
    await until(async () => {
      const [message] = await messages('show', 'DRILL10');
      return message?.status === 'done' ? message : undefined;
    });
  });

  test('without a key it is refused', async () => {
    expect((await post(result(11, 2), '')).status).toBe(401);
    expect((await post(result(11, 2), 'wrong')).status).toBe(401);
  });

  test('what is no HL7 is told so at once and not queued', async () => {
    for (const body of ['Dear colleague', 'MSH|^~\\&|A']) {
      const answer = await post(body);
      expect(answer.status).toBe(400);
      expect(await answer.text()).toMatch(/\rMSA\|A[ER]\b/);
    }
    expect((await messages('list', '--limit', '1'))[0]?.controlId).toBe('DRILL10');
  });

  test('a batch gets one MSA for each message', async () => {
    const answer = await post(readFileSync(sample('15-batch-with-one-bad.hl7')));
    expect(answer.status).toBe(200);
    const ack = await answer.text();
    expect(ack.match(/MSA\|AA\|BAT000\d/g)).toEqual(['MSA|AA|BAT0001', 'MSA|AA|BAT0002', 'MSA|AA|BAT0003']);
    expect(ack).toMatch(/^BHS\|[^]*\rBTS\|3/);
  });

  test('health names every part to anybody', async () => {
    const answer = await fetch(`${stack.host.url}/api/health`);
    expect([answer.status, await answer.json()]).toEqual([
      200,
      {
        status: 'ok',
        parts: { configuration: 'ok', cosmos: 'ok', serviceBus: 'ok', storage: 'ok', audit: 'ok' },
      },
    ]);
  });
});

test('Ctrl-C drains and leaves nothing behind; the next start finds everything', async () => {
  const before = await messages('list', '--limit', '500');
  const pids = pidsOf(stack);
  expect(pids.every(isAlive)).toBe(true);
  started.interrupt();
  const { code, output } = await started.ended;
  consoles.push(output);
  expect([code, output.trimEnd().split('\n').at(-1)]).toEqual([0, 'Stopped.']);
  expect([pids.filter(isAlive), processesOf(dataDir)]).toEqual([[], []]);

  const { functionKeys } = stack;
  await startAsAUser();
  expect(stack.functionKeys).toEqual(functionKeys);
  expect(await messages('list', '--limit', '500')).toEqual(before);
  expect(await send('samples/good')).toMatchObject({ sent: 15, duplicate: 15 });
});

test('medrelay stop ends it from elsewhere', async () => {
  const pids = pidsOf(stack);
  expect(await medrelay(['stop', '--data', 'data'], { cwd: work })).toEqual({
    code: 0,
    stdout: 'Stopped.\n',
    stderr: '',
  });
  const { code, output } = await started.ended;
  consoles.push(output);
  expect(code).toBe(0);
  expect([pids.filter(isAlive), processesOf(dataDir)]).toEqual([[], []]);
});

test('nothing that a console showed names a patient', () => {
  const shown = consoles.join('\n');
  // It did show the work itself.
  expect(shown.match(/Executed 'Functions.hl7Processor' \(Succeeded/g)?.length).toBeGreaterThan(30);
  expect(patientData.filter((each) => shown.includes(each))).toEqual([]);
});
