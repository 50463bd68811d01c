import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import type { AuditEvent, Bundle, OperationOutcome } from 'fhir/r4';
import {
  dataEntity,
  patientEntity,
  queryEntity,
  restKind,
  type AuditDocument,
  type AuditEventInput,
} from '../../../src/lib/audit';
import { validateBundle, validateResource } from '../../../src/lib/fhir';
import { appFolder, buildLocal, root, runHost, until, type TestHost } from '../host/support';
import { startStack, type Stack } from '../ingest/stack';

const built = buildLocal({ worker: 'local/host/worker/main.ts' });
const app = appFolder({
  'host.json': readFileSync(join(root, 'host.json'), 'utf8'),
  'package.json': JSON.stringify({ name: 'app', main: 'app.js' }),
});
const config = mkdtempSync(join(tmpdir(), 'medrelay-config-'));
const signing = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const keys = { portal: 'portal-key-of-the-test', lab: 'lab-key-of-the-test', blind: 'blind-key-of-the-test' };
let issuer: Server;
let stack: Stack;
let host: TestHost;

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const DAYS = ['2026-03-01', '2026-03-02', '2026-03-05'];

/** Nine events of two tenants: reads, searches and one failure, each day one of each. */
function events(tenantId: string): AuditEventInput[] {
  const parties = {
    client: { who: 'client/ward', network: '192.0.2.4' },
    server: { who: 'medrelay/test', network: 'server.example.org' },
    user: { who: 'user/ann', name: 'Ann Canary' },
  };
  return DAYS.flatMap((day, n) => {
    const at = (hour: number): string => `${day}T0${hour}:00:00.000Z`;
    const common = { tenantId, source: 'test', outcome: '0' as const };
    const patients = ['p1', 'p2', 'p3'].map((id) => patientEntity(`Patient/${id}`));
    return [
      {
        ...common,
        ...restKind('read', parties),
        sourceKey: `read ${n}`,
        occurredAt: at(1),
        entities: [dataEntity(`Observation/o${n}`), patientEntity('Patient/p1')],
      },
      {
        ...common,
        ...restKind('search', { ...parties, user: { who: 'user/bob' } }),
        sourceKey: `search ${n}`,
        occurredAt: at(2),
        entities: [queryEntity('Patient?identifier=CANARY-1001'), ...patients],
      },
      {
        ...common,
        ...restKind('read', parties),
        sourceKey: `failed ${n}`,
        occurredAt: at(3),
        outcome: '4' as const,
        outcomeCode: 'RESOURCE_NOT_FOUND',
        entities: [dataEntity(`Observation/gone${n}`)],
      },
    ];
  });
}

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
  issuer = createServer((_, answer) => {
    const jwk = { ...signing.publicKey.export({ format: 'jwk' }), alg: 'ES256', kid: 'k' };
    answer.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [jwk] }));
  });
  await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve));
  cpSync(join(root, 'config'), config, { recursive: true });
  mkdirSync(join(config, 'principals'), { recursive: true });
  const principals = {
    portal: {
      kind: 'client',
      name: 'portal',
      keySha256: [sha256(keys.portal)],
      tenants: ['*'],
      roles: ['audit.read', 'audit.phi'],
    },
    lab: {
      kind: 'client',
      name: 'lab',
      keySha256: [sha256(keys.lab)],
      tenants: ['northside'],
      roles: ['audit.read'],
    },
    blind: {
      kind: 'client',
      name: 'blind',
      keySha256: [sha256(keys.blind)],
      tenants: ['demo'],
      roles: ['audit.phi'],
    },
    people: {
      kind: 'issuer',
      issuer: 'https://login.test/',
      audience: 'medrelay',
      jwksUri: `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/`,
      tenants: ['*'],
      roles: ['audit.read'],
    },
  };
  for (const [name, content] of Object.entries(principals))
    writeFileSync(join(config, 'principals', `${name}.json`), JSON.stringify(content));
  stack = await startStack('host');
  host = await runHost(join(built.dir, 'worker.js'), {
    appDir: app.dir,
    env: { ...stack.settings, MEDRELAY_CONFIG_DIR: config },
  });
  for (const [name, value] of Object.entries(keys)) {
    const headers = { 'x-functions-key': 'master-key', 'content-type': 'application/json' };
    await host.call(`/admin/host/functionkeys/${name}`, {
      method: 'PUT',
      headers,
      body: JSON.stringify({ name, value }),
    });
  }
  for (const event of [...events('demo'), ...events('northside').slice(0, 2)])
    await stack.services.audit.record(event);
}, 120_000);

afterAll(async () => {
  await host?.stop();
  await stack?.stop();
  issuer?.close();
  app.remove();
  built.remove();
  rmSync(config, { recursive: true, force: true });
}, 60_000);

interface Asked {
  readonly key?: string;
  readonly headers?: Record<string, string>;
}
async function get<T>(path: string, { key = keys.portal, headers = {} }: Asked = {}) {
  const response = await host.call(path, {
    headers: { 'x-functions-key': key, 'x-tenant-id': 'demo', ...headers },
  });
  const text = await response.text();
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    text,
    body: JSON.parse(text || '{}') as T,
  };
}
const resourcesOf = ({ entry = [] }: Bundle<AuditEvent>): AuditEvent[] =>
  entry.flatMap(({ resource }) => (resource ? [resource] : []));
const linkOf = ({ link = [] }: Bundle, relation: string): string | undefined =>
  link.find((each) => each.relation === relation)?.url;
const pathOf = (url: string): string => url.replace(/^https?:\/\/[^/]+/, '');
const march = 'date=ge2026-03-01&date=lt2026-03-07';
/** What the API itself recorded, newest first. */
const used = async (outcome: string): Promise<AuditDocument[]> => {
  const from = new Date(Date.now() - 3_600_000).toISOString();
  const to = new Date(Date.now() + 60_000).toISOString();
  const all = await stack.services.listAudit('demo', { from, to, limit: 500 });
  return all.filter((each) => each.source === 'audit-api' && each.outcome === outcome);
};

test('a search is a valid searchset, one AuditEvent for each patient, newest first', async () => {
  const { status, type, body } = await get<Bundle<AuditEvent>>(`/api/fhir/AuditEvent?${march}`);
  expect([status, type]).toEqual([200, 'application/fhir+json']);
  expect(validateBundle(body)).toEqual([]);
  const found = resourcesOf(body);
  expect(found).toHaveLength(3 * (1 + 3 + 1));
  const times = found.map(({ recorded }) => recorded);
  expect(times).toEqual([...times].sort().reverse());
  const claims = found.map(({ meta }) => meta?.profile?.[0]?.split('.').at(-1) ?? 'none');
  expect(claims.slice(0, 5)).toEqual(['none', 'PatientQuery', 'PatientQuery', 'PatientQuery', 'PatientRead']);
});

test.each<[string, number]>([
  ['patient=Patient/p1', 6],
  ['patient=p2', 3],
  ['agent=user/ann', 6],
  ['agent=user/bob,user/nobody', 9],
  ['action=E', 9],
  ['type=rest', 15],
  ['type=http://terminology.hl7.org/CodeSystem/audit-event-type|rest', 15],
  ['type=110107', 0],
  ['subtype=search', 9],
  ['outcome=4', 3],
  ['entity=Observation/o1', 1],
  ['patient=Patient/p1&subtype=read&date=2026-03-02', 1],
  ['date=gt2026-03-02', 5],
  ['date=le2026-03-01', 5],
  ['date=2026-03', 15],
])('?%s finds %d', async (question, expected) => {
  const dates = question.includes('date=') ? `date=ge2026-02-27&date=lt2026-03-08&` : `${march}&`;
  const { body } = await get<Bundle<AuditEvent>>(`/api/fhir/AuditEvent?${dates}${question}`);
  expect(resourcesOf(body)).toHaveLength(expected);
  const { body: counted } = await get<Bundle>(`/api/fhir/AuditEvent?${dates}${question}&_summary=count`);
  expect(counted).toMatchObject({ total: expected });
});

test.each([
  ['_sort=date', 1],
  ['_sort=-date', 2],
  ['_sort=agent', 4],
  ['_sort=-outcome', 7],
])('pages of %s with %d each hold every event once, and their links name nothing', async (sort, count) => {
  const whole = await get<Bundle<AuditEvent>>(`/api/fhir/AuditEvent?${march}&${sort}`);
  const found: (string | undefined)[] = [];
  let path: string | undefined =
    `/api/fhir/AuditEvent?${march}&${sort}&_count=${count}&agent=user/ann,user/bob`;
  while (path !== undefined) {
    const { body, text }: Awaited<ReturnType<typeof get<Bundle<AuditEvent>>>> = await get(path);
    expect(resourcesOf(body).length).toBeLessThanOrEqual(count);
    found.push(...resourcesOf(body).map(({ id }) => id));
    expect(text).not.toMatch(/cursor=[^"]*(user|2026|date)/);
    const next: string | undefined = linkOf(body, 'next');
    path = next && pathOf(next);
  }
  expect(found).toEqual(resourcesOf(whole.body).map(({ id }) => id));
  const self = await get<Bundle<AuditEvent>>(pathOf(linkOf(whole.body, 'self') ?? ''));
  expect(resourcesOf(self.body)).toEqual(resourcesOf(whole.body));
});

test('one event is read by its id, another tenant does not see it', async () => {
  const { body } = await get<Bundle<AuditEvent>>(`/api/fhir/AuditEvent?${march}&subtype=search&_count=3`);
  for (const resource of resourcesOf(body)) {
    const one = await get<AuditEvent>(`/api/fhir/AuditEvent/${resource.id}`);
    expect(one.body).toEqual(resource);
    expect(validateResource(one.body)).toEqual([]);
    const other = await get<OperationOutcome>(`/api/fhir/AuditEvent/${resource.id}`, {
      headers: { 'x-tenant-id': 'northside' },
    });
    expect([other.status, other.body.issue[0]?.code]).toEqual([404, 'not-found']);
  }
  expect((await get(`/api/fhir/AuditEvent/${'a'.repeat(32)}`)).status).toBe(404);
  expect((await get('/api/fhir/AuditEvent/nonsense')).status).toBe(404);
});

test('sealed members are shown to whom they may be shown', async () => {
  const seen = await get<Bundle<AuditEvent>>(`/api/fhir/AuditEvent?${march}&subtype=search&_count=1`);
  const query = resourcesOf(seen.body)[0]?.entity?.find((each) => each.query)?.query ?? '';
  expect(Buffer.from(query, 'base64').toString()).toBe('Patient?identifier=CANARY-1001');
  expect((await get(`/api/fhir/AuditEvent?${march}`)).text).toContain('Ann Canary');
  const options = { key: keys.lab, headers: { 'x-tenant-id': 'northside' } };
  const masked = await get<Bundle<AuditEvent>>(`/api/fhir/AuditEvent?${march}`, options);
  expect(resourcesOf(masked.body)).toHaveLength(4);
  expect(masked.text).toContain('masked');
  expect(masked.text).not.toMatch(/Canary|CANARY|Q0FOQVJZ/);
  expect(validateBundle(masked.body)).toEqual([]);
});

test('plain JSON has the same filters, pages and any order', async () => {
  interface List {
    readonly items: readonly (AuditDocument & { phi: Record<string, string | null> })[];
    readonly next?: string;
  }
  const all = await get<List>(`/api/audit/events?${march}&_sort=entity`);
  expect(all.body.items.map(({ entities }) => entities[0]?.what)).toEqual(
    all.body.items.map(({ entities }) => entities[0]?.what).sort(),
  );
  expect(all.body.items).toHaveLength(9);
  expect(all.body.items.find(({ subtype }) => subtype?.[0]?.code === 'search')?.phi).toEqual({
    'entity.0.query': 'Patient?identifier=CANARY-1001',
  });
  const first = await get<List>(`/api/audit/events?${march}&_sort=-outcome&_count=4`);
  const second = await get<List>(pathOf(first.body.next ?? ''));
  const third = await get<List>(pathOf(second.body.next ?? ''));
  const ids = [first, second, third].flatMap(({ body }) => body.items.map(({ id }) => id));
  expect([ids.length, new Set(ids).size]).toEqual([9, 9]);
  expect(first.body.items.map(({ outcome }) => outcome)).toEqual(['4', '4', '4', '0']);
});

test.each([
  'name=Muster',
  'date=yesterday',
  '_sort=phi',
  '_count=0',
  'patient=a&patient=b',
  '_cursor=abc',
  'type:not=rest',
])('?%s is refused, with an outcome that quotes no value', async (question) => {
  const { status, body, text } = await get<OperationOutcome>(`/api/fhir/AuditEvent?${question}`);
  expect([status, body.issue[0]?.code]).toEqual([400, 'invalid']);
  expect(text).not.toMatch(/Muster|yesterday/);
});

test('a link belongs to its client and tenant', async () => {
  const { body } = await get<Bundle>(`/api/fhir/AuditEvent?${march}&_count=1`);
  const next = pathOf(linkOf(body, 'next') ?? '');
  const stolen = [{ key: 'function-key' }, { headers: { 'x-tenant-id': 'northside' } }];
  for (const asked of stolen) expect((await get(next, asked)).status).toBe(400);
});

test('reading the log is in the log, with the question sealed', async () => {
  const before = (await used('0')).length;
  await get(`/api/fhir/AuditEvent?${march}&patient=p3`, { headers: { 'x-request-id': 'req-77' } });
  const [last, ...others] = await used('0');
  expect(others).toHaveLength(before);
  expect(last).toMatchObject({
    type: { code: '110101' },
    action: 'R',
    correlationId: 'req-77',
    agents: [{ who: 'client/portal', requestor: true }, { who: 'medrelay/audit-api' }],
    entities: [{ role: { code: '13' } }, { role: { code: '24' } }],
  });
  expect(JSON.stringify(last)).not.toContain('p3');
});

test('who may not read is told so and recorded', async () => {
  const cases: [Asked, number, string][] = [
    [{ key: keys.blind }, 403, 'ROLE_MISSING'],
    [{ key: keys.lab }, 403, 'TENANT_REFUSED'],
    [{ headers: { 'x-tenant-id': 'nowhere' } }, 403, 'TENANT_REFUSED'],
    [{ headers: { authorization: 'Bearer nonsense' } }, 401, 'TOKEN_INVALID'],
  ];
  for (const [asked, status, code] of cases) {
    const { body, ...answer } = await get<OperationOutcome>('/api/fhir/AuditEvent', asked);
    expect([answer.status, body.issue[0]?.diagnostics?.split(':')[0]]).toEqual([status, code]);
  }
  expect((await host.call('/api/fhir/AuditEvent')).status).toBe(401);
  const denials = [...(await used('8')), ...(await used('4'))].map(
    ({ subtype, outcomeCode }) => `${subtype?.[0]?.code} ${outcomeCode}`,
  );
  expect(denials).toEqual(
    expect.arrayContaining(['110132 ROLE_MISSING', '110132 TENANT_REFUSED', '110122 TOKEN_INVALID']),
  );
});

test('a person signs in with a token and sees the tenants that it names', async () => {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = {
    ...{ iss: 'https://login.test/', aud: 'medrelay', sub: 'u-9', azp: 'review' },
    ...{ tenants: ['demo'], roles: ['audit.read'], exp: Math.floor(Date.now() / 1000) + 600 },
  };
  const body = `${encode({ alg: 'ES256', kid: 'k' })}.${encode(claims)}`;
  const signature = sign('sha256', Buffer.from(body), { key: signing.privateKey, dsaEncoding: 'ieee-p1363' });
  const authorization = `Bearer ${body}.${signature.toString('base64url')}`;
  const found = await get<Bundle<AuditEvent>>(`/api/fhir/AuditEvent?${march}`, {
    headers: { authorization },
  });
  expect([found.status, resourcesOf(found.body).length]).toEqual([200, 15]);
  expect(found.text).not.toContain('Canary');
  expect((await used('0'))[0]?.agents[0]).toMatchObject({ who: 'user/u-9', requestor: true });
  const other = await get('/api/fhir/AuditEvent', { headers: { authorization, 'x-tenant-id': 'northside' } });
  expect(other.status).toBe(403);
});

test('the parameters may come as a form', async () => {
  const headers = {
    ...{ 'x-functions-key': keys.portal, 'x-tenant-id': 'demo' },
    'content-type': 'application/x-www-form-urlencoded',
  };
  const body = `${march}&patient=p2`;
  const response = await host.call('/api/fhir/AuditEvent/_search', { method: 'POST', headers, body });
  expect(resourcesOf((await response.json()) as Bundle<AuditEvent>)).toHaveLength(3);
});

test('what somebody changed in the store is shown as changed', async () => {
  const container = stack.cosmos.database('audit').container('events');
  const query = "SELECT * FROM c WHERE c.tenantId = 'demo' AND c.entities[0].what = 'Observation/o2'";
  const { resources } = await container.items.query<AuditDocument>(query).fetchAll();
  const [original] = resources;
  if (!original) throw new Error('It is not there.');
  await container.item(original.id, original.pk).replace({ ...original, action: 'D' });
  const { body } = await get<AuditEvent>(`/api/fhir/AuditEvent/${original.id}`);
  expect(body.meta?.tag).toMatchObject([{ code: 'modified' }]);
  await container.item(original.id, original.pk).replace({ ...original });
});

test('the change feed fills the lists by patient, user and day, and they can be rebuilt', async () => {
  const { projections } = stack.services;
  const ofAnn = () => projections.list('northside', 'user', 'user/ann', 100);
  const ofBob = () => projections.list('northside', 'user', 'user/bob', 100);
  await until(async () => ((await ofAnn()).length === 1 && (await ofBob()).length === 1 ? true : undefined));
  const day = await projections.list('northside', 'day', '20260301', 100);
  expect(day.map(({ subtype }) => subtype?.[0]?.code)).toEqual(['search', 'read']);
  const before = await projections.list('northside', 'patient', 'Patient/p1', 100);
  expect(before).toMatchObject([{ who: 'user/bob' }, { who: 'user/ann' }]);
  const lines = stack.cosmos.database('audit').container('projections');
  for (const { id, pk } of before) await lines.item(id, pk).delete();
  expect(await projections.rebuild('northside', '2026-03-01T00:00:00Z', '2026-03-02T00:00:00Z')).toEqual({
    projected: 2,
  });
  const after = await projections.list('northside', 'patient', 'Patient/p1', 100);
  expect(after.map(({ event }) => event)).toEqual(before.map(({ event }) => event));
});

test('no line that the host printed holds a value of an event, or a key', () => {
  expect(host.lines.join('\n')).not.toMatch(/CANARY|Canary|Patient\/p|-key-of-the-test/);
});
