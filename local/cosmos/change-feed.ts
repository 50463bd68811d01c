import type { IncomingHttpHeaders } from 'node:http';
import type { Container } from './container';
import { badRequest } from './errors';
import { parseKey, type PartitionKey } from './partition-key';
import type { Span } from './ranges';
import type { FeedScope, VersionRow } from './store';

const defaultPage = 100;
const maxPageBytes = 4 * 1024 * 1024;

export interface FeedPage {
  /** JSON texts. */
  rows: string[];
  /** Where the next page begins; goes out as the ETag, which is the continuation of a change feed. */
  next: number;
}

interface Entry {
  lsn: number;
  /** Undefined: passed over. */
  text: string | undefined;
}

/**
 * The changes of one logical partition or of a part of the hash range, in their order.
 * Start: nothing = from the beginning, `If-None-Match: *` = from now, `If-Modified-Since` = from a time,
 * `If-None-Match: "<lsn>"` = continue.
 */
export function readFeed(
  container: Container,
  pk: string | undefined,
  span: Span,
  headers: IncomingHttpHeaders,
): FeedPage {
  const from = headers['if-none-match'];
  const since = headers['if-modified-since'];
  const read = reader(container, headers['a-im'], from !== undefined);
  if (from === '*') return { rows: [], next: container.lsn };
  const asked = Number(headers['x-ms-max-item-count']);
  const scope: FeedScope = {
    pk,
    span,
    after: from === undefined ? 0 : lsnOf(from),
    since: from === undefined ? secondsOf(since) : 0,
    most: asked > 0 ? asked : defaultPage,
  };
  return page(container, scope, read);
}

function reader(
  container: Container,
  mode: string | string[] | undefined,
  continues: boolean,
): (scope: FeedScope) => Entry[] {
  switch (mode) {
    // Each item once, at its newest version; no deletes.
    case 'Incremental Feed':
      return (scope) =>
        container.feed(scope).map((row) => ({
          lsn: row.lsn,
          text: container.isLive(row) ? `{"_lsn":${row.lsn},${row.body.slice(1)}` : undefined,
        }));
    case 'Full-Fidelity Feed': {
      const { versionsSeconds, paths } = container.definition;
      if (versionsSeconds === 0) {
        throw badRequest(
          'The container keeps no versions: give it a changeFeedPolicy with a retentionDuration to read all versions and deletes.',
        );
      }
      if (!continues) {
        throw badRequest(
          'All versions and deletes can be read from now or from a continuation, not from a time or the beginning.',
        );
      }
      const oldest = container.seconds - versionsSeconds;
      return (scope) =>
        container
          .versions({ ...scope, since: oldest })
          .map((row) => ({ lsn: row.lsn, text: versionText(row, paths) }));
    }
    default:
      throw badRequest(`The change feed mode '${String(mode)}' is not supported.`);
  }
}

/** https://learn.microsoft.com/azure/cosmos-db/nosql/change-feed-modes#parse-the-response-object */
function versionText(
  { type, lsn, ts, previous, id, pk, expired, body }: VersionRow,
  paths: string[][],
): string {
  const metadata = {
    operationType: type,
    lsn,
    crts: ts,
    ...(previous !== null && { previousImageLSN: previous }),
    ...(type === 'delete' && {
      timeToLiveExpired: expired === 1,
      id,
      partitionKey: keyObject(parseKey(pk), paths),
    }),
  };
  const current = body === null ? '' : `"current":${body},`;
  return `{${current}"metadata":${JSON.stringify(metadata)}}`;
}

const keyObject = (key: PartitionKey, paths: readonly string[][]) =>
  Object.fromEntries(paths.map((path, i) => [path.join('/'), key[i]]));

function page(container: Container, scope: FeedScope, read: (scope: FeedScope) => Entry[]): FeedPage {
  const rows: string[] = [];
  let bytes = 0;
  let next = scope.after;
  for (;;) {
    const found = read({ ...scope, after: next });
    for (const { lsn, text } of found) {
      if (text !== undefined) {
        if (rows.length > 0 && bytes + text.length > maxPageBytes) return { rows, next };
        bytes += text.length;
        rows.push(text);
      }
      next = lsn;
    }
    // Past the last change the feed is as far as the container is, deletes included.
    if (found.length < scope.most) return { rows, next: Math.max(next, container.lsn) };
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
