import type { Ready } from './ready';

interface Entry<T> {
  value: Ready<T>;
  readonly until: number;
}

/** Keys by name, each for `milliseconds` and at most `most` of them; the oldest go first. */
export class KeyCache<T> {
  readonly #entries = new Map<string, Entry<T>>();

  constructor(
    private readonly milliseconds: number,
    private readonly most: number,
    private readonly now: () => number,
  ) {}

  get(name: string, load: () => Promise<T>): Ready<T> {
    const hit = this.#entries.get(name);
    if (hit && hit.until > this.now()) return hit.value;
    this.#makeRoom();
    const value = load();
    const entry: Entry<T> = { value, until: this.now() + this.milliseconds };
    this.#entries.delete(name);
    this.#entries.set(name, entry);
    value.then(
      (loaded) => (entry.value = loaded),
      // A failure must not be remembered: the store may be back a second later.
      () => this.#entries.get(name) === entry && this.#entries.delete(name),
    );
    return value;
  }

  /** Entries are in the order of their ends, because all live equally long. */
  #makeRoom(): void {
    for (const [name, { until }] of this.#entries) {
      if (until > this.now() && this.#entries.size < this.most) return;
      this.#entries.delete(name);
    }
  }
}
