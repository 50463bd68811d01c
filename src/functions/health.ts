import { app, type HttpResponseInit } from '@azure/functions';
import { functionServices } from '../lib/services';
import { checkHealth } from '../lib/health';

app.http('health', { methods: ['GET'], route: 'health', authLevel: 'anonymous', handler: health });

async function health(): Promise<HttpResponseInit> {
  const report = await checkHealth(functionServices);
  return {
    // Who is degraded still takes and keeps messages: a load balancer must not turn away from it.
    status: report.status === 'unavailable' ? 503 : 200,
    jsonBody: report,
  };
}
