import { randomUUID } from 'node:crypto';
import type { AuditEvent, Bundle, OperationOutcome, OperationOutcomeIssue } from 'fhir/r4';
import { MedrelayError } from '../../errors';
import { maySee, type Denial, type Principal, type Principals } from '../../principals';
import { safeError, type FieldCipher } from '../../security';
import { interaction, kinds, queryEntity, restKind, securityEntity } from '../codes';
import { openDocument, type AuditDocument } from '../document';
import { auditEventsOf, type Opened } from '../fhir';
import type { Audit, AuditEventInput } from '../types';
import { openCursor, sealCursor, type Continuation } from './cursor';
import { matchesOf } from './match';
import { countAll, readPage, type Hit, type Page, type Unit } from './page';
import type { AuditReader } from './ports';
import { parseQuery } from './query';

/** What the trigger has read of an HTTP request. */
export interface ApiRequest {
  /** Without a host, such as `/api/fhir/AuditEvent`. */
  readonly path: string;
  readonly origin: string;
  readonly query: URLSearchParams;
  readonly functionKey?: string;
  readonly bearer?: string;
  readonly tenantId?: string;
  readonly requestId?: string;
  /** Of the caller, as far as the network says. */
  readonly address?: string;
}

export interface ApiAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: object;
}

export interface AuditApi {
  searchFhir(request: ApiRequest): Promise<ApiAnswer>;
  readFhir(request: ApiRequest, id: string): Promise<ApiAnswer>;
  listEvents(request: ApiRequest): Promise<ApiAnswer>;
}

export interface ApiPorts {
  readonly principals: Principals;
  readonly reader: AuditReader;
  readonly cipher: FieldCipher;
  readonly audit: Pick<Audit, 'record'>;
  readonly tenants: ReadonlyMap<string, unknown>;
  readonly defaultTenant: string;
  readonly now: () => Date;
}

/** A caller who may read the trail of one tenant. */
interface Reader {
  readonly principal: Principal;
  readonly tenantId: string;
  readonly request: ApiRequest;
}

/**
 * The audit trail for those who review it. Whoever reads the log is recorded before the answer leaves (DCM 110101): an
 * answer that could not be recorded is not given. So is whoever asks and may not.
 */
export function createAuditApi(ports: ApiPorts): AuditApi {
  const { reader, cipher } = ports;

  async function search(
    by: Reader,
    unit: Unit,
  ): Promise<{ page: Page; self: string; next?: string; total?: number }> {
    const { tenantId, principal, request } = by;
    const { query, position } = await continuationOf(ports, by);
    const total = query.countOnly ? await countAll(reader, tenantId, query, unit) : undefined;
    const page = query.countOnly ? { hits: [] } : await readPage(reader, tenantId, query, unit, position);
    const link = async (continuation: Continuation): Promise<string> => {
      const cursor = await sealCursor(cipher, tenantId, principal.client, continuation, ports.now());
      return `${request.origin}${request.path}?_cursor=${cursor}`;
    };
    return {
      page,
      self: await link({ query, ...(position && { position }) }),
      ...(page.next && { next: await link({ query, position: page.next }) }),
      ...(total !== undefined && { total }),
    };
  }

  /** What the reader may see of a document, and whether it is still what was recorded. */
  async function open(
    document: AuditDocument,
    { principal }: Reader,
  ): Promise<{ opened: Opened; isModified: boolean }> {
    try {
      const { phi = {} } = await openDocument(cipher, document);
      return { opened: principal.roles.includes('audit.phi') ? phi : {}, isModified: false };
    } catch (error) {
      const { code } = safeError(error);
      // The event stays visible when its secrets are gone, and all the more when somebody changed it.
      if (code === 'AUDIT_DOCUMENT_INVALID') return { opened: {}, isModified: true };
      if (code === 'SHREDDED' || code === 'DECRYPT_FAILED' || code === 'KEY_UNKNOWN')
        return { opened: {}, isModified: code !== 'SHREDDED' };
      throw error;
    }
  }

  async function resourcesOf({ document, views }: Hit, by: Reader): Promise<AuditEvent[]> {
    const { opened, isModified } = await open(document, by);
    return auditEventsOf(document, opened)
      .filter((_, n) => views.includes(n))
      .map((event) => (isModified ? marked(event) : event));
  }

  return {
    searchFhir: (request) =>
      guarded(ports, request, 'search', async (by) => {
        const { page, self, next, total } = await search(by, 'view');
        const resources = (await Promise.all(page.hits.map((hit) => resourcesOf(hit, by)))).flat();
        const bundle: Bundle<AuditEvent> = {
          resourceType: 'Bundle',
          type: 'searchset',
          ...(total !== undefined && { total }),
          link: [
            { relation: 'self', url: self },
            ...(next === undefined ? [] : [{ relation: 'next', url: next }]),
          ],
          ...(resources.length > 0 && {
            entry: resources.map((resource) => ({
              fullUrl: `${request.origin}/api/fhir/AuditEvent/${resource.id}`,
              resource,
              search: { mode: 'match' as const },
            })),
          }),
        };
        return { status: 200, contentType: FHIR, body: bundle };
      }),

    readFhir: (request, id) =>
      guarded(ports, request, 'read', async (by) => {
        const { eventId = '', view = '0' } =
          /^(?<eventId>[a-z2-7]{32})(\.(?<view>\d{1,4}))?$/.exec(id)?.groups ?? {};
        const document = eventId === '' ? undefined : await reader.find(by.tenantId, eventId);
        const hit = document && {
          document,
          views: matchesOf(document, {}).filter((n) => n === Number(view)),
        };
        const [resource] = hit ? await resourcesOf(hit, by) : [];
        if (!resource) return failure(404, 'not-found', 'There is no audit event with this id.');
        return { status: 200, contentType: FHIR, body: resource };
      }),

    listEvents: (request) =>
      guarded(ports, request, 'search', async (by) => {
        const { page, next, total } = await search(by, 'document');
        const items = await Promise.all(
          page.hits.map(async ({ document }) => {
            const { opened, isModified } = await open(document, by);
            const shown = Object.entries(document).filter(([name]) => !KEPT_BACK.has(name));
            return {
              ...Object.fromEntries(shown),
              // Which members are sealed is no secret.
              phi: Object.fromEntries(
                Object.keys(document.phi ?? {}).map((path) => [path, opened[path] ?? null]),
              ),
              ...(isModified && { integrity: 'modified' }),
            };
          }),
        );
        const body = { items, ...(total !== undefined && { total }), ...(next !== undefined && { next }) };
        return { status: 200, contentType: 'application/json', body };
      }),
  };
}

/** Where and how it is stored, which helps nobody who reads it. */
const KEPT_BACK = new Set(['pk', 'mac', 'sourceMac', 'phi']);

const FHIR = 'application/fhir+json';

const marked = (event: AuditEvent): AuditEvent => ({
  ...event,
  meta: { ...event.meta, tag: [{ system: 'urn:medrelay:audit-integrity', code: 'modified' }] },
});

/** A question of the request's parameters, or the one that a link goes on with. */
async function continuationOf(
  { cipher, now }: ApiPorts,
  { principal, tenantId, request: { query } }: Reader,
): Promise<Continuation> {
  const params = new URLSearchParams(query);
  // The function key may come here; the host has read it.
  params.delete('code');
  const cursor = params.get('_cursor');
  if (cursor === null) return { query: parseQuery(params, now()) };
  return openCursor(cipher, tenantId, principal.client, cursor);
}

/** Lets in who may read the log, has the work done, records it and only then gives the answer. */
async function guarded(
  ports: ApiPorts,
  request: ApiRequest,
  name: 'read' | 'search',
  work: (by: Reader) => Promise<ApiAnswer>,
): Promise<ApiAnswer> {
  const principal = await ports.principals.authenticate(request);
  if ('status' in principal) return refuse(ports, request, principal);
  const tenantId = request.tenantId ?? onlyTenant(principal) ?? ports.defaultTenant;
  if (!principal.roles.includes('audit.read')) return refuse(ports, request, noRole, principal);
  // One answer for a tenant of others and for one that does not exist.
  if (!maySee(principal, tenantId) || !ports.tenants.has(tenantId))
    return refuse(ports, request, noTenant, principal);
  const by = { principal, tenantId, request };
  const answer = await work(by).catch(refusedQuery);
  await ports.audit.record(logUsed(ports, by, name, answer));
  return answer;
}

const onlyTenant = ({ tenants: [first, ...others] }: Principal): string | undefined =>
  first === '*' || others.length > 0 ? undefined : first;

function refusedQuery(error: unknown): ApiAnswer {
  if (!(error instanceof MedrelayError)) throw error;
  if (error.code === 'AUDIT_QUERY_INVALID') return failure(400, 'invalid', error.safeMessage);
  if (error.code === 'AUDIT_RANGE_TOO_LARGE') return failure(422, 'too-costly', error.safeMessage);
  throw error;
}

type Refusal = Pick<Denial, 'status' | 'message'> & { readonly code: string };
const noRole: Refusal = {
  status: 403,
  code: 'ROLE_MISSING',
  message: 'The caller has not the role audit.read.',
};
const noTenant: Refusal = {
  status: 403,
  code: 'TENANT_REFUSED',
  message: 'The caller may not see this tenant. Name one of its own in the header x-tenant-id.',
};

async function refuse(
  ports: ApiPorts,
  request: ApiRequest,
  { status, code, message }: Refusal,
  principal?: Principal,
): Promise<ApiAnswer> {
  const { tenantId = ports.defaultTenant } = request;
  await ports.audit.record({
    ...common(ports, request),
    // What is asked of a tenant that is not the caller's own is that tenant's concern.
    tenantId: ports.tenants.has(tenantId) ? tenantId : ports.defaultTenant,
    ...(status === 401 ? kinds.signIn : kinds.restrictedFunction),
    outcome: status === 401 ? '4' : '8',
    outcomeCode: code,
    agents: agentsOf(request, principal),
    entities: [securityEntity('audit-log')],
  });
  return failure(status, status === 401 ? 'login' : 'forbidden', `${code}: ${message}`);
}

function logUsed(ports: ApiPorts, by: Reader, name: 'read' | 'search', answer: ApiAnswer): AuditEventInput {
  const { request, principal, tenantId } = by;
  return {
    ...common(ports, request),
    tenantId,
    ...kinds.auditLogUsed,
    subtype: [interaction[name]],
    outcome: answer.status < 400 ? '0' : '4',
    ...(answer.status >= 400 && { outcomeCode: `HTTP_${answer.status}` }),
    agents: agentsOf(request, principal, name),
    entities: [
      securityEntity('audit-log'),
      ...(name === 'search' ? [queryEntity(questionOf(request))] : [securityEntity(request.path.slice(1))]),
    ],
  };
}

/** As it was asked, but for the key. */
function questionOf({ path, query }: ApiRequest): string {
  const params = new URLSearchParams(query);
  params.delete('code');
  return `${path}?${params.toString()}`;
}

const CODE = /^[\x21-\x7e]{1,200}$/;

const common = ({ now }: ApiPorts, { requestId }: ApiRequest) => ({
  source: 'audit-api',
  // Each request is one of its own, whatever id its caller gives it.
  sourceKey: randomUUID(),
  occurredAt: now().toISOString(),
  ...(requestId !== undefined && CODE.test(requestId) && { correlationId: requestId }),
});

function agentsOf(
  { address, origin }: ApiRequest,
  principal: Principal | undefined,
  name: 'read' | 'search' = 'read',
): AuditEventInput['agents'] {
  const { user, client = 'unknown' } = principal ?? {};
  return restKind(name, {
    client: { who: `client/${client}`, network: address ?? 'urn:medrelay:address:unknown' },
    server: { who: 'medrelay/audit-api', network: new URL(origin).hostname },
    ...(user && { user: { who: `user/${user.id}`, ...(user.name !== undefined && { name: user.name }) } }),
  }).agents;
}

function failure(status: number, code: OperationOutcomeIssue['code'], diagnostics: string): ApiAnswer {
  const body: OperationOutcome = {
    resourceType: 'OperationOutcome',
    issue: [{ severity: 'error', code, diagnostics }],
  };
  return { status, contentType: FHIR, body };
}
