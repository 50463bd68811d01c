import { MedrelayError } from '../errors';
import { TENANT_ID } from '../security';
import { isWellFormed } from './canonical';
import { eventId } from './identity';
import {
  CLASSIFICATIONS,
  FRAMEWORKS,
  type AuditAgent,
  type AuditEntity,
  type AuditEventInput,
  type Classification,
  type Coding,
  type Disclosure,
  type Framework,
} from './types';

/** What the source states: everything but its secrets, and nothing that a redelivery would state differently. */
export interface Statement {
  readonly v: 1;
  readonly id: string;
  readonly tenantId: string;
  readonly occurredAt: string;
  readonly type: Coding;
  readonly subtype?: readonly Coding[];
  readonly action: AuditEventInput['action'];
  readonly outcome: AuditEventInput['outcome'];
  readonly outcomeCode?: string;
  readonly purpose?: readonly Coding[];
  readonly agents: readonly Omit<AuditAgent, 'name'>[];
  readonly entities: readonly Omit<AuditEntity, 'query'>[];
  readonly classification?: Classification;
  readonly frameworks?: readonly Framework[];
  readonly workflow?: AuditEventInput['workflow'];
  readonly correlationId?: string;
  readonly subject?: string;
  readonly disclosure?: Omit<Disclosure, 'recipient' | 'description'>;
  readonly source: string;
  readonly ext?: Readonly<Record<string, string | number>>;
}

export interface AuditContent extends Statement {
  readonly phi?: Readonly<Record<string, string>>;
}

/** A stored event must fit the fallback queue (256 KB on the standard tier) with base64 and envelope around it. */
export const MAX_CONTENT_BYTES = 128 * 1024;
const UTC_INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,7})?Z$/;

/** Member by member: what a caller adds beyond the contract is not stored by accident. */
export function contentOf(input: AuditEventInput): AuditContent {
  if (!TENANT_ID.test(input.tenantId)) throw invalid('tenantId is not a valid tenant id');
  for (const name of ['source', 'sourceKey'] as const) {
    if (input[name] === '' || !isWellFormed(input[name]))
      throw invalid(`${name} is empty or not well-formed text`);
  }
  if (!UTC_INSTANT.test(input.occurredAt) || Number.isNaN(Date.parse(input.occurredAt))) {
    throw invalid('occurredAt is not an ISO 8601 instant in UTC, such as 2026-03-01T08:30:00Z');
  }
  if (input.agents.length === 0) throw invalid('it names no agent; FHIR AuditEvent asks for one at least');
  checkCodes(input);
  return {
    v: 1,
    id: eventId(input.tenantId, input.source, input.sourceKey),
    tenantId: input.tenantId,
    occurredAt: new Date(input.occurredAt).toISOString(),
    type: coding(input.type),
    subtype: input.subtype?.map(coding),
    action: input.action,
    outcome: input.outcome,
    outcomeCode: input.outcomeCode,
    purpose: input.purpose?.map(coding),
    // Members in the order of the canonical form, which then needs no sorting.
    agents: input.agents.map(({ network, purpose, requestor, role, type, who }) => ({
      network,
      purpose: purpose?.map(coding),
      requestor,
      role: role && coding(role),
      type: type && coding(type),
      who,
    })),
    entities: input.entities.map(({ detail, role, securityLabels, type, version, what }) => ({
      detail: detail?.map(({ type: name, value }) => ({ type: name, value })),
      role: role && coding(role),
      securityLabels: securityLabels && [...securityLabels],
      type: coding(type),
      version,
      what,
    })),
    classification: input.classification,
    frameworks: input.frameworks && [...input.frameworks],
    workflow: input.workflow && { id: input.workflow.id, step: input.workflow.step },
    correlationId: input.correlationId,
    subject: input.subject,
    disclosure: input.disclosure && {
      basis: input.disclosure.basis,
      method: input.disclosure.method,
      purpose: input.disclosure.purpose,
    },
    source: input.source,
    phi: orAbsent(phiOf(input)),
    ext: orAbsent(input.ext),
  };
}

/** A code or an opaque id; anything that could be prose, and with it a patient, has no place outside of `phi`. */
const CODE = /^[\x21-\x7e]{1,200}$/;
const PATIENT = /^Patient\/[A-Za-z0-9.-]{1,64}$/;

function checkCodes({
  classification,
  frameworks = [],
  workflow,
  correlationId,
  subject,
  disclosure,
  entities,
}: AuditEventInput): void {
  if (classification !== undefined && !CLASSIFICATIONS.includes(classification))
    throw invalid(`classification is none of ${CLASSIFICATIONS.join(', ')}`);
  if (!frameworks.every((framework) => FRAMEWORKS.includes(framework)))
    throw invalid(`frameworks holds one that is none of ${FRAMEWORKS.join(', ')}`);
  if (subject !== undefined && !PATIENT.test(subject))
    throw invalid('subject is not a reference Patient/<id>');
  const codes = {
    'workflow.id': workflow?.id,
    'workflow.step': workflow?.step,
    correlationId,
    'disclosure.basis': disclosure?.basis,
    'disclosure.purpose': disclosure?.purpose,
    'disclosure.method': disclosure?.method,
  };
  const details = entities.flatMap(({ version, detail = [] }) => [
    ['entity.version', version] as const,
    ...detail.flatMap(({ type, value }) => [
      ['entity.detail', type] as const,
      ['entity.detail', value] as const,
    ]),
  ]);
  for (const [name, code] of [...Object.entries(codes), ...details]) {
    if (code !== undefined && !CODE.test(code))
      throw invalid(`${name} is not a code or an id (1 to 200 printable ASCII characters without spaces)`);
  }
}

const OWN_PATH = /^(?:agent|entity|disclosure)\./;

/** The caller's secrets, and under fixed paths those of the members that are sealed whoever states them. */
function phiOf({ phi = {}, agents, entities, disclosure }: AuditEventInput): Record<string, string> {
  const own = Object.keys(phi).find((path) => OWN_PATH.test(path));
  if (own !== undefined)
    throw invalid(
      "phi holds a path that starts with agent., entity. or disclosure.; those are the library's own",
    );
  const fixed: [string, string | undefined][] = [
    ...agents.map(({ name }, n): [string, string | undefined] => [`agent.${n}.name`, name]),
    ...entities.map(({ query }, n): [string, string | undefined] => [`entity.${n}.query`, query]),
    ['disclosure.recipient.name', disclosure?.recipient.name],
    ['disclosure.recipient.address', disclosure?.recipient.address],
    ['disclosure.recipient.type', disclosure?.recipient.type],
    ['disclosure.description', disclosure?.description],
  ];
  const stated = fixed.filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { ...phi, ...Object.fromEntries(stated) };
}

function coding({ system, code, display }: Coding): Coding {
  return { code, display, system };
}

function orAbsent<T extends object>(record: T | undefined): T | undefined {
  return record && Object.keys(record).length > 0 ? record : undefined;
}

function invalid(why: string): MedrelayError {
  return new MedrelayError('AUDIT_EVENT_INVALID', `The audit event is not recorded: ${why}.`);
}
