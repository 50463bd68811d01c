import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
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

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
