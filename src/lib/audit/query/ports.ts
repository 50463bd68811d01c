import type { AuditDocument } from '../document';

/** What the store can decide about a document; the rest is decided on what is read. Values of one member are alternatives. */
export interface Narrowing {
  readonly patient: readonly string[] | undefined;
  readonly entity: readonly string[] | undefined;
  readonly agent: readonly string[] | undefined;
  readonly outcome: readonly string[] | undefined;
}

export interface PageQuery extends Narrowing {
  /** ISO 8601 UTC; `from` is included, `to` is not. */
  readonly from: string;
  readonly to: string;
  readonly order: 'asc' | 'desc';
  /** Where to start, this place included; in the order of occurrence and then of ids. */
  readonly start?: { readonly at: string; readonly id: string };
  readonly limit: number;
}

export interface AuditReader {
  page(partitions: readonly string[], query: PageQuery): Promise<readonly AuditDocument[]>;
  /** By its id alone, among the tenant's. */
  find(tenantId: string, id: string): Promise<AuditDocument | undefined>;
}
