import { MedrelayError } from '../../errors';
import { SORTS, type SortField } from './sort';

/** A search of the audit trail. Values of one filter are alternatives, filters hold together. */
export interface AuditQuery {
  readonly from: string;
  readonly to: string;
  readonly filter: Filter;
  readonly sort: { readonly by: SortField; readonly order: 'asc' | 'desc' };
  readonly count: number;
  readonly countOnly: boolean;
}

const FILTERS = ['patient', 'agent', 'entity', 'action', 'type', 'subtype', 'outcome'] as const;
export type Filter = Readonly<Partial<Record<(typeof FILTERS)[number], readonly string[]>>>;

const SUPPORTED = ['date', ...FILTERS, '_sort', '_count', '_summary', '_format'].join(', ');

const DAY_MS = 24 * 60 * 60 * 1000;
const DEFAULT_DAYS = 7;
const DEFAULT_COUNT = 50;
const MAX_COUNT = 500;

/**
 * The search parameters of R4's AuditEvent, as far as they are known here. One that is not is refused and not ignored:
 * an auditor must not take the answer to a wider question for that to the one that was asked.
 */
export function parseQuery(params: URLSearchParams, now: Date): AuditQuery {
  const filter: Record<string, readonly string[]> = {};
  let [from, to] = [-Infinity, Infinity];
  let sort: AuditQuery['sort'] = { by: 'date', order: 'desc' };
  let count = DEFAULT_COUNT;
  let countOnly = false;
  for (const [name, value] of params) {
    if (name === 'date') {
      const bounds = boundsOf(value);
      [from, to] = [Math.max(from, bounds.from), Math.min(to, bounds.to)];
    } else if (FILTERS.some((each) => each === name)) {
      if (filter[name] || value === '') throw invalid(`${name} may be given once, with a value.`);
      filter[name] = value.split(',').map((each) => (name === 'patient' ? patientReference(each) : each));
    } else if (name === '_sort') sort = sortOf(value);
    else if (name === '_count') count = countOf(value);
    else if (name === '_summary') countOnly = isCount(value);
    else if (name !== '_format' || !/^(application\/fhir\+)?json$/.test(value))
      throw invalid(
        `The parameter ${/^[\w:.-]{1,40}$/.test(name) ? name : '?'} is not supported; ${SUPPORTED} are.`,
      );
  }
  // A clock a little ahead must not hide the newest events.
  if (to === Infinity) to = now.getTime() + 60_000;
  if (from === -Infinity) from = to - DEFAULT_DAYS * DAY_MS;
  const iso = (time: number): string => new Date(time).toISOString();
  return { from: iso(from), to: iso(to), filter, sort, count, countOnly };
}

const patientReference = (value: string): string => (value.includes('/') ? value : `Patient/${value}`);

const DATE =
  /^(?<prefix>eq|ge|gt|le|lt|sa|eb)?(?<value>\d{4}-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?)?)$/;

/** A date stands for all of its day (http://hl7.org/fhir/R4/search.html#date). */
function boundsOf(text: string): { from: number; to: number } {
  const { prefix = 'eq', value = '' } = DATE.exec(text)?.groups ?? {};
  const start = Date.parse(value.length === 7 ? `${value}-01` : value);
  if (Number.isNaN(start)) throw invalid('date must be like ge2026-03-01 or lt2026-03-01T08:00:00Z.');
  const end = start + lengthOf(value, start);
  switch (prefix) {
    case 'ge':
      return { from: start, to: Infinity };
    case 'gt':
    case 'sa':
      return { from: end, to: Infinity };
    case 'le':
      return { from: -Infinity, to: end };
    case 'lt':
    case 'eb':
      return { from: -Infinity, to: start };
    default:
      return { from: start, to: end };
  }
}

function lengthOf(value: string, start: number): number {
  const date = new Date(start);
  if (value.length === 7) return date.setUTCMonth(date.getUTCMonth() + 1) - start;
  if (value.length === 10) return DAY_MS;
  if (value.includes('.')) return 1;
  return /T\d\d:\d\d:/.test(value) ? 1_000 : 60_000;
}

function sortOf(value: string): AuditQuery['sort'] {
  const by = SORTS.find((each) => each === value.replace(/^-/, ''));
  if (by === undefined)
    throw invalid(`_sort must be one of ${SORTS.join(', ')}, with - before it for descending.`);
  return { by, order: value.startsWith('-') ? 'desc' : 'asc' };
}

function countOf(value: string): number {
  if (!/^\d{1,6}$/.test(value) || value === '0') throw invalid('_count must be a number from 1 on.');
  return Math.min(MAX_COUNT, Number(value));
}

function isCount(value: string): boolean {
  if (value !== 'count' && value !== 'false') throw invalid('_summary must be count or false.');
  return value === 'count';
}

export const invalid = (text: string): MedrelayError => new MedrelayError('AUDIT_QUERY_INVALID', text);
