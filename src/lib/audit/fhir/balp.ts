import type { AuditEvent, AuditEventAgent, AuditEventEntity, Coding as FhirCoding } from 'fhir/r4';
import {
  dcm,
  decision,
  entityType,
  interaction,
  lifecycle,
  objectRole,
  participation,
  party,
  rest,
} from '../codes';
import type { Coding } from '../types';

/**
 * IHE Basic Audit Log Patterns 1.1 (https://profiles.ihe.net/ITI/BALP, IHE/ITI.BasicAudit input/fsh): what each profile
 * asks beyond R4. A fault is named by the element of the profile that it breaks. MS (must support) asks nothing of an
 * instance.
 */
export type BalpProfile = (typeof NAMES)[number];

/** The more specific one first. */
const NAMES = [
  'PatientCreate',
  'Create',
  'PatientRead',
  'Read',
  'PatientUpdate',
  'Update',
  'PatientDelete',
  'Delete',
  'PatientQuery',
  'Query',
  'PrivacyDisclosure.Source',
  'PrivacyDisclosure.Recipient',
  'AuthZconsent',
] as const;

export const balpUrl = (name: BalpProfile): string =>
  `https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.${name}`;

/** The most specific profile that an event meets. */
export function balpProfileOf(event: AuditEvent): string | undefined {
  const name = NAMES.find((each) => balpFaults(event, each).length === 0);
  return name && balpUrl(name);
}

/** The constraints that an event breaks; none when it conforms. */
export function balpFaults(event: AuditEvent, name: BalpProfile): string[] {
  return (PROFILES.get(name) ?? []).filter(([, holds]) => !holds(event)).map(([element]) => element);
}

type Rule = readonly [element: string, holds: (event: AuditEvent) => boolean];
type AgentRule = readonly [element: string, holds: (agent: AuditEventAgent, event: AuditEvent) => boolean];
type EntityRule = readonly [element: string, holds: (entity: AuditEventEntity) => boolean];
type AgentMember = keyof AuditEventAgent;

const is = (coding: FhirCoding | undefined, { system, code }: Coding): boolean =>
  coding?.system === system && coding.code === code;
const anyOf = (coding: FhirCoding | undefined, codes: readonly Coding[]): boolean =>
  codes.some((code) => is(coding, code));

const agentsOf = (event: AuditEvent, types: readonly Coding[]): AuditEventAgent[] =>
  event.agent.filter(({ type }) => type?.coding?.some((coding) => anyOf(coding, types)));
const entitiesOf = (event: AuditEvent, type: Coding): AuditEventEntity[] =>
  (event.entity ?? []).filter((entity) => is(entity.type, type));

function agentSlice(
  name: string,
  types: readonly Coding[],
  least: 0 | 1,
  rules: readonly AgentRule[],
): Rule[] {
  const slice = (event: AuditEvent) => agentsOf(event, types);
  return [
    [`agent[${name}]`, (event) => slice(event).length <= 1 && slice(event).length >= least],
    ...rules.map(([element, holds]): Rule => {
      return [`agent[${name}].${element}`, (event) => slice(event).every((agent) => holds(agent, event))];
    }),
  ];
}

function entitySlice(
  name: string,
  type: Coding,
  [least, most]: readonly [number, number],
  rules: readonly EntityRule[],
): Rule[] {
  const slice = (event: AuditEvent) => entitiesOf(event, type);
  return [
    [`entity[${name}]`, (event) => slice(event).length <= most && slice(event).length >= least],
    ...rules.map(([element, holds]): Rule => [
      `entity[${name}].${element}`,
      (event) => slice(event).every(holds),
    ]),
  ];
}

const required = (...members: AgentMember[]): AgentRule[] =>
  members.map((member) => [member, (agent) => agent[member] !== undefined]);
const absent = (...members: AgentMember[]): AgentRule[] =>
  members.map((member) => [member, (agent) => agent[member] === undefined]);
const requestor = (value: boolean): AgentRule => ['requestor', (agent) => agent.requestor === value];
/** Invariant val-audit-source: the agent is the observer. */
const isObserver: AgentRule = [
  'val-audit-source',
  ({ who }, { source }) => who !== undefined && JSON.stringify(who) === JSON.stringify(source.observer),
];

const type = (code: Coding): Rule => ['type', (event) => is(event.type, code)];
const action = (code: AuditEvent['action']): Rule => ['action', (event) => event.action === code];
const recorded: Rule = ['recorded', (event) => event.recorded !== undefined];
const stated: Rule = ['outcome', (event) => event.outcome !== undefined];
const succeeded: Rule = ['outcome', (event) => event.outcome === '0'];
const twoAgents: Rule = ['agent', (event) => event.agent.length >= 2];
const twoEntities: Rule = ['entity', (event) => (event.entity ?? []).length >= 2];
const unmodified: Rule = ['modifierExtension', (event) => event.modifierExtension === undefined];
const oneSubtype = (name: string, codes: readonly Coding[]): Rule => [
  `subtype[${name}]`,
  (event) => (event.subtype ?? []).filter((coding) => anyOf(coding, codes)).length === 1,
];

const patient = entitySlice(
  'patient',
  entityType.person,
  [1, 1],
  [
    ['role', ({ role }) => is(role, objectRole.patient)],
    ['what', ({ what }) => /(^|\/)Patient\/[A-Za-z0-9.-]{1,64}(\/|$)/.test(what?.reference ?? '')],
  ],
);
const transaction = entitySlice(
  'transaction',
  entityType.request,
  [0, 1],
  [['what.identifier.value', ({ what }) => (what?.identifier?.value ?? '') !== '']],
);
const data = entitySlice(
  'data',
  entityType.system,
  [1, 1],
  [
    ['role', ({ role }) => anyOf(role, [objectRole.domainResource, objectRole.report, objectRole.job])],
    ['what', ({ what }) => what !== undefined],
  ],
);
const query = entitySlice(
  'query',
  entityType.system,
  [1, 1],
  [
    ['role', ({ role }) => is(role, objectRole.query)],
    ['what', ({ what }) => what === undefined],
    ['lifecycle', ({ lifecycle: stage }) => stage === undefined],
    // A primitive with an extension and no value is an element too: one that is masked keeps its place.
    ['query', (entity) => entity.query !== undefined || entity._query !== undefined],
    ['detail', ({ detail }) => detail === undefined],
  ],
);

const SOURCES = [participation.author, participation.informant, participation.custodian];
const RECIPIENT = [participation.recipient];

interface RestProfile {
  readonly subtypes: readonly [name: string, codes: readonly Coding[]];
  readonly action: AuditEvent['action'];
  readonly client: Coding;
  readonly server: Coding;
  readonly user: readonly Coding[];
  readonly about: readonly Rule[];
}

const restProfile = (profile: RestProfile): Rule[] => [
  type(rest),
  oneSubtype(...profile.subtypes),
  action(profile.action),
  recorded,
  succeeded,
  twoAgents,
  ...agentSlice('client', [profile.client], 1, [...required('who', 'network'), ...absent('media')]),
  ...agentSlice('server', [profile.server], 1, [...required('who', 'network'), ...absent('media')]),
  ...agentSlice('user', profile.user, 0, [
    ...required('who'),
    requestor(true),
    ...absent('media', 'network'),
  ]),
  ...transaction,
  ...profile.about,
];

// AllSearchVS also names search-type and search-system, which R4's restful-interaction does not have.
const SEARCHES = ['search', 'search-type', 'search-system'].map((code) => ({ ...interaction.search, code }));

const rests: Readonly<Record<'Create' | 'Read' | 'Update' | 'Delete' | 'Query', RestProfile>> = {
  Create: {
    subtypes: ['anyCreate', [interaction.create]],
    action: 'C',
    client: dcm.source,
    server: dcm.destination,
    user: SOURCES,
    about: data,
  },
  Read: {
    subtypes: ['anyRead', [interaction.read, interaction.vread]],
    action: 'R',
    client: dcm.destination,
    server: dcm.source,
    user: RECIPIENT,
    about: data,
  },
  Update: {
    subtypes: ['anyUpdate', [interaction.update, interaction.patch]],
    action: 'U',
    client: dcm.source,
    server: dcm.destination,
    user: SOURCES,
    about: data,
  },
  Delete: {
    subtypes: ['anyDelete', [interaction.delete]],
    action: 'D',
    client: dcm.application,
    server: party.custodian,
    user: SOURCES,
    about: data,
  },
  Query: {
    subtypes: ['anySearch', SEARCHES],
    action: 'E',
    client: dcm.source,
    server: dcm.destination,
    user: RECIPIENT,
    about: query,
  },
};

const disclosure = (kind: Coding, code: AuditEvent['action'], observer: 'source' | 'recipient'): Rule[] => [
  unmodified,
  type(kind),
  oneSubtype('disclosure', [lifecycle.disclose]),
  action(code),
  recorded,
  // BALP leaves the outcome open; what did not happen is no disclosure, so ours claims the profile only on success.
  succeeded,
  twoAgents,
  ...agentSlice('source', [dcm.source], 1, [
    ...required('who', 'network'),
    ...(observer === 'source' ? [isObserver] : []),
  ]),
  ...agentSlice('recipient', [dcm.destination], 1, [
    ...required('who', 'network'),
    ...(observer === 'recipient' ? [isObserver] : []),
  ]),
  twoEntities,
  ...patient,
];

/** Of a decision that denies, too: the deciding succeeded, and BALP's own example claims the profile. */
const accessDecision: Rule[] = [
  unmodified,
  type(dcm.securityAlert),
  [
    'subtype',
    ({ subtype = [] }) =>
      subtype.length >= 1 && subtype.every((coding) => anyOf(coding, [decision.byConsent, decision.byRole])),
  ],
  action('E'),
  recorded,
  stated,
  twoAgents,
  ...agentSlice('client', [dcm.application], 1, [
    ...required('who', 'network'),
    ...absent('role', 'altId', 'name', 'location', 'media', 'purposeOfUse'),
  ]),
  ...agentSlice('user', RECIPIENT, 1, [
    ...required('who'),
    requestor(true),
    ...absent('altId', 'location', 'media', 'network'),
  ]),
  ...agentSlice('userorg', [party.provider], 1, [
    ...required('who'),
    requestor(false),
    ...absent('role', 'altId', 'name', 'location', 'policy', 'media', 'network'),
  ]),
  ...agentSlice('authorizer', [party.authorizer], 1, [
    ...required('who'),
    isObserver,
    requestor(false),
    ...absent('role', 'altId', 'name', 'location', 'policy', 'media', 'network', 'purposeOfUse'),
  ]),
  twoEntities,
  ...patient,
  ...entitySlice('consent', entityType.consent, [1, Infinity], [['what', ({ what }) => what !== undefined]]),
  [
    // `token` has a type that BALP's terminology does not define; we state none.
    'entity (closed)',
    ({ entity = [] }) => entity.every((each) => anyOf(each.type, [entityType.person, entityType.consent])),
  ],
];

const PROFILES: ReadonlyMap<BalpProfile, readonly Rule[]> = new Map<BalpProfile, readonly Rule[]>([
  ...Object.entries(rests).flatMap(([name, profile]): [BalpProfile, readonly Rule[]][] => [
    [name as keyof typeof rests, restProfile(profile)],
    [`Patient${name as keyof typeof rests}`, [...restProfile(profile), ...patient]],
  ]),
  ['PrivacyDisclosure.Source', disclosure(dcm.export, 'R', 'source')],
  ['PrivacyDisclosure.Recipient', disclosure(dcm.import, 'C', 'recipient')],
  ['AuthZconsent', accessDecision],
]);
