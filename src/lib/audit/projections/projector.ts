import { asDocument, type AuditDocument } from '../document';
import { allEvents, type AuditReader } from '../query';
import { entriesOf, projectionKey, type ProjectedBy, type ProjectionEntry } from './entries';

export interface ProjectionStore {
  /** Replaces the same line, which says the same. */
  put(entry: ProjectionEntry): Promise<void>;
  /** Newest first. */
  list(pk: string, limit: number): Promise<readonly ProjectionEntry[]>;
}

export interface Projections {
  /**
   * Takes what the change feed brings. A document that is none of ours is skipped and counted; while the store is away
   * it throws, and the whole batch comes again.
   */
  project(documents: readonly unknown[]): Promise<{ readonly projected: number; readonly skipped: number }>;
  /** From the events themselves; any number of times. */
  rebuild(tenantId: string, from: string, to: string): Promise<{ readonly projected: number }>;
  list(tenantId: string, by: ProjectedBy, key: string, limit: number): Promise<readonly ProjectionEntry[]>;
}

const AT_ONCE = 16;

export function createProjections(store: ProjectionStore, reader: AuditReader): Projections {
  async function put(events: readonly AuditDocument[]): Promise<void> {
    const entries = events.flatMap(entriesOf);
    for (let i = 0; i < entries.length; i += AT_ONCE)
      await Promise.all(entries.slice(i, i + AT_ONCE).map((entry) => store.put(entry)));
  }

  return {
    async project(documents) {
      const events = documents.flatMap(readable);
      await put(events);
      return { projected: events.length, skipped: documents.length - events.length };
    },
    async rebuild(tenantId, from, to) {
      let projected = 0;
      for await (const event of allEvents(reader, tenantId, from, to)) {
        await put([event]);
        projected += 1;
      }
      return { projected };
    },
    list: (tenantId, by, key, limit) => store.list(projectionKey(tenantId, by, key), limit),
  };
}

/** A line must come of it: what cannot be read would come again for ever. */
function readable(candidate: unknown): AuditDocument[] {
  try {
    const document = asDocument(candidate);
    entriesOf(document);
    return [document];
  } catch {
    return [];
  }
}
