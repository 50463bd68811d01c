import { eventName } from '../../../src/lib/audit';
import { createTenantDirectory, versionId, type ConfigStore, type Tenant } from '../../../src/lib/tenants';
import { contentOf } from '../../../src/lib/audit/content';
import { event } from '../audit/fakes';

const senders = [{ application: '*', facility: '*' }];
const seed: Tenant = { id: 'north', name: 'North', senders };
const version = (pk: string, n: number, value: unknown) => ({ pk, id: versionId(n), value });

function setUp(residency?: string) {
  let now = 0;
  const stored = { 'config/tenants': [] as unknown[], 'config/policies': [] as unknown[] };
  let isAway = false;
  let reads = 0;
  const store: ConfigStore = {
    read: async (container) => {
      reads++;
      if (isAway) throw new Error('away');
      return stored[container];
    },
  };
  const directory = createTenantDirectory({
    seeds: { tenants: new Map([[seed.id, seed]]), presets: [] },
    store,
    residency,
    now: () => now,
  });
  return {
    directory,
    stored,
    pass: async (ms: number) => {
      now += ms;
      await directory.fresh();
      // The refresh goes on behind the call that began it.
      await new Promise(setImmediate);
    },
    goAway: (away: boolean) => (isAway = away),
    reads: () => reads,
  };
}
const names = ({ tenants }: { tenants: ReadonlyMap<string, Tenant> }): string[] =>
  [...tenants.values()].map(({ name }) => name);

it('works from the files while the database is away or empty', async () => {
  const { directory, goAway, pass } = setUp();
  goAway(true);
  await directory.fresh();
  expect([names(directory), directory.isCurrent()]).toEqual([['North'], true]);
  await pass(10_000);
  expect([names(directory), directory.isCurrent()]).toEqual([['North'], false]);
  goAway(false);
  await pass(10_000);
  expect([names(directory), directory.isCurrent()]).toEqual([['North'], true]);
});

it('takes the newest good version, keeps it while the database is away, and asks once a minute', async () => {
  const { directory, stored, goAway, pass, reads } = setUp();
  stored['config/tenants'] = [
    version('north', 2, { ...seed, name: 'North 2' }),
    version('north', 1, { ...seed, name: 'North 1' }),
    version('north', 3, { ...seed, senders: 'nobody' }),
    version('south', 1, { ...seed, id: 'south', name: 'South' }),
    'nonsense',
  ];
  await directory.fresh();
  expect(names(directory)).toEqual(['North 2', 'South']);
  for (let i = 0; i < 5; i++) await directory.fresh();
  expect(reads()).toBe(2);
  goAway(true);
  await pass(60_000);
  expect([names(directory), reads()]).toEqual([['North 2', 'South'], 4]);
  goAway(false);
  stored['config/tenants'] = [version('north', 4, { ...seed, name: 'North 4' })];
  await pass(10_000);
  expect(names(directory)).toEqual(['North 4']);
});

it('does not take a version for another tenant than it is stored for', async () => {
  const { directory, stored } = setUp();
  stored['config/tenants'] = [version('south', 1, { ...seed, name: 'Not north' })];
  await directory.fresh();
  expect(names(directory)).toEqual(['North']);
});

it('knows no tenant whose data may not be here', async () => {
  const { directory, stored } = setUp('us');
  stored['config/tenants'] = [
    version('eu-clinic', 1, { ...seed, id: 'eu-clinic', name: 'EU', residency: 'eu' }),
    version('us-clinic', 1, { ...seed, id: 'us-clinic', name: 'US', residency: 'us' }),
  ];
  await directory.fresh();
  expect(names(directory)).toEqual(['North', 'US']);
});

it("gives a tenant its preset, with the tenant's own event types and classifications before it", async () => {
  const { directory, stored, pass } = setUp();
  const content = contentOf(event());
  expect(eventName(content)).toBe('import');
  const apply = (tenantId: string) => directory.presetOf(tenantId)(content, content.occurredAt).note;
  expect(apply('north')).toMatchObject({ name: 'healthcare-default', filled: { classification: 'PHI' } });
  expect(apply('nobody')).toMatchObject({ name: 'healthcare-default' });
  const own = {
    name: 'own',
    version: '7',
    allowed: ['import'],
    classification: [{ events: ['*'], is: 'PII' }],
    frameworks: [],
    purpose: [],
    requirements: [],
    sharedPrincipals: [],
    failClosed: [],
  };
  stored['config/policies'] = [version('own', 1, own)];
  const audit = {
    preset: 'own',
    allowed: ['fhir.*'],
    classification: [{ events: ['imp*'], is: 'Financial' }],
  };
  stored['config/tenants'] = [version('north', 1, { ...seed, audit })];
  await pass(60_000);
  await pass(60_000);
  expect(apply('north')).toMatchObject({
    name: 'own',
    version: '7',
    filled: { classification: 'Financial' },
    flags: ['type-not-allowed'],
  });
});
