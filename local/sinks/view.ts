/** The common HTTP view of what was received, and the script: `/_received`, `/_script`. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Recorder } from './recorder';
import { ScriptError } from './script';

/** Pages of other sites that resolve to this machine learn nothing. */
const LOOPBACK = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/;

interface Scripted {
  readonly rules: unknown;
  replace(text: string): void;
}

/** Whether the request was for the view, which has then answered it. */
export async function viewAnswered(
  request: IncomingMessage,
  response: ServerResponse,
  recorder: Recorder,
  script: Scripted,
): Promise<boolean> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (!url.pathname.startsWith('/_')) return false;
  const route = `${request.method ?? 'GET'} ${url.pathname}`;
  if (!LOOPBACK.test(request.headers.host ?? '') || request.headers.origin !== undefined) {
    reply(response, 403, { message: 'This view is for programs on this machine.' });
    return true;
  }
  switch (route) {
    case 'GET /_received':
      reply(response, 200, { entries: recorder.list(filterOf(url.searchParams)) });
      return true;
    case 'DELETE /_received':
      recorder.clear();
      reply(response, 200, {});
      return true;
    case 'PUT /_script':
      try {
        script.replace(await text(request));
      } catch (error) {
        if (!(error instanceof ScriptError)) throw error;
        reply(response, 400, { message: error.message });
        return true;
      }
      break;
    case 'GET /_script':
      break;
    default:
      reply(response, 404, { message: 'There are only /_received and /_script.' });
      return true;
  }
  reply(response, 200, script.rules);
  return true;
}

function filterOf(query: URLSearchParams) {
  const words = (['kind', 'to', 'contains'] as const).flatMap((name) => {
    const value = query.get(name);
    return value ? [[name, value] as const] : [];
  });
  const numbers = (['after', 'limit'] as const).flatMap((name) => {
    const value = Number(query.get(name) ?? NaN);
    return Number.isInteger(value) && value >= 0 ? [[name, value] as const] : [];
  });
  return Object.fromEntries([...words, ...numbers]);
}

export function reply(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}
