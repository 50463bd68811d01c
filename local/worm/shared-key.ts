/**
 * Shared Key (https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key), to sign requests of
 * one's own and to check those that Azurite will not get to see. The canonicalized resource holds the path as it was
 * sent, which for an emulator starts with the account: the account's name comes twice.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

export interface Account {
  name: string;
  key: string;
}

export interface Signable {
  method: string;
  /** As sent, with its query. */
  url: string;
  headers: Readonly<Record<string, string | string[] | undefined>>;
}

const SIGNED = [
  ...['content-encoding', 'content-language', 'content-length', 'content-md5', 'content-type', 'date'],
  ...['if-modified-since', 'if-match', 'if-none-match', 'if-unmodified-since', 'range'],
];

export function authorizationOf({ name, key }: Account, request: Signable): string {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  const header = (wanted: string): string => [request.headers[wanted] ?? ''].flat().join(',');
  const own = Object.keys(request.headers)
    .filter((each) => each.startsWith('x-ms-') && request.headers[each] !== undefined)
    .sort()
    .map((each) => `${each}:${header(each).trimStart()}\n`);
  const query = [...new Set(searchParams.keys())]
    .map((each) => [each.toLowerCase(), searchParams.getAll(each).sort().join(',')] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([each, value]) => `\n${each}:${value}`);
  const text = [
    request.method,
    ...SIGNED.map((each) => (each === 'content-length' && header(each) === '0' ? '' : header(each))),
    `${own.join('')}/${name}${pathname.replace(/^\/([^/]+)-secondary(?=\/|$)/, '/$1')}${query.join('')}`,
  ].join('\n');
  return `SharedKey ${name}:${createHmac('sha256', Buffer.from(key, 'base64')).update(text).digest('base64')}`;
}

export function isSigned(account: Account, request: Signable): boolean {
  const given = Buffer.from(String(request.headers['authorization'] ?? ''));
  const expected = Buffer.from(authorizationOf(account, request));
  return given.length === expected.length && timingSafeEqual(given, expected);
}
