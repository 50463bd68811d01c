import { randomUUID } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { hostname } from 'node:os';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { KeyScope, KeyStore } from './keys';
import type { HostedFunctionInfo, Runtime } from './runtime';

const HOST_VERSION = '4.1052.200';
const instanceId = randomUUID();

type Handler = (
  runtime: Runtime,
  req: IncomingMessage,
  res: ServerResponse,
  url: URL,
) => Promise<void> | void;

/** The part of the Functions admin API that developers and deployments use; all but ping needs the master key. */
export function adminHandler(keys: KeyStore, restart: (why: string) => void): Handler {
  return async (runtime, req, res, url) => {
    const path = url.pathname.replace(/\/+$/, '');
    const route = `${req.method ?? 'GET'} ${path.toLowerCase()}`;
    if (route === 'GET /admin/host/ping' || route === 'POST /admin/host/ping') return reply(res, 200);
    if (!keys.authorised('admin', req.headers, url.searchParams)) return reply(res, 401);
    switch (route) {
      case 'GET /admin/host/status':
        return reply(res, 200, {
          id: runtime.hostId,
          state: 'Running',
          version: HOST_VERSION,
          versionDetails: 'local',
          instanceId,
          computerName: hostname(),
          processUptime: Math.round(process.uptime() * 1000),
        });
      case 'POST /admin/host/drain':
        void runtime.drain();
        return reply(res, 202);
      case 'GET /admin/host/drain/status':
        return reply(res, 200, runtime.drainStatus());
      case 'POST /admin/host/resume':
        await runtime.resume();
        return reply(res, 200, { state: 'Running' });
      case 'POST /admin/host/restart':
        restart('A restart was asked for');
        return reply(res, 202);
      // Azure has Application Insights for this.
      case 'GET /admin/_local/runs':
        return reply(res, 200, runtime.runs());
      case 'GET /admin/functions':
        return reply(res, 200, runtime.functions.map(describe));
    }
    const asked = /^\/admin\/functions\/([^/]+)(?:\/(keys|status)(?:\/([^/]+))?)?$/i.exec(path);
    const fn = asked && functionNamed(runtime, asked[1] ?? '');
    const what = asked?.[2]?.toLowerCase();
    if (fn && what === 'keys') return keysReply(keys, { function: fn.name }, asked?.[3], req, res);
    const host = /^\/admin\/host\/(keys|functionkeys|systemkeys)(?:\/([^/]+))?$/i.exec(path);
    if (host) {
      const scope = host[1]?.toLowerCase() === 'systemkeys' ? 'system' : 'host';
      return keysReply(keys, scope, host[2], req, res);
    }
    if (!fn || asked?.[3]) return reply(res, 404);
    if (req.method === 'GET') return reply(res, 200, what === 'status' ? {} : describe(fn));
    if (req.method !== 'POST' || what) return reply(res, 405);
    const input = inputOf(await text(req));
    if (input === undefined) return reply(res, 400, { message: 'The body must be JSON: {"input": "text"}.' });
    if (!runtime.runNow(fn.name, input)) {
      return reply(res, 400, {
        message: `${fn.name} cannot be run by hand: HTTP functions are called at their URL, disabled ones not at all.`,
      });
    }
    return reply(res, 202);
  };
}

const functionNamed = (runtime: Runtime, name: string): HostedFunctionInfo | undefined =>
  runtime.functions.find((candidate) => candidate.name.toLowerCase() === name.toLowerCase());

/** GET lists or reads, POST makes a new value, PUT sets one, DELETE removes: 201 for a new key, 204 for a removed one. */
async function keysReply(
  keys: KeyStore,
  scope: KeyScope,
  name: string | undefined,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const list = keys.list(scope);
  if (name === undefined) {
    if (req.method !== 'GET') return reply(res, 405);
    return reply(res, 200, {
      keys: Object.entries(list).map(([key, value]) => ({ name: key, value })),
      links: [{ rel: 'self', href: req.url }],
    });
  }
  switch (req.method) {
    case 'GET':
      return list[name] === undefined ? reply(res, 404) : reply(res, 200, { name, value: list[name] });
    case 'POST': {
      const { value, isNew } = keys.set(scope, name);
      return reply(res, isNew ? 201 : 200, { name, value });
    }
    case 'PUT': {
      const given = valueOf(await text(req));
      if (!given) return reply(res, 400, { message: 'The body must be JSON: {"name": "…", "value": "…"}.' });
      const { value, isNew } = keys.set(scope, name, given);
      return reply(res, isNew ? 201 : 200, { name, value });
    }
    case 'DELETE':
      return reply(res, keys.remove(scope, name) ? 204 : 404);
    default:
      return reply(res, 405);
  }
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

function valueOf(body: string): string | undefined {
  try {
    const { value } = JSON.parse(body) as { value?: unknown };
    return typeof value === 'string' && value !== '' ? value : undefined;
  } catch {
    return undefined;
  }
}

function reply(res: ServerResponse, status: number, body?: unknown): void {
  if (body === undefined) res.writeHead(status).end();
  else res.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
}
