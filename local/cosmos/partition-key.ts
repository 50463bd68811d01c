import { badRequest } from './errors';
import { property, type Json, type JsonObject, type Value } from './sql/value';

/** The components of a partition key; undefined is the key of an item without the property ("None"). */
export type PartitionKey = Value[];

/** Text that is the same for equal keys. In JSON, as on the wire, None is `{}`. */
export const keyText = (key: PartitionKey) =>
  JSON.stringify(key.map((part) => (part === undefined ? {} : part)));

/** `/address/city` -> `['address', 'city']`; names may be quoted: `/"first name"`. */
export function parsePath(path: string): string[] {
  const steps: string[] = [];
  for (const [, quoted, plain] of path.matchAll(/\/(?:"((?:[^"\\]|\\.)*)"|([^/]+))/g)) {
    steps.push(quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '');
  }
  return steps;
}

export const valueAt = (document: JsonObject, path: readonly string[]): Value =>
  path.reduce<Value>((value, name) => property(value, name), document);

export function keyOf(document: JsonObject, paths: readonly string[][]): PartitionKey {
  return paths.map((path) => {
    const value = valueAt(document, path);
    if (typeof value === 'object' && value !== null) {
      if (Object.keys(value).length === 0) return undefined;
      throw badRequest('The partition key value of an item must be a string, number, boolean or null.');
    }
    return value;
  });
}

/** The header `x-ms-documentdb-partitionkey`, or a bulk operation's `partitionKey`. */
export function parseKey(text: string): PartitionKey {
  let parts: unknown;
  try {
    parts = JSON.parse(text);
  } catch {
    parts = undefined;
  }
  if (!Array.isArray(parts)) throw badRequest('The partition key header must be a JSON array.');
  return parts.map((part: Json) => (typeof part === 'object' && part !== null ? undefined : part));
}
