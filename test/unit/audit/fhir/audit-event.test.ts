import fc from 'fast-check';
import type { AuditEvent } from 'fhir/r4';
import { createAudit, type AuditEventInput } from '../../../../src/lib/audit';
import * as codes from '../../../../src/lib/audit/codes';
import { auditEventsOf, balpFaults, balpUrl, type BalpProfile } from '../../../../src/lib/audit/fhir';
import { validateResource } from '../../../../src/lib/fhir';
import { createWorld, event } from '../fakes';
import { stored } from './stored';

const profileOf = ({ meta }: AuditEvent): string | undefined => meta?.profile?.[0];
const patientsOf = ({ entity = [] }: AuditEvent): (string | undefined)[] =>
  entity.filter(({ type }) => type?.code === '1').map(({ what }) => what?.reference);

const parties = {
  client: { who: 'sender|LAB|NORTH', network: 'urn:medrelay:queue:hl7-messages' },
  server: { who: 'medrelay/hl7Processor', network: 'urn:medrelay:function:hl7Processor' },
};

test('a search that found three patients is three events, each about one', async () => {
  const document = await stored({
    ...codes.restKind('search', { ...parties, user: { who: 'os-user/ann', name: 'Ann' } }),
    entities: [
      codes.queryEntity('Patient?identifier=1001'),
      ...['a', 'b', 'c'].map((id) => codes.patientEntity(`Patient/${id}`)),
    ],
  });
  const events = auditEventsOf(document, { 'entity.0.query': 'Patient?identifier=1001' });
  expect(events.map(({ id }) => id)).toEqual([document.id, `${document.id}.1`, `${document.id}.2`]);
  expect(events.map(patientsOf)).toEqual([['Patient/a'], ['Patient/b'], ['Patient/c']]);
  expect(events.map(profileOf)).toEqual(Array(3).fill(balpUrl('PatientQuery')));
  const [query] = events[1]?.entity ?? [];
  expect(Buffer.from(query?.query ?? '', 'base64').toString()).toBe('Patient?identifier=1001');
  expect(query).not.toHaveProperty('what');
});

test('what may not be shown keeps its place: a masked query still conforms', async () => {
  const document = await stored({
    ...codes.restKind('search', { ...parties, user: { who: 'os-user/ann', name: 'Ann Muster' } }),
    entities: [codes.queryEntity('Patient?identifier=1001')],
  });
  const events = auditEventsOf(document);
  expect(JSON.stringify(events)).not.toMatch(/1001|Muster|MTAwM/);
  expect(events[0]?.entity?.[0]?._query?.extension?.[0]?.valueCode).toBe('masked');
  expect(events.map(profileOf)).toEqual([balpUrl('Query')]);
  expect(events.flatMap((each) => validateResource(each))).toEqual([]);
  expect(auditEventsOf(document, { 'agent.0.name': 'Ann Muster' })[0]?.agent[0]?.name).toBe('Ann Muster');
});

test('an import that stored resources is the import, and an update for each patient', async () => {
  const update = codes.restKind('update', parties);
  const document = await stored({
    ...codes.kinds.import,
    subtype: [codes.lifecycle.transform, ...(update.subtype ?? [])],
    agents: update.agents,
    entities: [
      codes.dataEntity('message/1', 'job'),
      codes.patientEntity('Patient/a'),
      codes.patientEntity('Patient/b'),
    ],
  });
  const events = auditEventsOf(document);
  expect(events.map(({ type }) => type.code)).toEqual(['110107', 'rest', 'rest']);
  expect(events.map(profileOf)).toEqual([undefined, balpUrl('PatientUpdate'), balpUrl('PatientUpdate')]);
  expect(events.map(patientsOf)).toEqual([['Patient/a', 'Patient/b'], ['Patient/a'], ['Patient/b']]);
  expect(events.flatMap((each) => validateResource(each))).toEqual([]);
});

test.each([
  ['192.0.2.1', '2'],
  ['2001:db8::1', '2'],
  ['ward-3', '1'],
  ['https://example.org/x', '5'],
  ['urn:medrelay:queue:x', '5'],
])('the network %s is of type %s', async (network, type) => {
  const [one] = auditEventsOf(await stored({ agents: [{ who: 'x', requestor: true, network }] }));
  expect(one?.agent[0]?.network).toEqual({ address: network, type });
});

test('labels get their systems, versions their place in the reference, the request its entity', async () => {
  const [one] = auditEventsOf(
    await stored({
      entities: [
        { ...codes.dataEntity('Observation/o', 'domainResource', '7'), securityLabels: ['R', 'HIV'] },
      ],
      correlationId: 'r-1',
      workflow: { id: 'w-1', step: 'triage' },
    }),
  );
  expect(one?.entity).toMatchObject([
    {
      what: { reference: 'Observation/o/_history/7' },
      securityLabel: [
        { system: codes.systems.confidentiality, code: 'R' },
        { system: codes.systems.actCode, code: 'HIV' },
      ],
      detail: [
        { type: 'resources', valueString: '12' },
        { type: 'workflow.id', valueString: 'w-1' },
        { type: 'workflow.step', valueString: 'triage' },
      ],
    },
    { type: { code: 'XrequestId' }, what: { identifier: { value: 'r-1' } } },
  ]);
});

const token = fc.stringMatching(/^[A-Za-z0-9|/.-]{1,40}$/);
const someText = fc.string({ minLength: 1, maxLength: 40 }).filter((each) => /\S/.test(each));
const coding = fc.record(
  { system: fc.constantFrom(...Object.values(codes.systems)), code: token, display: someText },
  { requiredKeys: ['system', 'code'] },
);
const agent = fc.record(
  {
    who: token,
    requestor: fc.boolean(),
    type: coding,
    network: token,
    role: coding,
    name: someText,
    purpose: fc.array(coding, { minLength: 1, maxLength: 2 }),
  },
  { requiredKeys: ['who', 'requestor'] },
);
const entity = fc.oneof(
  fc.record(
    { type: coding, what: token, role: coding, version: fc.nat().map(String) },
    { requiredKeys: ['type', 'what'] },
  ),
  fc.uuid().map((id) => codes.patientEntity(`Patient/${id}`)),
  fc.uuid().map((id) => codes.dataEntity(`Observation/${id}`)),
  someText.map(codes.queryEntity),
);
const party = fc.record({ who: token, network: token });
const anyKind = fc.oneof(
  fc.constantFrom<codes.Kind[]>(...Object.values(codes.kinds)),
  fc
    .record({
      name: fc.constantFrom('create', 'read', 'update', 'delete', 'search'),
      client: party,
      server: party,
    })
    .map(({ name, client, server }) => codes.restKind(name as codes.Interaction, { client, server })),
);
const input: fc.Arbitrary<Partial<AuditEventInput>> = fc
  .record({
    kind: anyKind,
    outcome: fc.constantFrom('0', '4', '8', '12') as fc.Arbitrary<AuditEventInput['outcome']>,
    agents: fc.array(agent, { minLength: 1, maxLength: 4 }),
    entities: fc.array(entity, { maxLength: 5 }),
    correlationId: fc.option(token, { nil: undefined }),
    purpose: fc.option(fc.array(coding, { minLength: 1, maxLength: 2 }), { nil: undefined }),
    outcomeCode: fc.option(token, { nil: undefined }),
  })
  .map(({ kind, ...others }) => ({ ...others, ...kind }));

test('every event is one or more valid R4 AuditEvents, and one that claims a profile conforms', async () => {
  const claimed = new Set<string>();
  await fc.assert(
    fc.asyncProperty(input, async (overrides) => {
      const world = createWorld();
      await createAudit(world).record(event(overrides));
      const [document] = world.stored.values();
      if (!document) throw new Error('Nothing was recorded.');
      const events = auditEventsOf(document);
      expect(events.length).toBeGreaterThan(0);
      expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
      for (const each of events) {
        expect(validateResource(each)).toEqual([]);
        const profile = profileOf(each);
        if (profile === undefined) continue;
        claimed.add(profile);
        const name = profile.slice(balpUrl('' as BalpProfile).length) as BalpProfile;
        expect(balpFaults(each, name)).toEqual([]);
        expect(each.outcome === '0' || name === 'AuthZconsent').toBe(true);
      }
    }),
    { numRuns: 500 },
  );
  expect(claimed.size).toBeGreaterThan(3);
});
