/**
 * A page for people at `/local` of its own port: what is in the stack right now. It is the only part that shows
 * documents and messages, so that it answers to this machine alone: the Host header must be a loopback name (a page of
 * another site that resolves to 127.0.0.1 is refused), no other origin may read it, and what changes something needs
 * the token that only the page itself has. Keys stay in this process.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { containers, documents } from './documents';
import { functions, orchestration, orchestrations, runNow } from './functions';
import { Depths, peek } from './queues';
import { fetchJson, PageError, readStackFile, type StackFile } from './stack-file';

export interface PageOptions {
  /** 0 takes a free one. */
  port: number;
  /** Where stack.json is. */
  dataDir: string;
}

export interface Page {
  readonly port: number;
  readonly url: string;
  stop(): Promise<void>;
}

const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};
const FILES: Readonly<Record<string, [file: string, type: string]>> = {
  '/local': ['index.html', 'text/html; charset=utf-8'],
  '/local/page.js': ['page.js', 'text/javascript; charset=utf-8'],
  '/local/page.css': ['page.css', 'text/css; charset=utf-8'],
};

export async function startPage({ port, dataDir }: PageOptions): Promise<Page> {
  const token = randomBytes(32).toString('base64url');
  const stack = (): StackFile => readStackFile(dataDir);
  const depths = new Depths(stack);
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      const { status, message } =
        error instanceof PageError ? error : new PageError(500, 'The page could not gather this.');
      send(response, status, { message });
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const actual = (server.address() as AddressInfo).port;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { host, origin, 'sec-fetch-site': site } = request.headers;
    const names = [`127.0.0.1:${actual}`, `localhost:${actual}`];
    if (!names.includes(host ?? '')) throw new PageError(403, 'This page is for this machine alone.');
    const isOwn = origin === undefined || names.some((name) => origin === `http://${name}`);
    if (!isOwn || (site !== undefined && site !== 'same-origin' && site !== 'none')) {
      // A link may lead here; what is behind the page is for the page.
      const isVisit = request.headers['sec-fetch-mode'] === 'navigate' && request.method === 'GET';
      if (!isVisit) throw new PageError(403, 'Other sites may not use this page.');
    }
    const url = new URL(request.url ?? '/', 'http://localhost');
    const path = url.pathname.replace(/(?<=.)\/$/, '');
    if (path === '/') return void response.writeHead(302, { ...HEADERS, location: '/local' }).end();
    const file = FILES[path];
    if (file && request.method === 'GET') return sendFile(response, ...file);
    const isRun = path === '/local/api/run';
    if (request.method !== (isRun ? 'POST' : 'GET'))
      throw new PageError(405, 'This is not how to ask for it.');
    if (isRun && !isToken(request.headers['x-local-token']))
      throw new PageError(403, 'The token of the page is missing.');
    send(response, 200, await data(path, (name) => url.searchParams.get(name) ?? ''));
  }

  function data(path: string, parameter: (name: string) => string): Promise<unknown> {
    switch (path) {
      case '/local/api/stack': {
        const { startedAt, appDir, host } = stack();
        return Promise.resolve({ startedAt, appDir, host: host.url });
      }
      case '/local/api/queues':
        return depths.queues();
      case '/local/api/messages':
        return peek(stack(), parameter('path'), parameter('deadLetter') === 'true');
      case '/local/api/containers':
        return containers(stack());
      case '/local/api/documents':
        return documents(stack(), parameter('database'), parameter('container'));
      case '/local/api/functions':
        return functions(stack());
      case '/local/api/run':
        return runNow(stack(), parameter('name'));
      case '/local/api/orchestrations':
        return orchestrations(stack());
      case '/local/api/orchestration':
        return orchestration(stack(), parameter('id'));
      case '/local/api/received':
        return received(stack(), parameter('kind'));
      default:
        throw new PageError(404, 'There is nothing here.');
    }
  }

  function sendFile(response: ServerResponse, name: string, type: string): void {
    const text = readFileSync(join(__dirname, 'assets', name), 'utf8').replace('{{token}}', token);
    response.writeHead(200, { ...HEADERS, 'content-type': type }).end(text);
  }

  function isToken(given: string | string[] | undefined): boolean {
    const [a, b] = [Buffer.from(String(given)), Buffer.from(token)];
    return a.length === b.length && timingSafeEqual(a, b);
  }

  return {
    port: actual,
    url: `http://127.0.0.1:${actual}/local`,
    async stop() {
      depths.stop();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function received({ services }: StackFile, kind: string): Promise<unknown> {
  const port = kind === 'payer' ? services.payer?.port : services.sinks?.port;
  if (port === undefined) throw new PageError(404, 'Nothing receives this here.');
  return fetchJson(
    'The sinks',
    `http://127.0.0.1:${port}/_received?kind=${encodeURIComponent(kind)}&limit=50`,
  );
}

function send(response: ServerResponse, status: number, body: unknown): void {
  if (response.headersSent) return void response.destroy();
  response
    .writeHead(status, { ...HEADERS, 'content-type': 'application/json; charset=utf-8' })
    .end(JSON.stringify(body ?? {}));
}
