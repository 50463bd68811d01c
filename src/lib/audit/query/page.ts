import { MedrelayError } from '../../errors';
import type { AuditDocument } from '../document';
import { dayOf, partitionsOfDay } from '../identity';
import { matchesOf } from './match';
import type { AuditReader, PageQuery } from './ports';
import type { AuditQuery } from './query';
import { sortKey } from './sort';

/** A document with the places of those of its AuditEvents that were asked for. */
export interface Hit {
  readonly document: AuditDocument;
  readonly views: readonly number[];
}

/** The last one that was given; the next page starts behind it. */
export interface Position {
  readonly key: string;
  readonly at: string;
  readonly id: string;
  readonly view: number;
}

export interface Page {
  readonly hits: readonly Hit[];
  readonly next?: Position;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const READ_AT_ONCE = 200;
/** A page ends there, filled or not: nobody waits for the walk through years without a hit. */
const MAX_DAYS_PER_PAGE = 92;
const MAX_READ_PER_PAGE = 5_000;
/** Sorting by another member than the time needs all of the range at hand, as counting does. */
const MAX_SORTED = 10_000;
/** A query for each day: ten years, which is more than is kept. */
const MAX_SORTED_DAYS = 3_660;

/** How many things one hit counts as on a page: a resource each in FHIR, one in plain JSON. */
export type Unit = 'view' | 'document';

/**
 * One page of a tenant's events. The tenant's own partitions are asked day by day, so no query ever touches another
 * tenant's. A place in the order is named by its values, not by a number, so that what is recorded meanwhile moves nothing.
 */
export async function readPage(
  reader: AuditReader,
  tenantId: string,
  query: AuditQuery,
  unit: Unit,
  position?: Position,
): Promise<Page> {
  return query.sort.by === 'date'
    ? readByTime(reader, tenantId, query, unit, position)
    : readSorted(reader, tenantId, query, unit, position);
}

async function readByTime(
  reader: AuditReader,
  tenantId: string,
  query: AuditQuery,
  unit: Unit,
  position?: Position,
): Promise<Page> {
  const hits: Hit[] = [];
  let [left, read] = [query.count, 0];
  for await (const step of walk(reader, tenantId, query, position)) {
    if (step.document === undefined) {
      if (step.days < MAX_DAYS_PER_PAGE && read < MAX_READ_PER_PAGE) continue;
      return { hits, next: { key: '', at: step.boundary, id: '', view: -1 } };
    }
    read += 1;
    const taken = take(step.document, query, unit, left, position);
    hits.push(...taken.hits);
    left -= taken.size;
    if (left === 0) return { hits, next: taken.last };
  }
  return { hits };
}

type Step =
  | { readonly document: AuditDocument; readonly days?: undefined }
  | { readonly document?: undefined; readonly boundary: string; readonly days: number };

/** All documents of the range in order of occurrence; a step without one says that a day is done, and where it ends. */
async function* walk(
  reader: AuditReader,
  tenantId: string,
  { from, to, filter, sort: { order } }: AuditQuery,
  position?: Position,
): AsyncGenerator<Step> {
  const iso = (time: number): string => new Date(time).toISOString();
  const midnight = (time: number): number => Math.floor(time / DAY_MS) * DAY_MS;
  const [low, high] = [Date.parse(from), Date.parse(to)];
  if (low >= high) return;
  const isDescending = order === 'desc';
  const { patient, agent, entity, outcome } = filter;
  const narrowing = { patient, agent, entity, outcome };
  const resumeAt = position && Date.parse(position.at);
  // At a boundary, descending, the day before is next.
  const begin = resumeAt ?? (isDescending ? high - 1 : low);
  let day = midnight(isDescending && position?.id === '' ? begin - 1 : begin);
  let start = position && { at: position.at, id: position.id };
  // A read starts with the last one of the read before.
  let known: string | undefined;
  for (let days = 1; isDescending ? day > low - DAY_MS : day < high; days++) {
    const partitions = partitionsOfDay(tenantId, dayOf(iso(day)));
    const bounds = { from: iso(Math.max(low, day)), to: iso(Math.min(high, day + DAY_MS)) };
    for (;;) {
      const asked: PageQuery = {
        ...narrowing,
        ...bounds,
        order,
        limit: READ_AT_ONCE,
        ...(start && { start }),
      };
      const documents = await reader.page(partitions, asked);
      for (const document of documents) if (document.id !== known) yield { document };
      const last = documents.at(-1);
      if (!last || documents.length < READ_AT_ONCE) break;
      start = { at: last.occurredAt, id: last.id };
      known = last.id;
    }
    [start, known] = [undefined, undefined];
    yield { boundary: iso(isDescending ? day : day + DAY_MS), days };
    day += isDescending ? -DAY_MS : DAY_MS;
  }
}

interface Taken {
  readonly hits: Hit[];
  readonly size: number;
  readonly last: Position;
}

/** As much of a document as the page has room for, and nothing of what the page before gave. */
function take(
  document: AuditDocument,
  { filter, sort }: AuditQuery,
  unit: Unit,
  room: number,
  position: Position | undefined,
): Taken {
  const isResumed = position?.id === document.id;
  const views = matchesOf(document, filter).filter((view) => !isResumed || view > position.view);
  const taken = unit === 'view' ? views.slice(0, room) : views;
  const view = taken.at(-1) ?? position?.view ?? -1;
  return {
    hits: taken.length > 0 ? [{ document, views: taken }] : [],
    size: unit === 'view' ? taken.length : Math.min(1, taken.length),
    last: { key: sortKey(document, sort.by), at: document.occurredAt, id: document.id, view },
  };
}

async function readSorted(
  reader: AuditReader,
  tenantId: string,
  query: AuditQuery,
  unit: Unit,
  position?: Position,
): Promise<Page> {
  const found: { key: string; document: AuditDocument }[] = [];
  const byTime = { ...query, sort: { by: 'date', order: 'asc' } as const };
  for await (const { document, days = 0 } of walk(reader, tenantId, byTime)) {
    if (days > MAX_SORTED_DAYS) throw tooMany();
    if (!document || matchesOf(document, query.filter).length === 0) continue;
    found.push({ key: sortKey(document, query.sort.by), document });
    if (found.length > MAX_SORTED) throw tooMany();
  }
  const sign = query.sort.order === 'desc' ? -1 : 1;
  const compare = (a: readonly string[], b: readonly string[]): number => {
    const n = a.findIndex((value, i) => value !== b[i]);
    return n < 0 ? 0 : sign * ((a[n] ?? '') < (b[n] ?? '') ? -1 : 1);
  };
  const placeOf = ({ key, document: { occurredAt, id } }: (typeof found)[number]) => [key, occurredAt, id];
  found.sort((a, b) => compare(placeOf(a), placeOf(b)));
  const hits: Hit[] = [];
  let left = query.count;
  for (const each of found) {
    if (position && compare(placeOf(each), [position.key, position.at, position.id]) < 0) continue;
    const taken = take(each.document, query, unit, left, position);
    hits.push(...taken.hits);
    left -= taken.size;
    if (left === 0) return { hits, next: taken.last };
  }
  return { hits };
}

/** How many there are, without any of them. */
export async function countAll(
  reader: AuditReader,
  tenantId: string,
  query: AuditQuery,
  unit: Unit,
): Promise<number> {
  let [total, read] = [0, 0];
  for await (const { document, days = 0 } of walk(reader, tenantId, query)) {
    if (days > MAX_SORTED_DAYS) throw tooMany();
    if (!document) continue;
    const found = matchesOf(document, query.filter).length;
    total += unit === 'view' ? found : Math.min(1, found);
    if (++read > MAX_SORTED) throw tooMany();
  }
  return total;
}

const tooMany = (): MedrelayError =>
  new MedrelayError(
    'AUDIT_RANGE_TOO_LARGE',
    `More than ${MAX_SORTED} events or ${MAX_SORTED_DAYS} days to sort or count. Narrow the dates or filters, or sort by date.`,
  );

/** Every event of a tenant in a range, oldest first. */
export async function* allEvents(
  reader: AuditReader,
  tenantId: string,
  from: string,
  to: string,
): AsyncGenerator<AuditDocument> {
  const order = { by: 'date', order: 'asc' } as const;
  const steps = walk(reader, tenantId, { from, to, filter: {}, sort: order, count: 1, countOnly: false });
  for await (const { document } of steps) if (document) yield document;
}
