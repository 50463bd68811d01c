import type { JsonObject } from './sql/value';

/** A parsed document takes a few times the memory of its text. */
const maxTextBytes = 32 * 1024 * 1024;

/**
 * Parsed documents of the versions that queries used last, bounded by the length of their texts. A version never
 * changes, so nothing has to be invalidated; the database is the truth.
 */
export class DocumentCache {
  private readonly documents = new Map<string, { document: JsonObject; bytes: number }>();
  private bytes = 0;

  constructor(private readonly limit = maxTextBytes) {}

  /** A query over everything only fills what is free, so that it does not drive out what others use. */
  parse(container: number, lsn: number, body: string, mayEvict: boolean): JsonObject {
    const key = `${container}/${lsn}`;
    const found = this.documents.get(key);
    if (found !== undefined) {
      // Last in the map is the one used last.
      this.documents.delete(key);
      this.documents.set(key, found);
      return found.document;
    }
    const document = JSON.parse(body) as JsonObject;
    if (mayEvict || this.bytes + body.length <= this.limit) {
      this.documents.set(key, { document, bytes: body.length });
      this.bytes += body.length;
      this.evict();
    }
    return document;
  }

  /** After a failed commit the versions that were lost will be used again for others. */
  clear(): void {
    this.documents.clear();
    this.bytes = 0;
  }

  get textBytes(): number {
    return this.bytes;
  }

  private evict(): void {
    for (const [key, { bytes }] of this.documents) {
      if (this.bytes <= this.limit) return;
      this.documents.delete(key);
      this.bytes -= bytes;
    }
  }
}
