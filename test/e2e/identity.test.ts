import { CosmosClient } from '@azure/cosmos';
import { BlobServiceClient } from '@azure/storage-blob';
import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import type { StackInfo } from '../../local';
import { Unpacked } from '../unit/audit/evidence/bundle';
import { cleanUp, folder, json, medrelay, root, scripts, stackOf, start, type Started } from './medrelay';

const work = folder();
const dataDir = join(work, 'data');
const data = ['--data', dataDir];
const yesterday = new Date(Date.now() - 24 * 60 * 60 * 1000).toISOString();
let stack: StackInfo;
let started: Started;

beforeAll(async () => {
  started = start(scripts.start, ['--identity', '--data', 'data', '--ports', 'auto'], { cwd: work });
  await started.printed('Medrelay is ready.');
  stack = stackOf(dataDir);
});
afterAll(async () => {
  started.interrupt();
  await started.ended;
  await cleanUp();
});

test('a message from the queue ends stored and audited, with no key to broker, database, storage and vault', async () => {
  const sample = join(root, 'samples', 'good', '01-adt-a01-admission.hl7');
  const sent = await json<{ done: number }>('send', sample, '--wait', '--json', ...data);
  expect(sent.done).toBe(1);
  const { items } = await json<{ items: object[] }>('audit', 'list', '--json', ...data);
  expect(items.length).toBeGreaterThan(0);
});

test('the app seals what was recorded, under its own identity, and the command line goes on there', async () => {
  const run = await fetch(`${stack.host.url}/admin/functions/auditSealer`, {
    method: 'POST',
    headers: { 'x-functions-key': stack.functionKeys.master, 'content-type': 'application/json' },
    body: '{}',
  });
  expect(run.status).toBe(202);
  await started.printed(/audit log demo\/2\d{3}: \d+ sealed, checkpoint 1 of [1-9]/);
  const { items } = await json<{ items: { tenantId: string; seq: number }[] }>(
    ...['audit', 'seal', '--tenant', 'demo', '--json', ...data],
  );
  expect(items).toEqual([expect.objectContaining({ tenantId: 'demo', refused: 0 })]);
  expect(items[0]?.seq).toBeGreaterThan(0);
});

test('the trail proves itself, as a whole and event by event', async () => {
  const verify = () =>
    json<{ verdict: string; trails: { tenantId: string; findings: object[]; notes: string[] }[] }>(
      ...['audit', 'verify', '--json', ...data],
    );
  const demo = ({ trails }: Awaited<ReturnType<typeof verify>>) =>
    trails.find((each) => each.tenantId === 'demo');
  const first = await verify();
  expect([first.verdict, demo(first)?.findings]).toEqual(['intact', []]);
  expect(demo(first)?.notes.join()).toContain('First verification here');
  expect(demo(await verify())?.notes.join()).not.toContain('First verification here');
  const { items } = await json<{ items: { id: string }[] }>('audit', 'list', '--json', ...data);
  const proof = await medrelay(['audit', 'proof', items.at(-1)?.id ?? '', '--tenant', 'demo', ...data]);
  expect(proof.stdout).toMatch(/^c2sp\.org\/tlog-proof@v1\nindex \d+\n/);
});

interface Checked {
  verdict: string;
  trails: { counts: { eventsHashed: number; checkpoints: number }; shredded?: object; notes: string[] }[];
}

test('verification of a range and of the growth alone; who was shredded is told', async () => {
  const demo = ['--tenant', 'demo', '--json', ...data];
  const shredding = ['keys', 'shred', 'Patient/nobody', '--reason', 'test', '--yes', ...demo];
  expect(await json(...shredding)).toEqual({ subject: 'Patient/nobody', result: 'nothing sealed' });
  const ranged = await json<Checked>('audit', 'verify', '--from', yesterday, ...demo);
  expect([ranged.verdict, ranged.trails[0]?.shredded]).toEqual([
    'intact',
    { persons: 1, fields: 0, events: [] },
  ]);
  expect(ranged.trails[0]?.counts.eventsHashed).toBeGreaterThan(0);
  const before = ['--from', '2020-01-01T00:00:00Z', '--to', '2020-01-02T00:00:00Z'];
  const none = await json<Checked>('audit', 'verify', ...before, ...demo);
  expect([none.verdict, none.trails[0]?.counts.eventsHashed]).toEqual(['intact', 0]);
  const quick = await json<Checked>('audit', 'verify', '--quick', ...demo);
  expect([quick.verdict, quick.trails[0]?.notes.join()]).toEqual([
    'intact',
    expect.stringContaining('Only the signed log was looked at'),
  ]);
});

test('an auditor checks an export with one file and Node, and sees that an event was edited', async () => {
  await json('audit', 'seal', '--tenant', 'demo', '--json', ...data);
  const [bundle, proof, verifier] = ['bundle.zip', 'event.tlog-proof', 'verify.mjs'].map((name) =>
    join(work, name),
  ) as [string, string, string];
  copyFileSync(join(root, 'verifier/medrelay-verify.mjs'), verifier);
  const exported = await json<{ events: number; keys: string[]; missing: string[] }>(
    ...['audit', 'export', '--from', yesterday, '--out', bundle, '--tenant', 'demo', '--json', ...data],
  );
  expect([exported.missing, exported.events > 0]).toEqual([[], true]);
  const files = new Unpacked(readFileSync(bundle));
  const events = [...files.files.keys()].find((name) => name.startsWith('events/')) ?? '';
  const id = String(files.lines(events)[0]?.['id']);
  writeFileSync(proof, (await medrelay(['audit', 'proof', id, '--tenant', 'demo', ...data])).stdout);
  const keys = exported.keys.flatMap((key) => ['--key', key]);
  const check = () =>
    spawnSync(process.execPath, [verifier, bundle, ...keys, '--checkpoint', proof], { encoding: 'utf8' });

  const good = check();
  expect([good.stderr, good.status]).toEqual(['', 0]);
  expect(good.stdout).toMatch(/the kept checkpoint \S+ is [^]*\nverdict: INTACT\n$/);
  files.edit(events, (lines) => void Object.assign(lines[0] ?? {}, { outcome: '12' }));
  writeFileSync(bundle, files.zip());
  const edited = check();
  expect(edited.status).toBe(1);
  expect(edited.stdout).toMatch(new RegExp(`\nMODIFIED events: ${id}\nverdict: NOT INTACT\n$`));
});

test('its identity reads what was received and has no other container', async () => {
  trustStack();
  const endpoint = stack.services.blobTls?.blobEndpoint ?? '';
  const service = new BlobServiceClient(endpoint, { getToken: appToken }, { retryOptions: { maxTries: 1 } });
  const { value } = await service.getContainerClient('hl7-raw').listBlobsFlat().next();
  expect(value).toHaveProperty('name');
  const forbidden = expect.objectContaining({ statusCode: 403 }) as Error;
  await expect(service.getContainerClient('elsewhere').create()).rejects.toEqual(forbidden);
  await expect(service.listContainers().next()).rejects.toEqual(forbidden);
});

test('the app is well: it reaches every part', async () => {
  const answer = await fetch(`${stack.host.url}/api/health`);
  expect([answer.status, await answer.json()]).toMatchObject([200, { status: 'ok' }]);
});

test('its identity reads the configuration, writes an audit event and its log once and never changes or deletes them', async () => {
  trustStack();
  const client = new CosmosClient({
    endpoint: stack.cosmos.endpoint,
    aadCredentials: { getToken: appToken },
  });
  try {
    for (const name of ['tenants', 'policies'])
      await client.database('config').container(name).items.query('SELECT c.id FROM c').fetchAll();
    for (const name of ['events', 'log']) {
      const container = client.database('audit').container(name);
      const query = 'SELECT TOP 1 c.id, c.pk FROM c';
      const [first] = (await container.items.query<{ id: string; pk: string }>(query).fetchAll()).resources;
      const item = container.item(first?.id ?? '', first?.pk);
      const changed = { id: first?.id ?? '', pk: first?.pk, forged: true };
      const forbidden = expect.objectContaining({ code: 403 }) as Error;
      await expect(item.replace(changed)).rejects.toEqual(forbidden);
      await expect(item.delete()).rejects.toEqual(forbidden);
      await expect(container.items.upsert(changed)).rejects.toEqual(forbidden);
      expect((await item.read<object>()).resource).toMatchObject({ id: first?.id });
      expect((await item.read<object>()).resource).not.toHaveProperty('forged');
    }
  } finally {
    client.dispose();
  }
});

function trustStack(): void {
  setDefaultCACertificates([...getCACertificates('default'), readFileSync(stack.operator.caFile, 'utf8')]);
}

/** As the app gets it. */
async function appToken(scope: string | string[]): Promise<{ token: string; expiresOnTimestamp: number }> {
  const { principals } = JSON.parse(readFileSync(join(dataDir, 'identity', 'tenant.json'), 'utf8')) as {
    principals: { name: string; header: string }[];
  };
  const resource = String(scope).replace(/\/\.default$/, '');
  const url = `${stack.services.identity.endpoint}?api-version=2019-08-01&resource=${encodeURIComponent(resource)}`;
  const header = principals.find(({ name }) => name === 'app')?.header ?? '';
  const answer = await fetch(url, { headers: { 'x-identity-header': header } });
  const { access_token: token, expires_on: expires } = (await answer.json()) as Record<string, string>;
  return { token: token ?? '', expiresOnTimestamp: Number(expires) * 1000 };
}
