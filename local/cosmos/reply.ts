import type { IncomingHttpHeaders } from 'node:http';
import type { Caller } from './access';
import type { ContainerEntry } from './catalog';
import { CosmosError } from './errors';
import type { Range } from './ranges';
import type { Json, JsonObject } from './sql/value';

export interface Request {
  method: string;
  /** The decoded segments of the path. */
  path: readonly string[];
  headers: IncomingHttpHeaders;
  /** Parsed JSON. */
  body: unknown;
  bytes: number;
  caller: Caller;
}

export interface Reply {
  status: number;
  /** JSON text. */
  body?: string;
  headers?: Record<string, string>;
  /** The container whose session token goes out. */
  container?: ContainerEntry;
  /** The physical partitions it is about; all without it. */
  ranges?: Range[];
}

export const json = (status: number, value: JsonObject): Reply => ({
  status,
  body: JSON.stringify(value),
  ...(typeof value['_etag'] === 'string' && { headers: { etag: value['_etag'] } }),
});

export const list = (name: string, rid: string, values: readonly Json[]): Reply => ({
  ...json(200, { _rid: rid, [name]: [...values], _count: values.length }),
  headers: { 'x-ms-item-count': String(values.length) },
});

export const unsupported = ({ method, path }: Request) =>
  new CosmosError(
    path.length > 4 ? 400 : 405,
    `${method} on '${path.filter((_, i) => i % 2 === 0).join('/')}' is not supported by the local endpoint.`,
  );

export const isQuery = ({ headers }: Request) =>
  headers['x-ms-documentdb-isquery'] !== undefined || headers['content-type'] === 'application/query+json';
