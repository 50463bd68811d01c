import type { AuditEvent } from 'fhir/r4';
import type { AuditEventInput } from '../../../../src/lib/audit';
import {
  dataEntity,
  dcm,
  entityType,
  kinds,
  participation,
  party,
  patientEntity,
  queryEntity,
  restKind,
  type Interaction,
} from '../../../../src/lib/audit/codes';
import { auditEventsOf, balpFaults, balpUrl, type BalpProfile } from '../../../../src/lib/audit/fhir';
import { validateResource } from '../../../../src/lib/fhir';
import { stored } from './stored';

const parties = {
  client: { who: 'client/portal', network: '192.0.2.7' },
  server: { who: 'medrelay/audit-api', network: 'app.example.org' },
  user: { who: 'Practitioner/7' },
};
const patient = patientEntity('Patient/p1');
const data = dataEntity('Observation/o1', 'domainResource', '3');
const rest = (name: Interaction, entities: AuditEventInput['entities']): Partial<AuditEventInput> => ({
  ...restKind(name, parties),
  entities,
  correlationId: 'request-1',
});
const disclosed = {
  disclosure: {
    recipient: { name: 'County registry' },
    basis: '164.512(b)',
    purpose: 'PUBHLTH',
    description: 'laboratory result',
  },
  entities: [patient, dataEntity('Observation/o1')],
  source: 'registry',
};
const between = (source: string, destination: string): AuditEventInput['agents'] => [
  { type: dcm.source, who: source, requestor: false, network: 'app.example.org' },
  { type: dcm.destination, who: destination, requestor: true, network: '192.0.2.9' },
];
const decided: Partial<AuditEventInput> = {
  ...kinds.consentDecision,
  source: 'consent',
  agents: [
    { type: dcm.application, who: 'client/portal', requestor: false, network: '192.0.2.7' },
    { type: participation.recipient, who: 'Practitioner/7', requestor: true },
    { type: party.provider, who: 'Organization/1', requestor: false },
    { type: party.authorizer, who: 'medrelay/consent', requestor: false },
  ],
  entities: [patient, { type: entityType.consent, what: 'Consent/c1' }],
  correlationId: 'request-1',
};

const events: [BalpProfile, Partial<AuditEventInput>][] = [
  ['Create', rest('create', [data])],
  ['PatientCreate', rest('create', [data, patient])],
  ['Read', rest('read', [data])],
  ['PatientRead', rest('vread', [data, patient])],
  ['Update', rest('update', [data])],
  ['PatientUpdate', rest('patch', [dataEntity('message/1', 'job'), patient])],
  ['Delete', rest('delete', [data])],
  ['PatientDelete', rest('delete', [data, patient])],
  ['Query', rest('search', [queryEntity('Patient?name=x')])],
  ['PatientQuery', rest('search', [queryEntity('Patient?name=x'), patient])],
  [
    'PrivacyDisclosure.Source',
    { ...kinds.disclosureSent, agents: between('medrelay/registry', 'county'), ...disclosed },
  ],
  [
    'PrivacyDisclosure.Recipient',
    { ...kinds.disclosureReceived, agents: between('county', 'medrelay/registry'), ...disclosed },
  ],
  ['AuthZconsent', decided],
];

async function only(input: Partial<AuditEventInput>): Promise<AuditEvent> {
  const [event, ...others] = auditEventsOf(await stored(input));
  expect(others).toEqual([]);
  if (!event) throw new Error('There is none.');
  return event;
}

describe.each(events)('%s', (name, input) => {
  test('is claimed by an event that meets it, and R4 holds', async () => {
    const event = await only(input);
    expect(event.meta?.profile).toEqual([balpUrl(name)]);
    expect(balpFaults(event, name)).toEqual([]);
    expect(validateResource(event)).toEqual([]);
  });

  test('is claimed on success alone, or for a decision, which was made even where it denies', async () => {
    for (const outcome of ['4', '8', '12'] as const) {
      const event = await only({ ...input, outcome, outcomeCode: 'FAILED' });
      const isDecision = name === 'AuthZconsent';
      expect(event.meta?.profile).toEqual(isDecision ? [balpUrl(name)] : undefined);
      expect(balpFaults(event, name)).toEqual(isDecision ? [] : ['outcome']);
      expect(validateResource(event)).toEqual([]);
    }
  });

  test('is not claimed without one of its agents or entities', async () => {
    const event = await only(input);
    const required = event.agent.filter(
      ({ requestor, type }) => !requestor || type?.coding?.[0]?.system === dcm.source.system,
    );
    for (const agent of required)
      expect(balpFaults({ ...event, agent: event.agent.filter((each) => each !== agent) }, name)).not.toEqual(
        [],
      );
    for (const entity of event.entity ?? []) {
      if (entity.type?.code === entityType.request.code || name.startsWith('PrivacyDisclosure')) continue;
      const fewer = { ...event, entity: (event.entity ?? []).filter((each) => each !== entity) };
      expect(balpFaults(fewer, name)).not.toEqual([]);
    }
  });
});

/** What one change to a conforming event breaks, by the element of the profile. */
type Change = (event: AuditEvent) => AuditEvent;
const agentOf =
  (system: string, code: string, change: object): Change =>
  (event) => ({
    ...event,
    agent: event.agent.map((agent) =>
      agent.type?.coding?.some((each) => each.system === system && each.code === code)
        ? { ...agent, ...change }
        : agent,
    ),
  });
const entityOf =
  (code: string, change: object): Change =>
  (event) => ({
    ...event,
    entity: (event.entity ?? []).map((each) => (each.type?.code === code ? { ...each, ...change } : each)),
  });
const twice =
  (code: string): Change =>
  (event) => ({
    ...event,
    entity: (event.entity ?? []).flatMap((each) => (each.type?.code === code ? [each, each] : [each])),
  });
const none = undefined;

test.each<[BalpProfile, string, Change]>([
  ['PatientRead', 'type', (event) => ({ ...event, type: dcm.export })],
  ['PatientRead', 'subtype[anyRead]', (event) => ({ ...event, subtype: [] })],
  ['PatientRead', 'action', (event) => ({ ...event, action: 'E' })],
  ['PatientRead', 'agent[client].who', agentOf(dcm.source.system, '110152', { who: none })],
  ['PatientRead', 'agent[client].network', agentOf(dcm.source.system, '110152', { network: none })],
  [
    'PatientRead',
    'agent[server].media',
    agentOf(dcm.source.system, '110153', { media: dcm.destinationMedia }),
  ],
  [
    'PatientRead',
    'agent[user].requestor',
    agentOf(participation.recipient.system, 'IRCP', { requestor: false }),
  ],
  [
    'PatientRead',
    'agent[user].network',
    agentOf(participation.recipient.system, 'IRCP', { network: { address: 'x' } }),
  ],
  ['PatientRead', 'entity[data]', twice('2')],
  ['PatientRead', 'entity[data].role', entityOf('2', { role: { system: 'x', code: '13' } })],
  ['PatientRead', 'entity[data].what', entityOf('2', { what: none })],
  ['PatientRead', 'entity[patient]', twice('1')],
  ['PatientRead', 'entity[patient].role', entityOf('1', { role: none })],
  ['PatientRead', 'entity[patient].what', entityOf('1', { what: { reference: 'Group/1' } })],
  ['PatientRead', 'entity[transaction]', twice('XrequestId')],
  ['PatientRead', 'entity[transaction].what.identifier.value', entityOf('XrequestId', { what: none })],
  ['PatientQuery', 'entity[query].what', entityOf('2', { what: { reference: 'Patient/1' } })],
  ['PatientQuery', 'entity[query].detail', entityOf('2', { detail: [{ type: 'a', valueString: 'b' }] })],
  ['PatientQuery', 'entity[query].query', entityOf('2', { query: none, _query: none })],
  ['PatientQuery', 'entity[query].lifecycle', entityOf('2', { lifecycle: { code: '6' } })],
  [
    'PrivacyDisclosure.Source',
    'agent[source].val-audit-source',
    agentOf(dcm.source.system, '110153', { who: { display: 'another' } }),
  ],
  ['PrivacyDisclosure.Source', 'subtype[disclosure]', (event) => ({ ...event, subtype: none })],
  ['PrivacyDisclosure.Source', 'modifierExtension', (event) => ({ ...event, modifierExtension: [] })],
  [
    'AuthZconsent',
    'entity (closed)',
    (event) => ({ ...event, entity: [...(event.entity ?? []), { what: {} }] }),
  ],
  ['AuthZconsent', 'subtype', (event) => ({ ...event, subtype: [dcm.login] })],
])('%s without its %s is a fault by that name', async (name, element, change) => {
  const input = events.find(([each]) => each === name)?.[1] ?? {};
  expect(balpFaults(change(await only(input)), name)).toContain(element);
});
