import type { AnchorName } from '../../../src/lib/audit/verify';

/** A stored document as JSON. */
export type Doc = Record<string, unknown> & { id: string; pk: string };
export type Container = 'events' | 'log' | 'keys';

/** The files under a trail, for somebody who does not go through the database: where an attack is made. */
export interface TrailFile {
  documents(container: Container): Doc[];
  /** Creates, or replaces what has this key. */
  put(container: Container, document: Doc): void;
  remove(container: Container, document: Pick<Doc, 'id' | 'pk'>): void;
  note(tenantId: string, name: AnchorName): Promise<string | undefined>;
  /** Undefined takes it away. */
  setNote(tenantId: string, name: AnchorName, note: string | undefined): Promise<void>;
  /** The database as it was some checkpoints ago; what is published stays. */
  rollBack(): void;
}

export const copyOf = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;
