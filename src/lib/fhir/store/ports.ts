import type { ResourceDocument } from './documents';

export interface Stored<T> {
  readonly document: T;
  readonly etag: string;
}

export type Write =
  | { readonly type: 'create'; readonly document: ResourceDocument }
  | { readonly type: 'replace'; readonly document: ResourceDocument; readonly etag: string };

export interface CurrentQuery {
  readonly tenantId: string;
  readonly resourceType: string;
  /** Only this partition; without it the whole tenant. */
  readonly pk?: string;
  readonly id?: string;
  readonly identifier?: string;
}

/** The container `clinical.resources`. Every call may throw what `classifyAzureError` knows. */
export interface ResourceContainer {
  /** The documents of one partition by id; absent ones are left out. */
  read(pk: string, ids: readonly string[]): Promise<readonly Stored<ResourceDocument>[]>;
  /** All or nothing. `changed`: a document to create is there, or one to replace is not the one that was read. */
  commit(pk: string, writes: readonly Write[]): Promise<'committed' | 'changed'>;
  findCurrent(query: CurrentQuery): Promise<readonly ResourceDocument[]>;
}
