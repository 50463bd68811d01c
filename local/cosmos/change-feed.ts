import type { IncomingHttpHeaders } from 'node:http';
import type { Container } from './container';
import { badRequest } from './errors';

const defaultPage = 100;
const maxPageBytes = 4 * 1024 * 1024;

export interface FeedPage {
  /** JSON texts with `_lsn`. */
  rows: string[];
  /** Where the next page begins; goes out as the ETag, which is the continuation of a change feed. */
  next: number;
}

/**
 * Latest-version mode: each item once, at its newest version, in the order of the changes; no deletes.
 * Start: nothing = from the beginning, `If-None-Match: *` = from now, `If-Modified-Since` = from a time,
 * `If-None-Match: "<lsn>"` = continue.
 */
export function readFeed(
  container: Container,
  pk: string | undefined,
  headers: IncomingHttpHeaders,
): FeedPage {
  if (headers['a-im'] !== 'Incremental Feed') {
    throw badRequest('Only the latest-version change feed is supported (A-IM: Incremental Feed).');
  }
  if (headers['x-ms-start-epk'] !== undefined || headers['x-ms-end-epk'] !== undefined) {
    throw badRequest(
      'A change feed over a part of the hash range is not supported; read the whole container.',
    );
  }
  const from = headers['if-none-match'];
  if (from === '*') return { rows: [], next: container.lsn };
  const asked = Number(headers['x-ms-max-item-count']);
  const most = asked > 0 ? asked : defaultPage;
  const after = from === undefined ? 0 : lsnOf(from);
  const since = from === undefined ? secondsOf(headers['if-modified-since']) : 0;
  return page(container, pk, after, since, most);
}

function page(
  container: Container,
  pk: string | undefined,
  after: number,
  since: number,
  most: number,
): FeedPage {
  const rows: string[] = [];
  let bytes = 0;
  let next = after;
  for (;;) {
    const found = container.feed(next, since, pk, most);
    for (const row of found) {
      if (container.isLive(row)) {
        if (rows.length > 0 && bytes + row.body.length > maxPageBytes) return { rows, next };
        bytes += row.body.length;
        rows.push(`{"_lsn":${row.lsn},${row.body.slice(1)}`);
      }
      next = row.lsn;
    }
    // Past the last change the feed is as far as the container is, deletes included.
    if (found.length < most) return { rows, next: Math.max(next, container.lsn) };
    if (rows.length > 0) return { rows, next };
  }
}

function lsnOf(etag: string): number {
  const lsn = Number(etag.replace(/^(?:W\/)?"?(\d+)"?$/, '$1'));
  if (!Number.isInteger(lsn)) throw badRequest('The change feed continuation is not one of this container.');
  return lsn;
}

function secondsOf(date: string | undefined): number {
  if (date === undefined) return 0;
  const at = Date.parse(date);
  if (Number.isNaN(at)) throw badRequest('If-Modified-Since is not a date.');
  return Math.floor(at / 1000);
}
