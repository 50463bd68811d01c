import { randomUUID } from 'node:crypto';
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { payloadData } from './bindings/expressions';
import type { HttpSettings } from './host-json';
import type { HostedFunction, Invoker } from './invoker';
import type { AuthLevel, KeyStore } from './keys';
import type { HttpCookie, HttpData, InvocationResponse, TypedData } from './protocol';
import type { Route } from './routes';
import { semaphore } from './semaphore';

export interface HttpFunction extends HostedFunction {
  methods: readonly string[];
  route: Route;
  authLevel: AuthLevel;
  disabled: boolean;
}

/** ASP.NET's limit in Azure Functions. */
const MAX_BODY_BYTES = 104_857_600;
const REASON = 'This function was programmatically called via the host APIs.';

/** Answers requests to HTTP functions as the Functions host does: 404, 401, 204 and 500 all have an empty body. */
export function httpFunctionHandler(
  functions: readonly HttpFunction[],
  settings: HttpSettings,
  keys: KeyStore,
  invoker: Invoker,
  httpUri: () => Promise<string | undefined>,
  log: (line: string) => void,
): (req: IncomingMessage, res: ServerResponse) => Promise<void> {
  const ordered = [...functions].sort((a, b) => compare(a.route.precedence, b.route.precedence));
  const slots = semaphore(settings.maxConcurrent);
  let outstanding = 0;

  return async (req, res) => {
    const url = new URL(req.url ?? '/', 'http://localhost');
    const path = withoutPrefix(url.pathname, settings.routePrefix);
    const found = path === undefined ? undefined : select(ordered, req.method ?? 'GET', path);
    if (!found || found.fn.disabled) return end(res, 404);
    const { authLevel, name } = found.fn;
    if (!keys.authorised(authLevel, req.headers, url.searchParams, name)) return end(res, 401);
    if (outstanding >= settings.maxOutstanding) return end(res, 429);
    outstanding += 1;
    const release = await slots();
    try {
      await serve(req, res, url, found);
    } finally {
      release();
      outstanding -= 1;
    }
  };

  async function serve(req: IncomingMessage, res: ServerResponse, url: URL, found: Found): Promise<void> {
    const stream = await httpUri().catch(() => undefined);
    if (stream) return forward(req, res, stream, found, invoker);

    const body = await readBody(req, log);
    if (body === 'too large') return end(res, 413);
    const http = requestData(req, url, found.params, body);
    let response: InvocationResponse;
    try {
      response = await invoker.run(found.fn, {
        input: { http },
        reason: REASON,
        bindingData: { ...payloadData(body?.toString('utf8')), ...addressData(req, url, found.params) },
      });
    } catch {
      return end(res, 500);
    }
    answer(res, response.returnValue);
  }
}

interface Found {
  fn: HttpFunction;
  params: Record<string, string>;
}

/** Route parameters, `{Query.x}` and `{Headers.x}` for binding expressions. */
const addressData = (
  req: IncomingMessage,
  url: URL,
  params: Record<string, string>,
): Record<string, unknown> => ({
  Query: Object.fromEntries(url.searchParams),
  Headers: headersOf(req),
  ...params,
});

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function withoutPrefix(path: string, prefix: string): string | undefined {
  if (prefix === '') return path;
  const head = `/${prefix}`;
  if (path.toLowerCase() === head.toLowerCase()) return '';
  return path.toLowerCase().startsWith(`${head.toLowerCase()}/`) ? path.slice(head.length + 1) : undefined;
}

function select(functions: readonly HttpFunction[], method: string, path: string): Found | undefined {
  for (const fn of functions) {
    if (!fn.methods.includes(method)) continue;
    const params = fn.route.match(path);
    if (params) return { fn, params };
  }
  return undefined;
}

function end(res: ServerResponse, status: number): void {
  res.writeHead(status).end();
}

/**
 * The host gives a function the body only of requests that announce a length; a chunked request reaches it without
 * one, so a program that works here also works in Azure.
 */
async function readBody(
  req: IncomingMessage,
  log: (line: string) => void,
): Promise<Buffer | undefined | 'too large'> {
  const length = Number(req.headers['content-length'] ?? 0);
  if (length > MAX_BODY_BYTES) return 'too large';
  if (!length) {
    if (req.headers['transfer-encoding']) {
      log(
        'A request without Content-Length reached the function without its body, as in Azure; send a Content-Length.',
      );
    }
    req.resume();
    return undefined;
  }
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Repeated query values and headers arrive joined by a comma; headers without a value are left out. */
function requestData(
  req: IncomingMessage,
  url: URL,
  params: Record<string, string>,
  body: Buffer | undefined,
): HttpData {
  const query: Record<string, string> = {};
  for (const [name, value] of url.searchParams) {
    query[name] = query[name] === undefined ? value : `${query[name]},${value}`;
  }
  return {
    method: req.method ?? 'GET',
    url: `http://${req.headers.host ?? 'localhost'}${req.url ?? '/'}`,
    nullableHeaders: nullable(headersOf(req)),
    nullableQuery: nullable(query),
    nullableParams: nullable(params),
    ...(body ? { body: { bytes: body } } : {}),
  };
}

function headersOf(req: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(req.headers).flatMap(([name, value]): [string, string][] => {
      const text = Array.isArray(value) ? value.join(',') : value;
      return text ? [[name, text]] : [];
    }),
  );
}

const nullable = (values: Record<string, string>): Record<string, { value: string }> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value }]));

function answer(res: ServerResponse, value: TypedData | null | undefined): void {
  if (!value) return end(res, 204);
  if (!value.http) {
    const body = bytesOf(value);
    res.writeHead(200, { 'content-length': body.length }).end(body);
    return;
  }
  const { http } = value;
  const status = Number(http.statusCode ?? 200);
  const body = bytesOf(http.body);
  for (const [name, header] of Object.entries(http.headers ?? {})) res.setHeader(name, header);
  const cookies = (http.cookies ?? []).map(setCookie);
  if (cookies.length) res.setHeader('set-cookie', cookies);
  const bodiless = status === 204 || status === 304 || (status >= 100 && status < 200);
  if (!bodiless) res.setHeader('content-length', body.length);
  res.writeHead(status).end(bodiless ? undefined : body);
}

function bytesOf(data: TypedData | null | undefined): Buffer {
  if (!data) return Buffer.alloc(0);
  if (data.bytes) return Buffer.from(data.bytes);
  return Buffer.from(data.string ?? data.json ?? String(data.int ?? data.double ?? ''));
}

/** RFC 6265 section 4.1; `none` is the protocol's word for "no SameSite attribute". */
function setCookie(cookie: HttpCookie): string {
  const parts = [`${cookie.name ?? ''}=${encodeURIComponent(cookie.value ?? '')}`];
  if (cookie.maxAge?.value !== undefined) parts.push(`Max-Age=${Math.trunc(cookie.maxAge.value)}`);
  if (cookie.domain?.value) parts.push(`Domain=${cookie.domain.value}`);
  if (cookie.path?.value) parts.push(`Path=${cookie.path.value}`);
  if (cookie.expires?.value?.seconds !== undefined) {
    parts.push(`Expires=${new Date(cookie.expires.value.seconds * 1000).toUTCString()}`);
  }
  if (cookie.httpOnly?.value) parts.push('HttpOnly');
  if (cookie.secure?.value) parts.push('Secure');
  if (cookie.sameSite && cookie.sameSite !== 'none') {
    parts.push(`SameSite=${{ lax: 'Lax', strict: 'Strict', explicitNone: 'None' }[cookie.sameSite]}`);
  }
  return parts.join('; ');
}

/** After success with nothing on the wire the handler returned undefined; the answer itself is already in flight. */
const STREAM_ANSWER_GRACE_MS = 250;

/**
 * HTTP streams (`app.setup({ enableHttpStream: true })`): request and response bodies go to a server inside the
 * worker, while the invocation itself goes the usual way. Both halves run at once and meet by the invocation id.
 */
async function forward(
  req: IncomingMessage,
  res: ServerResponse,
  target: string,
  { fn, params }: Found,
  invoker: Invoker,
): Promise<void> {
  const invocationId = randomUUID();
  const metadata: Record<string, TypedData> = { Headers: { json: JSON.stringify(headersOf(req)) } };
  for (const [name, value] of Object.entries(params)) metadata[name] = { string: value };

  const proxied = httpRequest(new URL(req.url ?? '/', target), {
    method: req.method,
    headers: {
      ...req.headers,
      'x-ms-invocation-id': invocationId,
      'x-forwarded-host': req.headers.host ?? 'localhost',
      'x-forwarded-proto': 'http',
    },
  });
  const responded = new Promise<void>((resolve) => {
    proxied.once('response', (reply) => {
      const headers = { ...reply.headers };
      delete headers.connection;
      delete headers['x-ms-invocation-id'];
      res.writeHead(reply.statusCode ?? 200, headers);
      reply.pipe(res).once('close', resolve);
    });
  });
  proxied.once('error', () => (res.headersSent ? res.destroy() : end(res, 500)));
  req.pipe(proxied);

  try {
    const url = new URL(req.url ?? '/', 'http://localhost');
    const event = {
      input: { http: {} },
      metadata,
      reason: REASON,
      bindingData: addressData(req, url, params),
    };
    await invoker.run(fn, event, undefined, invocationId);
  } catch {
    if (!res.headersSent) end(res, 500);
    proxied.destroy();
    return;
  }
  const grace = new Promise<void>((resolve) => setTimeout(resolve, STREAM_ANSWER_GRACE_MS));
  await Promise.race([responded, grace]);
  if (!res.headersSent) {
    end(res, 204);
    proxied.destroy();
  }
}
