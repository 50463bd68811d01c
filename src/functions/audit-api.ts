import { app, type HttpRequest, type HttpResponseInit, type InvocationContext } from '@azure/functions';
import type { ApiAnswer, ApiRequest, AuditApi } from '../lib/audit';
import { safeError } from '../lib/security';
import { functionServices } from '../lib/services';

// The host checks the key; which client uses it, and which person, src/lib/principals says.
const guarded = { authLevel: 'function' } as const;

app.http('auditEventSearch', {
  ...guarded,
  methods: ['GET'],
  route: 'fhir/AuditEvent',
  handler: (request, context) =>
    answer(request, context, async (api, asked) => api.searchFhir(asked(request.query))),
});

// http://hl7.org/fhir/R4/http.html#search: the parameters as a form, so that no URL holds them.
app.http('auditEventSearchByPost', {
  ...guarded,
  methods: ['POST'],
  route: 'fhir/AuditEvent/_search',
  handler: (request, context) =>
    answer(request, context, async (api, asked) =>
      api.searchFhir(asked(new URLSearchParams(await request.text()))),
    ),
});

app.http('auditEventRead', {
  ...guarded,
  methods: ['GET'],
  route: 'fhir/AuditEvent/{id}',
  handler: (request, context) =>
    answer(request, context, async (api, asked) =>
      api.readFhir(asked(request.query), request.params['id'] ?? ''),
    ),
});

app.http('auditEvents', {
  ...guarded,
  methods: ['GET'],
  route: 'audit/events',
  handler: (request, context) =>
    answer(request, context, async (api, asked) => api.listEvents(asked(request.query))),
});

async function answer(
  request: HttpRequest,
  context: InvocationContext,
  work: (api: AuditApi, asked: (params: URLSearchParams) => ApiRequest) => Promise<ApiAnswer>,
): Promise<HttpResponseInit> {
  try {
    const services = functionServices();
    await services.freshConfig();
    const { status, contentType, body } = await work(services.auditApi, (params) =>
      requestOf(request, params),
    );
    const headers = { 'content-type': contentType, 'cache-control': 'no-store' };
    return { status, headers, body: JSON.stringify(body) };
  } catch (error) {
    const { code, safeMessage } = safeError(error);
    context.error(`audit API failed: ${code}: ${safeMessage}`);
    const issue = [{ severity: 'error', code: 'transient', diagnostics: `${code}: ${safeMessage}` }];
    return {
      status: 503,
      headers: { 'content-type': 'application/fhir+json' },
      body: JSON.stringify({ resourceType: 'OperationOutcome', issue }),
    };
  }
}

function requestOf({ headers, url }: HttpRequest, query: URLSearchParams): ApiRequest {
  const header = (name: string): string | undefined => headers.get(name) ?? undefined;
  const { pathname, host, protocol, searchParams } = new URL(url);
  const functionKey = header('x-functions-key') ?? searchParams.get('code') ?? undefined;
  const bearer = /^Bearer (?<token>\S+)$/i.exec(header('authorization') ?? '')?.groups?.['token'];
  const address = addressOf(header('x-forwarded-for'));
  const tenantId = header('x-tenant-id');
  const requestId = header('x-request-id');
  // Azure's front end and the host put the public name there.
  const origin = `${header('x-forwarded-proto') ?? protocol.slice(0, -1)}://${header('x-forwarded-host') ?? host}`;
  return {
    path: pathname.replace(/\/_search$/, ''),
    origin: /^https?:/.test(origin) && URL.canParse(origin) ? origin : `${protocol}//${host}`,
    query,
    ...(functionKey !== undefined && { functionKey }),
    ...(bearer !== undefined && { bearer }),
    ...(tenantId !== undefined && { tenantId }),
    ...(requestId !== undefined && { requestId }),
    ...(address !== undefined && { address }),
  };
}

/** The last hop is the one that Azure's front end saw; what stands before it, the caller may have made up. */
function addressOf(forwarded: string | undefined): string | undefined {
  const last = forwarded?.split(',').at(-1)?.trim();
  return last?.replace(/^\[(.*)\](:\d+)?$/, '$1').replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1') || undefined;
}
