import { parsePath, valueAt } from './partition-key';
import { canonical } from './sql/order';
import type { JsonObject } from './sql/value';

/** What decides how a container keeps its items. */
export interface Definition {
  database: number;
  number: number;
  paths: string[][];
  /** Several levels: each is hashed by itself. */
  isHierarchical: boolean;
  uniqueKeys: string[][][];
  /** Absent: items never expire, whatever they say. -1: only items that carry a `ttl` do. */
  defaultTtl: number | undefined;
  /** How long the feed of all versions and deletes goes back; 0 = there is none. */
  versionsSeconds: number;
  indexing: IndexingPolicy;
}

export interface IndexingPolicy {
  indexingMode?: string;
  includedPaths?: { path: string }[];
  excludedPaths?: { path: string }[];
  compositeIndexes?: { path: string; order?: string }[][];
}

export function definitionOf(database: number, number: number, properties: JsonObject): Definition {
  const { partitionKey, uniqueKeyPolicy, defaultTtl, changeFeedPolicy, indexingPolicy } = properties as {
    partitionKey?: { paths: string[]; kind?: string };
    uniqueKeyPolicy?: { uniqueKeys?: { paths: string[] }[] };
    defaultTtl?: number | null;
    changeFeedPolicy?: { retentionDuration?: number };
    indexingPolicy?: IndexingPolicy;
  };
  return {
    database,
    number,
    paths: (partitionKey?.paths ?? []).map(parsePath),
    isHierarchical: partitionKey?.kind === 'MultiHash' || (partitionKey?.paths.length ?? 0) > 1,
    uniqueKeys: (uniqueKeyPolicy?.uniqueKeys ?? []).map((key) => key.paths.map(parsePath)),
    defaultTtl: defaultTtl ?? undefined,
    versionsSeconds: (changeFeedPolicy?.retentionDuration ?? 0) * 60,
    indexing: indexingPolicy ?? {},
  };
}

/** `0:["a","b"]` for each unique key; a missing value counts as null. */
export const uniqueValues = ({ uniqueKeys }: Definition, document: JsonObject): string[] =>
  uniqueKeys.map((paths, i) => `${i}:${canonical(paths.map((path) => valueAt(document, path) ?? null))}`);
