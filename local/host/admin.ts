import { randomUUID } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { hostname } from 'node:os';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { authorised, type HostKeys } from './keys';
import type { HostedFunctionInfo } from './host';

export interface AdminTarget {
  hostId: string;
  functions: readonly HostedFunctionInfo[];
  /** Starts a run by hand and says whether that function can be run so. */
  runNow(name: string, input: string): boolean;
  drain(): void;
  drainStatus(): {
    state: 'Disabled' | 'InProgress' | 'Completed';
    outstandingInvocations: number;
    outstandingRetries: number;
  };
  resume(): Promise<void>;
}

const HOST_VERSION = '4.1052.200';
const instanceId = randomUUID();

/** The part of the Functions admin API that developers and deployments use; all but ping needs the master key. */
export function adminHandler(
  target: AdminTarget,
  keys: HostKeys,
): (req: IncomingMessage, res: ServerResponse, url: URL) => Promise<void> {
  return async (req, res, url) => {
    const route = `${req.method ?? 'GET'} ${url.pathname.replace(/\/+$/, '').toLowerCase()}`;
    if (route === 'GET /admin/host/ping' || route === 'POST /admin/host/ping') return reply(res, 200);
    if (!authorised('admin', req.headers, url.searchParams, keys)) return reply(res, 401);
    switch (route) {
      case 'GET /admin/host/status':
        return reply(res, 200, {
          id: target.hostId,
          state: 'Running',
          version: HOST_VERSION,
          versionDetails: 'local',
          instanceId,
          computerName: hostname(),
          processUptime: Math.round(process.uptime() * 1000),
        });
      case 'POST /admin/host/drain':
        target.drain();
        return reply(res, 202);
      case 'GET /admin/host/drain/status':
        return reply(res, 200, target.drainStatus());
      case 'POST /admin/host/resume':
        await target.resume();
        return reply(res, 200, { state: 'Running' });
      case 'GET /admin/functions':
        return reply(res, 200, target.functions.map(describe));
    }
    const name = /^(?:GET|POST) \/admin\/functions\/([^/]+)$/.exec(route)?.[1];
    const fn = target.functions.find((candidate) => candidate.name.toLowerCase() === name);
    if (!fn) return reply(res, 404);
    if (req.method === 'GET') return reply(res, 200, describe(fn));
    const input = inputOf(await text(req));
    if (input === undefined) return reply(res, 400, { message: 'The body must be JSON: {"input": "text"}.' });
    if (!target.runNow(fn.name, input)) {
      return reply(res, 400, {
        message: `${fn.name} cannot be run by hand: HTTP functions are called at their URL, disabled ones not at all.`,
      });
    }
    return reply(res, 202);
  };
}

function describe(fn: HostedFunctionInfo): object {
  return {
    name: fn.name,
    language: 'node',
    isDisabled: fn.disabled,
    config: { bindings: fn.bindings },
    ...(fn.url ? { invoke_url_template: fn.url } : {}),
  };
}

function inputOf(body: string): string | undefined {
  try {
    const { input } = JSON.parse(body) as { input?: unknown };
    if (input === undefined || input === null) return '';
    return typeof input === 'string' ? input : JSON.stringify(input);
  } catch {
    return undefined;
  }
}

function reply(res: ServerResponse, status: number, body?: unknown): void {
  if (body === undefined) res.writeHead(status).end();
  else res.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
}
