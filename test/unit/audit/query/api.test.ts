import { createAudit, createAuditApi, type AuditReader } from '../../../../src/lib/audit';
import { createWorld, event } from '../fakes';

const request = {
  path: '/api/fhir/AuditEvent',
  origin: 'https://app.example.org',
  query: new URLSearchParams('date=2026-03-05'),
};
const principal = { client: 'portal', tenants: ['north'], roles: ['audit.read' as const] };

async function apiOf(record: (outcome: string) => Promise<never> | undefined) {
  const world = createWorld();
  const audit = createAudit(world);
  await audit.record(event());
  const [document] = world.stored.values();
  const reader: AuditReader = {
    page: async () => (document ? [document] : []),
    find: async () => document,
  };
  const recorded: string[] = [];
  const api = createAuditApi({
    principals: { authenticate: async () => principal },
    reader,
    cipher: world.cipher,
    audit: {
      async record(each) {
        await record(each.outcome);
        recorded.push(`${each.type.code} ${each.outcome} ${each.tenantId}`);
        return audit.record(each);
      },
    },
    tenants: new Map([
      ['north', {}],
      ['south', {}],
    ]),
    defaultTenant: 'south',
    now: () => new Date('2026-03-06T00:00:00Z'),
  });
  return { api, recorded, id: document?.id ?? '' };
}

test('no answer leaves that could not be recorded, and no refusal either', async () => {
  const { api, id } = await apiOf(() => Promise.reject(new Error('away')));
  const asked = [
    api.searchFhir(request),
    api.listEvents(request),
    api.readFhir(request, id),
    api.searchFhir({ ...request, tenantId: 'south' }),
  ];
  for (const each of asked) await expect(each).rejects.toThrow('away');
});

test('the tenant is the one that is named, or the only one of the caller', async () => {
  const { api, recorded } = await apiOf(() => undefined);
  expect((await api.searchFhir(request)).status).toBe(200);
  expect((await api.searchFhir({ ...request, tenantId: 'south' })).status).toBe(403);
  expect((await api.searchFhir({ ...request, tenantId: 'nowhere' })).status).toBe(403);
  expect(recorded).toEqual(['110101 0 north', '110113 8 south', '110113 8 south']);
});

test("a question that is refused, and an id that is nobody's, are recorded as failed looks", async () => {
  const { api, recorded, id } = await apiOf(() => undefined);
  expect((await api.listEvents({ ...request, query: new URLSearchParams('x=1') })).status).toBe(400);
  expect((await api.readFhir(request, `${id}.9`)).status).toBe(404);
  expect((await api.readFhir(request, id)).status).toBe(200);
  expect(recorded).toEqual(['110101 4 north', '110101 4 north', '110101 0 north']);
});

test('the function key is no part of the question', async () => {
  const { api } = await apiOf(() => undefined);
  const query = new URLSearchParams('date=2026-03-05&code=the-key');
  const { status, body } = await api.searchFhir({ ...request, query });
  expect(status).toBe(200);
  expect(JSON.stringify(body)).not.toContain('the-key');
});
