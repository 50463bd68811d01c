/** Where the backend reads the time and waits for it; tests put their own in its place. */
export interface Clock {
  now(): number;
  /** Calls once when that time has come; the answer takes the call back. */
  at(time: number, call: () => void): () => void;
}

/** Node clamps longer delays to 1 ms, and a machine that slept must notice soon after. */
const LONGEST_SLEEP_MS = 60_000;

export const systemClock: Clock = {
  now: Date.now,
  at(time, call) {
    let timer: NodeJS.Timeout;
    const sleep = (): void => {
      const left = time - Date.now();
      timer = left <= 0 ? setTimeout(call, 0) : setTimeout(sleep, Math.min(left, LONGEST_SLEEP_MS));
    };
    sleep();
    return () => clearTimeout(timer);
  },
};

/** Time that stands still until it is told to go on, so that a timer of ten days is a matter of milliseconds. */
export class VirtualClock implements Clock {
  readonly #waiting = new Set<{ time: number; call: () => void }>();

  constructor(private time: number) {}

  now = (): number => this.time;

  at(time: number, call: () => void): () => void {
    const waiting = { time, call };
    this.#waiting.add(waiting);
    setImmediate(() => this.#ring());
    return () => this.#waiting.delete(waiting);
  }

  advance(milliseconds: number): void {
    this.time += milliseconds;
    this.#ring();
  }

  /** The next moment that somebody waits for. */
  get next(): number | undefined {
    const times = [...this.#waiting].map(({ time }) => time);
    return times.length ? Math.min(...times) : undefined;
  }

  #ring(): void {
    for (const waiting of [...this.#waiting]) {
      if (waiting.time > this.time || !this.#waiting.delete(waiting)) continue;
      waiting.call();
    }
  }
}
