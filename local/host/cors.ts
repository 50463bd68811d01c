import type { IncomingMessage, ServerResponse } from 'node:http';
import { HostError } from './errors';

export interface CorsSettings {
  origins: readonly string[];
  credentials: boolean;
}

/** `Host.CORS` and `Host.CORSCredentials` of local.settings.json, as `func start` reads them. */
export function corsSettings(host: Readonly<Record<string, unknown>>): CorsSettings | undefined {
  const { CORS: text, CORSCredentials: credentials = false } = host;
  if (typeof text !== 'string' || text.trim() === '') return undefined;
  const origins = text.split(',').map((origin) => origin.trim().replace(/\/$/, ''));
  if (credentials === true && origins.includes('*')) {
    throw new HostError(
      'local.settings.json: Host.CORS "*" cannot go with CORSCredentials; browsers refuse it. Name the origins.',
    );
  }
  return { origins, credentials: credentials === true };
}

/** Adds the headers that let the named origins read the answer; says whether it was a preflight and is answered. */
export function applyCors(
  cors: CorsSettings | undefined,
  req: IncomingMessage,
  res: ServerResponse,
): 'answered' | 'go on' {
  const { origin } = req.headers;
  const method = req.headers['access-control-request-method'];
  if (!cors || !origin) return 'go on';
  const isPreflight = req.method === 'OPTIONS' && method !== undefined;
  const any = cors.origins.includes('*');
  const allowed = any || cors.origins.some((each) => each.toLowerCase() === origin.toLowerCase());
  if (allowed) {
    res.setHeader('access-control-allow-origin', any ? '*' : origin);
    if (!any) res.setHeader('vary', 'Origin');
    if (cors.credentials) res.setHeader('access-control-allow-credentials', 'true');
    if (isPreflight) {
      res.setHeader('access-control-allow-methods', method);
      const headers = req.headers['access-control-request-headers'];
      if (headers) res.setHeader('access-control-allow-headers', headers);
    }
  }
  if (!isPreflight) return 'go on';
  res.writeHead(204).end();
  return 'answered';
}
