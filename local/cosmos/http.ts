import { randomUUID } from 'node:crypto';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import type { Identities } from './access';
import { authorizer } from './auth';
import type { Catalog } from './catalog';
import type { Container } from './container';
import { badRequest, CosmosError } from './errors';
import { faultFor, noFaults, parseFaults } from './faults';
import { tooLarge } from './operations';
import { NeedsPlan } from './query';
import type { Range } from './ranges';
import type { Reply, Request } from './reply';
import { isObject } from './sql/value';

const maxBodyBytes = 16 * 1024 * 1024;

interface Options {
  key: string;
  identities: Identities | undefined;
  /** Where clients come with tokens, which nobody may read on the way. */
  tls: { cert: Buffer; key: Buffer } | undefined;
  catalog: Catalog;
  route: (request: Request, endpoint: string) => Reply;
}

/** HTTP around the router: body, authorization, faults, durability before the answer, common headers. */
export function createHttpServer({ key, identities, tls, catalog, route }: Options): Server {
  const authorize = authorizer(key, identities);
  let faults = noFaults;

  // Longer than any client keeps an idle connection, so that none is closed under a request.
  const keepAliveTimeout = 120_000;
  const listener = (incoming: IncomingMessage, response: ServerResponse): void => {
    answer(incoming).then(
      (reply) => {
        if (reply === 'lost') incoming.socket.destroy();
        else send(response, reply);
      },
      (error: unknown) => send(response, failure(error)),
    );
  };
  return tls
    ? createTlsServer({ ...tls, keepAliveTimeout }, listener)
    : createServer({ keepAliveTimeout }, listener);

  async function answer(incoming: IncomingMessage): Promise<Reply | 'lost'> {
    const { method = 'GET', headers } = incoming;
    const text = hasBody(headers) ? await read(incoming) : nothing;
    const path = segments(incoming.url ?? '/');
    if (path[0] === '_local') return control(method, path, headers['x-local-key'], text);
    const date = String(headers['x-ms-date'] ?? headers.date ?? '');
    const caller = authorize(method, path, headers.authorization, date);
    const isAboutItems = path[4] === 'docs';
    if (isAboutItems) await meetFaults();
    const request = { method, path, headers, body: parseBody(text), bytes: text.length, caller };
    let reply: Reply | undefined;
    let problem: unknown;
    try {
      reply = route(request, `${tls ? 'https' : 'http'}://${headers.host ?? 'localhost'}/`);
    } catch (error) {
      problem = error;
    }
    // Also for reads and refusals: they may be about what another request has just changed.
    await catalog.commits.settled();
    if (isAboutItems && Math.random() < faults.lost) {
      countFault();
      return 'lost';
    }
    if (reply === undefined) throw problem;
    return reply;
  }

  async function meetFaults(): Promise<void> {
    if (faults.latencyMs > 0) await delay(faults.latencyMs);
    const fault = faultFor(faults, Math.random(), Math.random());
    if (fault === undefined) return;
    countFault();
    throw fault;
  }

  function countFault(): void {
    if (faults.times > 0) faults = faults.times === 1 ? noFaults : { ...faults, times: faults.times - 1 };
  }

  function control(method: string, path: string[], given: unknown, text: Buffer): Reply {
    if (given !== key) throw new CosmosError(401, 'The header x-local-key must hold the account key.');
    switch (path[1]) {
      case 'faults':
        if (method === 'POST') faults = parseFaults(parseBody(text));
        return { status: 200, body: JSON.stringify(faults) };
      case 'split':
        return split(parseBody(text));
      case 'sweep':
        catalog.sweep();
        return { status: 200, body: '{}' };
      default:
        throw badRequest('The local endpoint only knows /_local/faults, /_local/split and /_local/sweep.');
    }
  }

  /** Makes two physical partitions of one, the first where none is named. */
  function split(body: unknown): Reply {
    const { database, container, range } = (isObject(body) ? body : {}) as Record<string, string | undefined>;
    const { state } = catalog.container(database, container);
    state.split(range ?? state.ranges[0]?.id ?? '');
    return { status: 200, body: JSON.stringify(state.ranges) };
  }

  function failure(error: unknown): Reply {
    const known = error instanceof CosmosError ? error : unexpected(error);
    return {
      status: known.status,
      body: JSON.stringify({
        code: known.code,
        message: known.message,
        ...(known instanceof NeedsPlan && { additionalErrorInfo: 'The query plan says how.' }),
      }),
      headers: {
        ...(known.substatus !== undefined && { 'x-ms-substatus': String(known.substatus) }),
        ...((known.status === 429 || known.status === 449) && {
          'x-ms-retry-after-ms': String(faults.retryAfterMs),
        }),
      },
    };
  }
}

/** Names and places only: an error's message may quote what a client sent. */
function unexpected(error: unknown): CosmosError {
  if (error instanceof RangeError) return badRequest('The request is nested too deeply.');
  const name = error instanceof Error ? error.name : 'unknown';
  const places =
    error instanceof Error ? error.stack?.split('\n').filter((line) => /^\s+at /.test(line)) : [];
  process.stderr.write(`cosmos: a request failed unexpectedly: ${[name, ...(places ?? [])].join('\n')}\n`);
  return new CosmosError(500, `The local endpoint failed: ${name}.`);
}

const nothing = Buffer.alloc(0);
const hasBody = (headers: IncomingHttpHeaders) =>
  headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;

/** By events: an async iterator over the request costs as much as all the rest of reading it. */
function read(incoming: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    incoming.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= maxBodyBytes) chunks.push(chunk);
    });
    incoming.on('end', () => {
      // Read to the end in any case: a client that is still sending does not see an answer.
      if (bytes > maxBodyBytes) reject(tooLarge());
      else resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks));
    });
    incoming.on('close', () => {
      if (!incoming.complete) reject(badRequest('The request was cut off before its end.'));
    });
  });
}

function parseBody(text: Buffer): unknown {
  if (text.length === 0) return undefined;
  try {
    return JSON.parse(text.toString());
  } catch {
    throw badRequest('The body is not valid JSON.');
  }
}

function segments(url: string): string[] {
  const [path = ''] = url.split('?', 1);
  try {
    return path.split('/').filter(Boolean).map(decodeURIComponent);
  } catch {
    throw badRequest('The URL is not valid percent-encoding.');
  }
}

function send(response: ServerResponse, { status, body, headers, container, ranges }: Reply): void {
  if (response.destroyed) return;
  response.writeHead(status, {
    'content-type': 'application/json',
    'x-ms-activity-id': randomUUID(),
    'x-ms-version': '2020-07-15',
    'x-ms-request-charge': '1',
    ...(container && {
      'x-ms-session-token': sessionToken(container.state, ranges ?? container.state.ranges),
      'x-ms-alt-content-path': container.contentPath,
      'x-ms-content-path': container.state.rid,
      lsn: String(container.state.lsn),
    }),
    ...headers,
    ...(status !== 304 && status !== 204 && { 'content-length': Buffer.byteLength(body ?? '') }),
  });
  response.end(status === 304 || status === 204 ? undefined : body);
}

/** How far each physical partition is that was asked; they share the LSNs of the container. */
const sessionToken = ({ lsn }: Container, ranges: readonly Range[]) =>
  ranges.map(({ id }) => `${id}:-1#${lsn}`).join();
