import type { FhirResource } from 'fhir/r4';
import {
  createFhirStore,
  type SourceMessage,
  type Statements,
  type StoredResource,
} from '../../../src/lib/fhir';
import { MemoryContainer } from './memory-container';

const urn = (id: string): string => `urn:uuid:${id}`;

function statements(
  resources: readonly (FhirResource & { id: string })[],
  extra: Partial<Omit<Statements, 'bundle'>> = {},
): Statements {
  const entry = resources.map((resource) => ({
    fullUrl: urn(resource.id),
    resource,
    request: { method: 'PUT' as const, url: `${resource.resourceType}/${resource.id}` },
  }));
  return {
    bundle: { resourceType: 'Bundle', type: 'transaction', entry },
    deletions: [],
    mentions: [],
    ...extra,
  };
}

const message = (messageKey: string, sourceTime = '2026-03-01T10:00:00.000Z'): SourceMessage => ({
  tenantId: 'demo',
  messageKey,
  sourceTime,
});

const patient = (more: object = {}) => ({ resourceType: 'Patient' as const, id: 'p1', ...more });
const practitioner = { resourceType: 'Practitioner' as const, id: 'd1', name: [{ family: 'Stone' }] };
const observation = (value: number, id = 'o1') =>
  ({
    resourceType: 'Observation' as const,
    id,
    status: 'final' as const,
    code: { text: 'K' },
    subject: { reference: urn('p1') },
    performer: [{ reference: urn('d1') }],
    valueQuantity: { value },
  }) satisfies FhirResource;

function setUp() {
  const container = new MemoryContainer();
  return { container, store: createFhirStore(container) };
}

const current = (container: MemoryContainer, id: string): StoredResource | undefined =>
  container.all('current').find(({ resource }) => resource.id === id)?.resource;

test('a new message creates current, version and release documents with resolved references', async () => {
  const { container, store } = setUp();
  const references = await store.storeBundle(
    statements([patient(), practitioner, observation(6.8)]),
    message('m1'),
  );

  expect(references).toEqual(['Patient/p1', 'Practitioner/d1', 'Observation/o1']);
  expect(container.all('current').map(({ pk }) => pk)).toEqual([
    expect.stringMatching(/^demo\|Practitioner\|[0-9a-f]$/),
    'demo|Patient/p1',
    'demo|Patient/p1',
  ]);
  expect(container.all('version')).toHaveLength(3);
  expect(container.all('release').map(({ id, version }) => [id, version])).toEqual([
    ['Observation|o1|r|m1', 1],
  ]);
  expect(current(container, 'o1')).toMatchObject({
    subject: { reference: 'Patient/p1' },
    performer: [{ reference: 'Practitioner/d1' }],
    meta: { versionId: '1', lastUpdated: '2026-03-01T10:00:00.000Z' },
  });
  // Directory first, then all of the patient's in one batch.
  expect(container.commits).toHaveLength(2);
});

test('the same message again writes nothing', async () => {
  const { container, store } = setUp();
  const bundle = statements([patient(), practitioner, observation(6.8)]);
  await store.storeBundle(bundle, message('m1'));
  const before = container.snapshot();
  container.commits = [];
  await store.storeBundle(bundle, message('m1'));
  expect(container.snapshot()).toEqual(before);
  expect(container.commits).toEqual([]);
});

test('identical content from another message makes no version', async () => {
  const { container, store } = setUp();
  await store.storeBundle(statements([patient(), practitioner, observation(6.8)]), message('m1'));
  await store.storeBundle(
    statements([patient(), practitioner, observation(6.8)]),
    message('m2', '2026-03-01T11:00:00.000Z'),
  );
  expect(container.all('version')).toHaveLength(3);
});

test('a correction replaces the result whole and releases it again', async () => {
  const { container, store } = setUp();
  await store.storeBundle(statements([patient(), observation(6.8)]), message('m1'));
  const corrected = { ...observation(4.1), performer: undefined };
  await store.storeBundle(statements([patient(), corrected]), message('m2', '2026-03-01T10:05:00.000Z'));
  expect(current(container, 'o1')).toMatchObject({ valueQuantity: { value: 4.1 }, meta: { versionId: '2' } });
  expect(current(container, 'o1')).not.toHaveProperty('performer');
  expect(container.all('release').map(({ version }) => version)).toEqual([1, 2]);
});

test('an older message changes nothing, is kept in history and still released', async () => {
  const { container, store } = setUp();
  await store.storeBundle(
    statements([patient(), observation(4.1)]),
    message('late', '2026-03-01T12:00:00.000Z'),
  );
  await store.storeBundle(
    statements([patient(), observation(6.8)]),
    message('early', '2026-03-01T09:00:00.000Z'),
  );
  expect(current(container, 'o1')).toMatchObject({ valueQuantity: { value: 4.1 }, meta: { versionId: '1' } });
  const [kept] = container.all('version').filter(({ late }) => late);
  expect(kept).toMatchObject({ id: 'Observation|o1|v|early', version: 0 });
  expect(container.all('release').map(({ id }) => id)).toContain('Observation|o1|r|early');

  const before = container.snapshot();
  await store.storeBundle(
    statements([patient(), observation(6.8)]),
    message('early', '2026-03-01T09:00:00.000Z'),
  );
  expect(container.snapshot()).toEqual(before);
});

test('with equal source times the later arrival wins once, also when the first one comes again', async () => {
  const { container, store } = setUp();
  await store.storeBundle(statements([patient({ gender: 'male' })]), message('m1'));
  await store.storeBundle(statements([patient({ gender: 'female' })]), message('m2'));
  expect(container.all('version').find(({ id }) => id.endsWith('m2'))).toMatchObject({
    tie: true,
    version: 2,
  });
  const before = container.snapshot();
  await store.storeBundle(statements([patient({ gender: 'male' })]), message('m1'));
  expect(container.snapshot()).toEqual(before);
});

test('an update keeps what it is silent about and removes what it deletes', async () => {
  const { container, store } = setUp();
  await store.storeBundle(
    statements([
      patient({
        birthDate: '1960-01-01',
        _birthDate: { extension: [] },
        telecom: [{ value: '1' }],
        address: [{ city: 'A' }, { city: 'B' }],
        deceasedBoolean: false,
        maritalStatus: { text: 'old', coding: [{ code: 'S' }] },
      }),
    ]),
    message('m1'),
  );
  await store.storeBundle(
    statements(
      [patient({ address: [{ city: 'C' }], deceasedDateTime: '2026-03-01', maritalStatus: { text: 'new' } })],
      { deletions: [{ entry: urn('p1'), element: 'birthDate' }] },
    ),
    message('m2', '2026-03-02T10:00:00.000Z'),
  );
  expect(current(container, 'p1')).toEqual({
    meta: { versionId: '2', lastUpdated: '2026-03-02T10:00:00.000Z' },
    resourceType: 'Patient',
    id: 'p1',
    telecom: [{ value: '1' }],
    address: [{ city: 'C' }],
    deceasedDateTime: '2026-03-01',
    maritalStatus: { text: 'new' },
  });
});

test('admission and discharge meet in one encounter', async () => {
  const { container, store } = setUp();
  const encounter = (more: object) =>
    ({
      resourceType: 'Encounter' as const,
      id: 'e1',
      status: 'finished' as const,
      class: { code: 'IMP' },
      subject: { reference: urn('p1') },
      ...more,
    }) satisfies FhirResource;
  await store.storeBundle(
    statements([
      patient(),
      encounter({ period: { start: '2026-03-01' }, hospitalization: { admitSource: { text: 'x' } } }),
    ]),
    message('m1'),
  );
  await store.storeBundle(
    statements([
      patient(),
      encounter({
        period: { end: '2026-03-03' },
        hospitalization: { dischargeDisposition: { text: 'home' } },
      }),
    ]),
    message('m2', '2026-03-03T10:00:00.000Z'),
  );
  expect(current(container, 'e1')).toMatchObject({
    period: { start: '2026-03-01', end: '2026-03-03' },
    hospitalization: { admitSource: { text: 'x' }, dischargeDisposition: { text: 'home' } },
  });
});

test('a mention creates what is absent, never changes it, and gives way to any real statement', async () => {
  const { container, store } = setUp();
  const mention = { mentions: [urn('p1')] };
  await store.storeBundle(
    statements([patient({ gender: 'unknown' })], mention),
    message('m1', '2026-03-05T00:00:00.000Z'),
  );
  await store.storeBundle(
    statements([patient({ gender: 'female' })]),
    message('m2', '2026-03-01T00:00:00.000Z'),
  );
  expect(current(container, 'p1')).toMatchObject({ gender: 'female', meta: { versionId: '2' } });
  await store.storeBundle(
    statements([patient({ gender: 'male' })], mention),
    message('m3', '2026-03-06T00:00:00.000Z'),
  );
  expect(current(container, 'p1')).toMatchObject({ gender: 'female' });
});

test('1,000 observations go in batches of at most 100 operations that keep each resource whole', async () => {
  const { container, store } = setUp();
  const many = Array.from({ length: 1000 }, (_, i) => observation(i, `o${i}`));
  await store.storeBundle(statements([patient(), ...many]), message('m1'));
  expect(container.all('current')).toHaveLength(1001);
  for (const batch of container.commits) {
    expect(batch.length).toBeLessThanOrEqual(100);
    const releases = batch
      .filter(({ document }) => document.kind === 'release')
      .map(({ document }) => document.resource.id);
    const states = batch
      .filter(({ document }) => document.kind === 'current')
      .map(({ document }) => document.resource.id);
    expect(states.filter((id) => id !== 'p1')).toEqual(releases);
  }
  expect(container.reads).toBe(1);
});

test('batches stay below 2 MB, and a resource beyond it is refused before anything of the patient is written', async () => {
  const { container, store } = setUp();
  const heavy = (id: string, kilobytes: number) => ({
    ...observation(1, id),
    note: [{ text: 'x'.repeat(kilobytes * 1024) }],
  });
  await store.storeBundle(
    statements([patient(), ...['a', 'b', 'c', 'd'].map((id) => heavy(id, 400))]),
    message('m1'),
  );
  for (const batch of container.commits)
    expect(JSON.stringify(batch).length).toBeLessThanOrEqual(2 * 1024 * 1024);
  const before = container.snapshot();
  const refused = store.storeBundle(statements([patient(), heavy('z', 700)]), message('m2'));
  await expect(refused).rejects.toMatchObject({ code: 'RESOURCE_TOO_LARGE' });
  expect(container.snapshot()).toEqual(before);
});

test('another writer between read and commit is noticed and merged', async () => {
  const { container, store } = setUp();
  await store.storeBundle(statements([patient({ gender: 'male' })]), message('m1'));
  const commit = container.commit;
  let interfered = false;
  container.commit = async (pk, writes) => {
    if (!interfered) {
      interfered = true;
      container.commit = commit;
      await store.storeBundle(
        statements([patient({ birthDate: '1960-01-01' })]),
        message('m2', '2026-03-02T00:00:00.000Z'),
      );
    }
    return commit(pk, writes);
  };
  await store.storeBundle(statements([patient({ active: true })]), message('m3', '2026-03-03T00:00:00.000Z'));
  expect(current(container, 'p1')).toMatchObject({
    gender: 'male',
    birthDate: '1960-01-01',
    active: true,
    meta: { versionId: '3' },
  });
});

test('sixteen messages of one patient at once are all in, in the order of their source times', async () => {
  const { container, store } = setUp();
  await Promise.all(
    Array.from({ length: 16 }, (_, i) =>
      store.storeBundle(
        statements([patient({ multipleBirthInteger: i }), observation(i, `o${i}`)]),
        message(`m${i}`, `2026-03-01T10:${10 + i}:00.000Z`),
      ),
    ),
  );
  expect(current(container, 'p1')).toMatchObject({ multipleBirthInteger: 15 });
  expect(container.all('current')).toHaveLength(17);
  expect(container.all('version')).toHaveLength(32);
});

test('a crash after any call, before or after its effect, ends in the same documents on the next run', async () => {
  const bundle = statements([
    patient(),
    practitioner,
    ...Array.from({ length: 80 }, (_, i) => observation(i, `o${i}`)),
  ]);
  const whole = setUp();
  await whole.store.storeBundle(bundle, message('m1'));

  for (const when of ['before', 'after'] as const) {
    for (let crashAt = 1; ; crashAt++) {
      const { container, store } = setUp();
      let calls = 0;
      const crashing =
        <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
        async (...args: A): Promise<R> => {
          const isHere = ++calls === crashAt;
          if (isHere && when === 'before') throw new Error('crash');
          const result = await call(...args);
          if (isHere) throw new Error('crash');
          return result;
        };
      container.read = crashing(container.read);
      container.commit = crashing(container.commit);
      const first = await store.storeBundle(bundle, message('m1')).then(
        () => 'finished',
        () => 'crashed',
      );
      calls = Infinity;
      await store.storeBundle(bundle, message('m1'));
      expect(container.snapshot()).toEqual(whole.container.snapshot());
      if (first === 'finished') {
        expect(crashAt).toBeGreaterThan(5);
        break;
      }
    }
  }
});

test('resources are found by id and by patient', async () => {
  const { store } = setUp();
  await store.storeBundle(
    statements([patient({ identifier: [{ system: 's', value: 'MRN1' }] }), practitioner, observation(6.8)]),
    message('m1'),
  );
  expect(await store.getResource('demo', 'Practitioner', 'd1')).toMatchObject({ id: 'd1' });
  expect(await store.getResource('other', 'Practitioner', 'd1')).toBeUndefined();
  const search = (type: string, patientMrn: string) => store.searchResources('demo', { type, patientMrn });
  expect(await search('Observation', 'MRN1')).toMatchObject([{ id: 'o1' }]);
  expect(await search('Patient', 'MRN1')).toMatchObject([{ id: 'p1' }]);
  expect(await search('Observation', 'MRN2')).toEqual([]);
});
