import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Refusal } from './rules';

const SERVER = 'Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0';

const common = (version: string | undefined): Record<string, string> => ({
  server: SERVER,
  'x-ms-request-id': randomUUID(),
  ...(version ? { 'x-ms-version': version } : {}),
});

/** https://learn.microsoft.com/rest/api/storageservices/status-and-error-codes2 */
export function refuse(
  response: ServerResponse,
  { status, code, message }: Refusal,
  version: string | undefined,
): void {
  const headers = common(version);
  const time = new Date().toISOString();
  const text = `${message}\nRequestId:${headers['x-ms-request-id'] ?? ''}\nTime:${time}`;
  const body = `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${escaped(text)}</Message></Error>`;
  response.writeHead(status, {
    ...headers,
    'x-ms-error-code': code,
    'content-type': 'application/xml',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}

export function accept(
  response: ServerResponse,
  headers: readonly [string, string][],
  version: string | undefined,
): void {
  response
    .writeHead(200, { ...common(version), ...Object.fromEntries(headers), 'content-length': '0' })
    .end();
}

/** Passes an answer on, a good one with more headers. */
export async function relay(
  answer: IncomingMessage,
  response: ServerResponse,
  more: readonly [string, string][] = [],
): Promise<void> {
  const extra = isFailure(answer) ? [] : more.flat();
  response.writeHead(answer.statusCode ?? 502, [...answer.rawHeaders, ...extra]);
  await pipeline(answer, response);
}

export const isFailure = ({ statusCode = 500 }: IncomingMessage): boolean => statusCode >= 300;

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
