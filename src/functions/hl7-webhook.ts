import { app, type HttpRequest, type HttpResponseInit, type InvocationContext } from '@azure/functions';
import { Readable } from 'node:stream';
import { safeError } from '../lib/security';
import { functionServices } from '../lib/services';

app.http('hl7Webhook', { methods: ['POST'], route: 'hl7', authLevel: 'function', handler: receiveHl7 });

async function receiveHl7(request: HttpRequest, context: InvocationContext): Promise<HttpResponseInit> {
  try {
    const tenant = request.headers.get('x-tenant-id') ?? undefined;
    const body: AsyncIterable<Uint8Array> = request.body ?? Readable.from([]);
    const { freshConfig, ingest } = functionServices();
    await freshConfig();
    const { status, ack } = await ingest.receiveStream(body, tenant);
    // Enhanced mode: the sender may want no answer, and a 204 has no body.
    if (ack.length === 0) return { status };
    return { status, body: Readable.from(ack), headers: { 'content-type': contentType(request) } };
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
