import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { buildSync } from 'esbuild';
import { unzipSync } from 'fflate';
import Long from 'long';
import { auditCommand } from '../../../cli/commands/audit';
import { keysCommand } from '../../../cli/commands/keys';
import { messagesCommand } from '../../../cli/commands/messages';
import { startIdentity, type IdentityEndpoint } from '../../../local/identity';
import type { AuditEventInput } from '../../../src/lib/audit';
import { loadConfig } from '../../../src/lib/config';
import { createServices, type Services } from '../../../src/lib/services';
import topology from '../../../topology.json';
import { appFolder, buildLocal, root, runHost, until, type TestHost } from '../host/support';
import { startStack, type Stack } from '../ingest/stack';
import { startVault, tenantId as directory, type Vault } from '../keyvault/vault';

/**
 * Marked patients go through the pipeline and the audit library, over the wire and in the app's own bundle; then every
 * place that anything could have leaked to is searched for the mark, also in base64 and hex.
 */
const MARK = 'QZKANARIE';
/** A mark in the middle of anything has one of three forms in base64. */
const FORMS = [
  MARK.toLowerCase(),
  Buffer.from(MARK).toString('hex').toLowerCase(),
  ...[0, 1, 2].map((shift) =>
    Buffer.from(`${'x'.repeat(shift)}${MARK}`)
      .toString('base64')
      .slice(shift === 0 ? 0 : 4, -4)
      .toLowerCase(),
  ),
];
const isMarked = (text: string): boolean => {
  const lower = text.toLowerCase();
  return FORMS.some((form) => lower.includes(form));
};

let n = 0;
const m = (): string => `${MARK}${++n}`;
const message = (type: string, id: string, segments: readonly string[]): string =>
  [`MSH|^~\\&|FEED|NORTH|MR|GEN|20261118082000-0500||${type}|${id}|P|2.5.1`, ...segments, ''].join('\r');
const pid = (): string =>
  `PID|1||${m()}^^^GENERAL^MR~${m()}^^^USSSA^SS||${m()}^${m()}^${m()}|${m()}^${m()}|19610615|F||2106-3|` +
  `${m()}^${m()}^${m()}^IL^${m()}||${m()}^PRN^PH^${m()}@example.org^1^555^1234567|${m()}|||||${m()}|${m()}|${m()}||||${m()}`;
const bodies: Record<string, string> = {
  C1: message('ADT^A01^ADT_A01', 'C1', [
    'EVN|A01|20261118082000-0500',
    pid(),
    `NK1|1|${m()}^${m()}|SPO|${m()}^${m()}^${m()}|${m()}`,
    `PV1|1|I|W^1^1||||1234^Attend^Anna|||||||||||V|${m()}^^^GENERAL^VN`,
    `AL1|1|DA|1^Penicillin|SV|${m()}`,
    `DG1|1||I10^Hypertension^I10|||A`,
    `GT1|1|${m()}|${m()}^${m()}||${m()}^${m()}|${m()}||19610615|F||SEL|${m()}`,
    `IN1|1|PLAN|INS1|Insurer||||||||||||${m()}^${m()}|SEL|19610615|${m()}^${m()}|||||||||||||||||${m()}`,
  ]),
  C2: message('ORU^R01^ORU_R01', 'C2', [
    pid(),
    `OBR|1|${m()}|${m()}|2823-3^Potassium^LN|||20261118080000-0500`,
    `NTE|1||${m()} says hello`,
    `OBX|1|NM|2823-3^Potassium^LN||6.8|mmol/L|3.5-5.1|HH|||F`,
    `NTE|1||${m()}`,
    `OBX|2|ST|8251-1^Comment^LN||${m()} was here||||||F`,
    `OBX|3|TX|8251-1^Comment^LN||${m()}||||||F`,
  ]),
  C3: message('ADT^A08^ADT_A01', 'C3', [pid()]),
  C4: message('ADT^Z01', 'C4', [pid()]),
  C5: message('ADT^A01^ADT_A01', 'C5', [`PID|1||||${m()}^${m()}`]),
};
const broken = [`MSH|${MARK}`, `${MARK} is no message`, JSON.stringify({ patient: MARK })];

const folder = mkdtempSync(join(tmpdir(), 'medrelay-canary-'));
const trusted = getCACertificates('default');
const environment = { ...process.env };
const built = buildLocal({ worker: 'local/host/worker/main.ts' });
const app = appFolder({
  'host.json': readFileSync(join(root, 'host.json'), 'utf8'),
  'package.json': JSON.stringify({ name: 'app', main: 'app.js' }),
});
let vault: Vault;
let identity: IdentityEndpoint;
let stack: Stack;
let host: TestHost | undefined;
let services: Services;
let settings: Record<string, string>;
/** What came out of the product by words: answers, printed lines, errors. */
const said: { readonly place: string; readonly text: string }[] = [];

beforeAll(async () => {
  [stack, vault] = await Promise.all([
    startStack('host'),
    startVault([
      { name: 'medrelay-kek', kty: 'RSA', keySize: 3072 },
      { name: 'medrelay-audit-seal', kty: 'EC' },
    ]),
  ]);
  const role = 'Key Vault Administrator';
  const operator = { name: 'operator', objectId: role, clientId: 'operator', header: 'secret' };
  const dataDir = join(vault.dataDir, 'identity');
  identity = await startIdentity({
    port: 0,
    dataDir,
    tenant: { tenantId: directory, principals: [operator] },
  });
  const caFile = join(vault.dataDir, 'tls', 'ca.pem');
  setDefaultCACertificates([...trusted, readFileSync(caFile, 'utf8')]);
  settings = {
    ...stack.settings,
    IDENTITY_ENDPOINT: identity.endpoint,
    IDENTITY_HEADER: operator.header,
    KEY_VAULT_URL: vault.server.url,
    KEY_VAULT_URL__credential: 'managedidentity',
    NODE_EXTRA_CA_CERTS: caFile,
  };
  Object.assign(process.env, settings);
  services = createServices('medrelay-canary', loadConfig(process.env));
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
}, 180_000);

afterAll(async () => {
  await host?.stop();
  await services?.close();
  await stack?.stop();
  process.env = environment;
  setDefaultCACertificates(trusted);
  await Promise.all([identity?.stop(), vault?.stop()]);
  for (const each of [app, built]) each.remove();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

const event = (sourceKey: string, more: Partial<AuditEventInput> = {}): AuditEventInput => ({
  tenantId: 'demo',
  source: 'canary',
  sourceKey,
  occurredAt: new Date().toISOString(),
  type: { system: 'http://terminology.hl7.org/CodeSystem/audit-event-type', code: 'rest' },
  subtype: [{ system: 'http://hl7.org/fhir/restful-interaction', code: 'search' }],
  action: 'E',
  outcome: '0',
  agents: [{ who: 'os-user/anna', requestor: true, name: m() }],
  entities: [
    {
      type: { system: 'http://terminology.hl7.org/CodeSystem/audit-entity-type', code: '2' },
      role: { system: 'http://terminology.hl7.org/CodeSystem/object-role', code: '24' },
      what: 'query',
      query: `name=${m()}`,
    },
  ],
  disclosure: {
    recipient: { name: m(), address: m() },
    basis: 'court-order',
    purpose: 'HLEGAL',
    description: m(),
  },
  phi: { 'patient.name': m(), 'patient.birthDate': m() },
  ...more,
});

/** Everywhere that anything is kept, as text under the name of its place. */
async function* kept(): AsyncGenerator<{ readonly place: string; readonly text: string }> {
  for (const { id: databaseId, containers } of topology.Cosmos.databases) {
    for (const { id } of containers) {
      const container = stack.cosmos.database(databaseId).container(id);
      yield {
        place: `definition of ${databaseId}/${id}`,
        text: JSON.stringify((await container.read()).resource),
      };
      for (const item of (await container.items.readAll().fetchAll()).resources)
        yield { place: `document in ${databaseId}/${id}`, text: JSON.stringify(item) };
    }
  }
  for await (const { name: container } of stack.blobs.listContainers()) {
    const client = stack.blobs.getContainerClient(container);
    for await (const blob of client.listBlobsFlat({ includeMetadata: true })) {
      yield { place: `name of a blob in ${container}`, text: JSON.stringify([blob.name, blob.metadata]) };
      const bytes = await client.getBlobClient(blob.name).downloadToBuffer();
      yield { place: `blob in ${container}`, text: bytes.toString('latin1') };
    }
  }
  const queues = topology.UserConfig.Namespaces[0]?.Queues.map(({ Name }) => Name) ?? [];
  const sources: readonly (readonly [string, ReturnType<typeof stack.broker.createReceiver>])[] = [
    ...queues.flatMap((queue) => [
      [queue, stack.broker.createReceiver(queue)] as const,
      [`${queue}, dead letters`, stack.broker.createReceiver(queue, { subQueueType: 'deadLetter' })] as const,
    ]),
    ['clinical-events', stack.broker.createReceiver('clinical-events', 'all')],
  ];
  for (const [place, receiver] of sources) {
    for (const each of await receiver.peekMessages(1000, { fromSequenceNumber: Long.ZERO })) {
      const { body, applicationProperties, messageId, deadLetterReason, deadLetterErrorDescription } = each;
      const properties = { applicationProperties, messageId, deadLetterReason, deadLetterErrorDescription };
      yield { place: `properties in ${place}`, text: JSON.stringify(properties) };
      // The one place that carries HL7 as it came: the way in.
      if (!place.startsWith('hl7-messages'))
        yield {
          place: `body in ${place}`,
          text: Buffer.isBuffer(body) ? body.toString('latin1') : JSON.stringify(body),
        };
    }
    await receiver.close();
  }
}

async function search(): Promise<{
  readonly leaks: readonly string[];
  readonly searched: Map<string, number>;
}> {
  const leaks = new Set<string>();
  const searched = new Map<string, number>();
  const look = ({ place, text }: { place: string; text: string }): void => {
    searched.set(place, (searched.get(place) ?? 0) + 1);
    if (isMarked(text)) leaks.add(`${place}: ${placeOfMark(text)}`);
  };
  for await (const each of kept()) look(each);
  for (const each of said) look(each);
  for (const text of host?.lines ?? []) look({ place: 'printed by the host', text });
  return { leaks: [...leaks], searched };
}

/** Where in a text, for whoever repairs it. */
function placeOfMark(text: string): string {
  const at = FORMS.map((form) => text.toLowerCase().indexOf(form)).find((each) => each >= 0) ?? 0;
  return text.slice(Math.max(0, at - 120), at + 40);
}

/** A command as a person would call it; what it prints and why it fails are kept. */
async function run(make: () => ReturnType<typeof auditCommand>, ...args: readonly string[]): Promise<void> {
  const place = `medrelay ${make().name()} ${args[0] ?? ''}`;
  const print = (...parts: readonly unknown[]): void =>
    void said.push({ place, text: parts.map(String).join(' ') });
  const spies = (['log', 'error', 'warn'] as const).map((name) =>
    jest.spyOn(console, name).mockImplementation(print),
  );
  const write = jest.spyOn(process.stdout, 'write').mockImplementation((text) => (print(text), true));
  try {
    const command = make();
    for (const each of [command, ...command.commands])
      each.exitOverride().configureOutput({ writeOut: print, writeErr: print });
    await command.parseAsync([...args, '--data', join(folder, 'no-stack')], { from: 'user' });
  } catch (error) {
    print(error, error instanceof Error ? error.stack : '');
  } finally {
    for (const spy of [...spies, write]) spy.mockRestore();
  }
}

/** Each step says what it did; the searches come at the end of each. */
test('events that wait in the fallback queue hold nothing marked', async () => {
  // From here on the keys are at hand.
  await services.audit.record(event('direct', { subject: 'Patient/canary' }));
  await stack.setFaults({ down: true });
  const waiting = await services.audit.record(event('queued', { subject: 'Patient/canary' }));
  await stack.setFaults({});
  expect(waiting.state).toBe('queued');
  const { leaks, searched } = await search();
  expect(leaks).toEqual([]);
  expect([...searched.keys()]).toEqual(
    expect.arrayContaining(['document in audit/events', 'body in audit-ingest']),
  );
}, 120_000);

test('the pipeline, the sealer and the command line leave nothing marked anywhere', async () => {
  host = await runHost(join(built.dir, 'worker.js'), { appDir: app.dir, env: settings });
  const post = async (body: string): Promise<void> => {
    const headers = { 'x-functions-key': 'function-key', accept: 'text/plain' };
    const answer = await host?.call('/api/hl7', { method: 'POST', body, headers });
    said.push({ place: 'answer of POST /api/hl7', text: (await answer?.text()) ?? '' });
  };
  for (const [id, body] of Object.entries(bodies)) {
    await post(body);
    // What the door refuses may still come by the queue.
    if (['C4', 'C5'].includes(id)) await services.ingest.enqueue(Buffer.from(body), { tenant: 'demo' });
  }
  // Again, and another message under the same id: duplicates and conflicts have documents of their own.
  await post(bodies['C1'] ?? '');
  await post((bodies['C2'] ?? '').replaceAll(MARK, `${MARK}OTHER`));
  for (const body of broken) {
    await post(body);
    await services.ingest.enqueue(Buffer.from(body), { tenant: 'demo' }).catch(remember('enqueue'));
  }
  for (const id of Object.keys(bodies)) await final(id, id === 'C1' || id === 'C2' ? 2 : 1);

  await services.ingest.listWaiting().catch(remember('waiting'));
  const health = await host.call('/api/health');
  said.push({ place: 'answer of GET /api/health', text: await health.text() });
  for (const path of [`/api/fhir/AuditEvent?patient=${MARK}`, `/api/audit/events?patient=${MARK}`]) {
    const refused = await host.call(path);
    said.push({ place: 'answer of the audit API to a stranger', text: await refused.text() });
  }
  const id = (await services.listAudit('demo', aroundNow()))[0]?.id ?? '';
  await run(auditCommand, 'seal', '--json');
  await run(auditCommand, 'list');
  await run(auditCommand, 'list', '--json');
  // Proofs stay valid without the secret: verification comes after.
  await run(keysCommand, 'shred', 'Patient/canary', '--reason', 'gdpr-art17', '--yes');
  const range = ['--from', aroundNow().from, '--to', aroundNow().to];
  const bundle = join(folder, 'evidence.zip');
  const more: readonly (readonly string[])[] = [
    ['verify'],
    ['verify', '--json'],
    ['proof', id],
    ['export', ...range, '--out', bundle],
    ['dead-letters', 'list'],
  ];
  for (const args of more) await run(auditCommand, ...args);
  await run(messagesCommand, 'list');
  await run(keysCommand, 'rewrap', '--json');

  for (const [name, bytes] of Object.entries(unzipSync(readFileSync(bundle))))
    said.push({
      place: 'file of the evidence bundle',
      text: `${name} ${Buffer.from(bytes).toString('latin1')}`,
    });

  const { leaks, searched } = await search();
  expect(leaks).toEqual([]);
  const toldBy = (place: string) => said.filter((each) => each.place === place).map(({ text }) => text);
  expect(toldBy('medrelay keys shred')).toEqual([expect.stringContaining('Patient/canary: shredded')]);
  expect(toldBy('medrelay audit verify')[0]).toContain('demo: intact.');
  // That it looked there at all.
  expect([...searched.keys()]).toEqual(
    expect.arrayContaining([
      'printed by the host',
      'definition of clinical/resources',
      'document in clinical/resources',
      'document in clinical/messages',
      'document in audit/log',
      'name of a blob in hl7-raw',
      'blob in audit-checkpoints',
      'body in clinical-events',
      'body in hl7-rejected',
      'medrelay audit list',
      'medrelay keys rewrap',
      'file of the evidence bundle',
    ]),
  );
}, 180_000);

test('a leak in any of these places is found', async () => {
  const leak = `Jane ${MARK} Doe`;
  const places: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['document in audit/events', () => services.audit.record(event('leak', { ext: { leak } }))],
    [
      'document in clinical/resources',
      async () => {
        const container = stack.cosmos.database('clinical').container('resources');
        await container.items.create({
          id: 'leak',
          pk: 'leak',
          encoded: Buffer.from(leak).toString('base64'),
        });
      },
    ],
    [
      'name of a blob in reports',
      async () => {
        await stack.blobs.getContainerClient('reports').uploadBlockBlob(`${MARK}.txt`, '', 0);
      },
    ],
    [
      'properties in hl7-rejected',
      async () => {
        const sender = stack.broker.createSender('hl7-rejected');
        await sender.sendMessages({ body: '', applicationProperties: { reason: leak } });
        await sender.close();
      },
    ],
    ['printed by the host', () => Promise.resolve(host?.lines.push(leak))],
    ['error of send', () => Promise.reject(new Error(leak)).catch(remember('send'))],
  ];
  for (const [, make] of places) await make();
  const { leaks } = await search();
  const found = leaks.map((each) => each.slice(0, each.indexOf(': ')));
  expect([...new Set(found)].sort()).toEqual(places.map(([place]) => place).sort());
}, 120_000);

/** An error as it would reach a log if nobody withheld it. */
const remember =
  (from: string) =>
  (error: unknown): void =>
    void said.push({
      place: `error of ${from}`,
      text: error instanceof Error ? String(error.stack) : String(error),
    });

const aroundNow = () => ({
  from: new Date(Date.now() - 3_600_000).toISOString(),
  to: new Date(Date.now() + 3_600_000).toISOString(),
  limit: 10,
});

const final = (controlId: string, count: number): Promise<unknown> =>
  until(async () => {
    const documents = await services.ingest.showMessage(controlId);
    return documents.filter(({ finishedAt }) => finishedAt).length >= count ? documents : undefined;
  });
