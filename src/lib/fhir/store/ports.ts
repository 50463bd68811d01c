import type { ResourceDocument } from './documents';
import type { ProtectedDocument } from './protected';

export interface Stored<T> {
  readonly document: T;
  readonly etag: string;
}

export type Write<T = ResourceDocument> =
  | { readonly type: 'create'; readonly document: T }
  | { readonly type: 'replace'; readonly document: T; readonly etag: string };

interface CurrentQuery {
  readonly tenantId: string;
  readonly resourceType: string;
  /** Only this partition; without it the whole tenant. */
  readonly pk?: string;
  readonly id?: string;
}

/** The container `clinical.resources`. Every call may throw what `classifyAzureError` knows. */
interface Container<T, Query> {
  /** The documents of one partition by id; absent ones are left out. */
  read(pk: string, ids: readonly string[]): Promise<readonly Stored<T>[]>;
  /** All or nothing. `changed`: a document to create is there, or one to replace is not the one that was read. */
  commit(pk: string, writes: readonly Write<T>[]): Promise<'committed' | 'changed'>;
  findCurrent(query: Query): Promise<readonly T[]>;
}

/** As the store sees it. */
export type ResourceContainer = Container<ResourceDocument, CurrentQuery & { readonly identifier?: string }>;
/** As it is stored. */
export type ProtectedContainer = Container<
  ProtectedDocument,
  CurrentQuery & { readonly identifierIndex?: string }
>;
