/**
 * Work of one kind, so many at a time and never two with the same key. What is asked for while it runs is done once
 * more afterwards; a run that answers false has more to do.
 */
export class Lane<T> {
  readonly #waiting = new Map<string, T>();
  readonly #running = new Map<string, { item: T; again: boolean }>();
  #paused = true;

  constructor(
    private readonly limit: number,
    private readonly run: (item: T) => Promise<boolean>,
  ) {}

  add(key: string, item: T): void {
    const running = this.#running.get(key);
    if (running) running.again = true;
    else this.#waiting.set(key, item);
    this.#pump();
  }

  resume(): void {
    this.#paused = false;
    this.#pump();
  }

  /** What runs goes on. */
  pause(): void {
    this.#paused = true;
  }

  #pump(): void {
    for (const [key, item] of this.#waiting) {
      if (this.#paused || this.#running.size >= this.limit) return;
      this.#waiting.delete(key);
      const running = { item, again: false };
      this.#running.set(key, running);
      void this.run(item).then((isDone) => {
        this.#running.delete(key);
        if (running.again || !isDone) this.#waiting.set(key, item);
        this.#pump();
      });
    }
  }
}
