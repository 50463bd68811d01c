import { app, type HttpResponseInit } from '@azure/functions';
import { functionServices } from '../lib/services';
import { checkHealth } from '../lib/health';

app.http('health', { methods: ['GET'], route: 'health', authLevel: 'anonymous', handler: health });

async function health(): Promise<HttpResponseInit> {
  const report = await checkHealth(functionServices);
  return { status: report.status === 'ok' ? 200 : 503, jsonBody: report };
}
