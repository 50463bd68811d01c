const HASH_BYTES = 32;

/** What an index of the tree holds: by segments, or by tiles where the segments have a hole. */
export class LeafTable {
  private hashes = Buffer.alloc(HASH_BYTES * 1024);
  private readonly ids: (string | undefined)[] = [];
  private readonly days: (string | undefined)[] = [];
  /** The same ten characters thousands of times: one text for each day. */
  private readonly dayNames = new Map<string, string>();

  get length(): number {
    return this.ids.length;
  }

  grow(length: number): void {
    while (this.ids.length < length) {
      this.ids.push(undefined);
      this.days.push(undefined);
    }
    if (this.hashes.length < length * HASH_BYTES) {
      const larger = Buffer.alloc(Math.max(length * HASH_BYTES, this.hashes.length * 2));
      this.hashes.copy(larger);
      this.hashes = larger;
    }
  }

  set(index: number, id: string, hash: Uint8Array, day: string | undefined): void {
    this.grow(index + 1);
    this.ids[index] = id;
    this.hashes.set(hash, index * HASH_BYTES);
    if (day === undefined) return;
    const known = this.dayNames.get(day) ?? day;
    this.dayNames.set(known, known);
    this.days[index] = known;
  }

  has(index: number): boolean {
    return this.ids[index] !== undefined;
  }

  id(index: number): string | undefined {
    return this.ids[index];
  }

  day(index: number): string | undefined {
    return this.days[index];
  }

  /** A view: it changes with the table. */
  hash(index: number): Buffer {
    return this.hashes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES);
  }
}
