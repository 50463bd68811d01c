import { CosmosError } from './errors';
import type { ItemChange } from './store';

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
 * Group commit: the changes of all requests of one turn of the event loop go to disk in one transaction,
 * and every request, reads included, is answered only after that. So nobody sees what could still be lost,
 * and one commit serves many writers.
 */
export class Commits {
  private changes: ItemChange[] = [];
  private waiting: Deferred | undefined;

  /** `discard` is called when a commit failed: what is in memory is then ahead of the disk. */
  constructor(
    private readonly write: (changes: readonly ItemChange[]) => void,
    private readonly discard: (error: Error) => void,
  ) {}

  add(changes: readonly ItemChange[]): void {
    this.changes.push(...changes);
    if (this.waiting !== undefined) return;
    this.waiting = deferred();
    // A failed commit is not unhandled when no request happens to wait for it (expired items being removed).
    this.waiting.promise.catch(() => undefined);
    setImmediate(() => this.flush());
  }

  /** What a request waits for before it answers; undefined when everything is on disk. */
  settled(): Promise<void> | undefined {
    return this.waiting?.promise;
  }

  flush(): void {
    const { changes, waiting } = this;
    if (waiting === undefined) return;
    this.changes = [];
    this.waiting = undefined;
    try {
      this.write(changes);
      waiting.resolve();
    } catch (cause) {
      const error = new CosmosError(503, `The change could not be written to disk: ${String(cause)}`);
      this.discard(error);
      waiting.reject(error);
    }
  }
}
