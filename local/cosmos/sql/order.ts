import { isObject, type Json, type Value } from './value';

/**
 * Rank of the type in an ORDER BY over mixed types:
 * undefined, null, false, true, number, string, array, object.
 * https://learn.microsoft.com/azure/cosmos-db/nosql/query/order-by
 */
function rank(value: Value): number {
  if (value === undefined) return 0;
  if (value === null) return 1;
  if (typeof value === 'boolean') return value ? 3 : 2;
  if (typeof value === 'number') return 4;
  if (typeof value === 'string') return 5;
  return Array.isArray(value) ? 6 : 7;
}

/** A total order over all values; arrays and objects compare by their canonical text, so that it is total. */
export function compareValues(a: Value, b: Value): number {
  const byType = rank(a) - rank(b);
  if (byType !== 0) return byType;
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'object' && typeof b === 'object') return compareText(canonical(a), canonical(b));
  return typeof a === 'string' && typeof b === 'string' ? compareText(a, b) : 0;
}

const compareText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** Deep equality; the order of properties does not count. */
export function equalValues(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => equalValues(item, b[i]));
  }
  if (!isObject(a) || !isObject(b)) return false;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && equalValues(a[name], b[name]))
  );
}

/** Text that is the same for equal values: the key of DISTINCT, GROUP BY and unique keys. */
export function canonical(value: Value): string {
  if (value === undefined) return 'undefined';
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join()}}`;
}

/** `=` and `!=`: undefined when a side is undefined, plain inequality between types. */
export const equal = (a: Value, b: Value): Value =>
  a === undefined || b === undefined ? undefined : equalValues(a, b);

/** `<` and its kin compare only within null, booleans, numbers or strings; anything else is undefined. */
export function relation(a: Value, b: Value): number | undefined {
  if (a === null && b === null) return 0;
  return typeof a === typeof b && isOrdered(a) && isOrdered(b) ? compareValues(a, b) : undefined;
}

const isOrdered = (value: Value): value is Exclude<Json, object> =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
