import { app, type HttpRequest, type HttpResponseInit, type InvocationContext } from '@azure/functions';
import { safeError } from '../lib/security';
import { functionServices } from '../lib/services';

app.http('hl7Webhook', { methods: ['POST'], route: 'hl7', authLevel: 'function', handler: receiveHl7 });

async function receiveHl7(request: HttpRequest, context: InvocationContext): Promise<HttpResponseInit> {
  try {
    const bytes = new Uint8Array(await request.arrayBuffer());
    const tenant = request.headers.get('x-tenant-id') ?? undefined;
    const { status, ack } = await functionServices().ingest.receive(bytes, tenant);
    return { status, body: Buffer.from(ack, 'utf8'), headers: { 'content-type': contentType(request) } };
  } catch (error) {
    const { code, safeMessage } = safeError(error);
    context.error(`POST /api/hl7 failed: ${code}: ${safeMessage}`);
    return { status: 500, jsonBody: { code, message: safeMessage } };
  }
}

/** HL7 over HTTP (HAPI) names `x-application/hl7-v2+er7`; a person with curl asks for text. */
function contentType(request: HttpRequest): string {
  const accept = request.headers.get('accept') ?? '';
  return accept.includes('text/plain')
    ? 'text/plain; charset=utf-8'
    : 'x-application/hl7-v2+er7; charset=utf-8';
}
