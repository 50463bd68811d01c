import type { Bundle } from 'fhir/r4';

/** A leaf of a resource: its element without indexes, and its value made comparable. */
export interface Leaf {
  readonly path: string;
  readonly value: string;
}

export interface Item {
  readonly type: string;
  readonly leaves: readonly Leaf[];
}

/** Ids, references and the systems of local names are everybody's own choice; so is what a narrative repeats. */
const skipped = new Set(['id', 'reference', 'system', 'fullUrl', 'meta', 'div', 'resourceType', 'url']);

const timestamp = /^(\d{4})-?(\d\d)-?(\d\d)(T\d\d:.*|\d{4}(\d\d(\.\d+)?)?([+-]\d{4})?)?$/;

/**
 * Spacing and case do not count. Dates and times become the day: the other side moves times into zones of its own, so
 * that one day more or less is the same (`has`).
 */
export function comparable(value: unknown): string {
  const text = String(value).replace(/\s+/g, ' ').trim();
  const [, year = '', month = '', day = ''] = timestamp.exec(text) ?? [];
  const days = Date.UTC(Number(year), Number(month) - 1, Number(day)) / 86_400_000;
  const isDay = year >= '1850' && year < '2100' && month <= '12' && day <= '31' && day > '00';
  return isDay ? `day ${days}` : /^\d{4}-\d\d$/.test(text) ? text.replace('-', '') : text.toLowerCase();
}

export function has(values: ReadonlySet<string>, value: string): boolean {
  if (values.has(value)) return true;
  const day = /^day (-?\d+)$/.exec(value)?.[1];
  return day !== undefined && [-1, 1].some((shift) => values.has(`day ${Number(day) + shift}`));
}

function leavesOf(node: unknown, path: string, into: Leaf[]): Leaf[] {
  if (Array.isArray(node)) for (const item of node) leavesOf(item, path, into);
  else if (typeof node === 'object' && node !== null) {
    for (const [key, value] of Object.entries(node))
      if (
        !skipped.has(key) &&
        !(key === 'extension' && path !== '') &&
        !(path === 'text' && key === 'status')
      )
        leavesOf(value, path === '' ? key : `${path}.${key}`, into);
  } else if (node !== undefined && node !== null && String(node).trim() !== '')
    into.push({ path: path.replace(/^extension\b.*/, 'extension'), value: comparable(node) });
  return into;
}

export function itemsByType(bundle: Bundle): ReadonlyMap<string, readonly Item[]> {
  const items = new Map<string, Item[]>();
  for (const { resource } of bundle.entry ?? []) {
    if (resource === undefined) continue;
    const type = resource.resourceType;
    items.set(type, [...(items.get(type) ?? []), { type, leaves: leavesOf(resource, '', []) }]);
  }
  return items;
}

/** Every text of a Bundle, whatever element it is in: an authority became a system, a set of numbers a timing. */
export function textsOf(bundle: Bundle): ReadonlySet<string> {
  const found = new Set<string>();
  JSON.stringify(bundle, (key, value: unknown) => {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      found.add(comparable(value));
      if (key === 'system' || key === 'uri') found.add(comparable(unescaped(String(value))));
      if (key === 'data') found.add(comparable(Buffer.from(String(value), 'base64').toString('utf8')));
    }
    return value;
  });
  return found;
}

function unescaped(uri: string): string {
  try {
    return decodeURIComponent(uri);
  } catch {
    return uri;
  }
}
