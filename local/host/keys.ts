import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

export interface HostKeys {
  master: string;
  function: string;
  system?: string;
}

export type AuthLevel = 'anonymous' | 'function' | 'system' | 'admin';
const RANK: Readonly<Record<AuthLevel, number>> = { anonymous: 0, function: 1, system: 2, admin: 3 };

export const isAuthLevel = (text: unknown): text is AuthLevel =>
  typeof text === 'string' && Object.hasOwn(RANK, text);

/** What a request's key allows; the header wins over the query parameter, as in Azure. */
export function authorised(
  required: AuthLevel,
  headers: IncomingHttpHeaders,
  query: URLSearchParams,
  keys: HostKeys,
): boolean {
  if (required === 'anonymous') return true;
  const header = headers['x-functions-key'];
  const key = (Array.isArray(header) ? header[0] : header) ?? query.get('code');
  if (!key) return false;
  const levels: [string | undefined, AuthLevel][] = [
    [keys.master, 'admin'],
    [keys.system, 'system'],
    [keys.function, 'function'],
  ];
  return levels.some(
    ([known, level]) => known !== undefined && same(known, key) && RANK[level] >= RANK[required],
  );
}

/** Comparing hashes keeps the time independent of the length and of the first difference. */
function same(a: string, b: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(a), hash(b));
}
