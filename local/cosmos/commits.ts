import { CosmosError } from './errors';

interface Deferred {
  promise: Promise<void>;
  resolve(): void;
  reject(error: Error): void;
}

function deferred(): Deferred {
  let [resolve, reject]: [() => void, (error: Error) => void] = [() => undefined, () => undefined];
  const promise = new Promise<void>((done, failed) => ([resolve, reject] = [done, failed]));
  return { promise, resolve, reject };
}

/**
 * Group commit: the changes of all requests of one turn of the event loop are one transaction, and every request, reads
 * included, is answered only after its end. So nobody sees what could still be lost, and one commit serves many writers.
 * Where writers come together, as the last commit shows, the next one waits for what has arrived meanwhile: one more turn,
 * without a timer, because a process that sleeps on a busy machine is not woken soon.
 */
export class Commits {
  private waiting: Deferred | undefined;
  private writers = 0;
  private lastWriters = 0;

  /** `undo` takes back the whole turn after a failure: its changes, and what is known in memory. */
  constructor(
    private readonly commit: () => void,
    private readonly undo: () => void,
  ) {}

  /** Makes a change, which ends with this turn's transaction. */
  write(change: () => void): void {
    if (this.waiting === undefined) {
      this.waiting = deferred();
      // A failed commit is not unhandled when no request happens to wait for it (expired items being removed).
      this.waiting.promise.catch(() => undefined);
      const flush = () => this.flush();
      setImmediate(this.lastWriters > 1 ? () => setImmediate(flush) : flush);
    }
    this.writers++;
    try {
      change();
    } catch (cause) {
      // A part of the change may be made, and others of this turn are in the same transaction.
      throw this.fail(cause);
    }
  }

  /** What a request waits for before it answers; undefined when everything is on disk. */
  settled(): Promise<void> | undefined {
    return this.waiting?.promise;
  }

  flush(): void {
    const { waiting } = this;
    if (waiting === undefined) return;
    this.lastWriters = this.writers;
    this.writers = 0;
    try {
      this.commit();
    } catch (cause) {
      this.fail(cause);
      return;
    }
    this.waiting = undefined;
    waiting.resolve();
  }

  private fail(cause: unknown): CosmosError {
    const { waiting } = this;
    this.waiting = undefined;
    const error = new CosmosError(503, `The change could not be written to disk: ${String(cause)}`);
    this.undo();
    waiting?.reject(error);
    return error;
  }
}
