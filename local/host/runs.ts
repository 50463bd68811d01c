/** The latest runs of each function, in memory: what the local page shows. Never holds anything from a payload. */
export interface Run {
  id: string;
  startedAt: string;
  reason: string;
  durationMs: number;
  succeeded: boolean;
}

const KEPT = 10;

export class Runs {
  readonly #byFunction = new Map<string, Run[]>();

  add(functionName: string, run: Run): void {
    const runs = this.#byFunction.get(functionName) ?? [];
    this.#byFunction.set(functionName, [run, ...runs].slice(0, KEPT));
  }

  /** The newest first. */
  all(): Record<string, readonly Run[]> {
    return Object.fromEntries(this.#byFunction);
  }
}
