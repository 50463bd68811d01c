import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { StackError } from './errors';

export interface PartOptions {
  name: string;
  script: string;
  args: readonly string[];
  nodeArgs?: readonly string[];
  env: Record<string, string | undefined>;
  /** Recognises the line of stdout that says the part is ready. */
  isReady(line: string): boolean;
  /** What to do when it does not start, where its own last words do not say it. */
  advice?: string;
  log(line: string): void;
  /** The process id is another one, after a restart. */
  onRestart(): void;
  stopLimitMs: number;
}

const READY_LIMIT_MS = 60_000;
const FIRST_DELAY_MS = 200;
const MAX_DELAY_MS = 10_000;
/** A part that lived this long has recovered: the next restart is quick again. */
const HEALTHY_MS = 30_000;

/** One process of the stack: started until ready, restarted when it dies unexpectedly, stopped by SIGTERM. */
export class Part {
  #child: ChildProcess | undefined;
  #stopping = false;
  #retry: NodeJS.Timeout | undefined;
  #delay = FIRST_DELAY_MS;

  constructor(private readonly options: PartOptions) {}

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves with the line that said ready; fails with the part's own last words. */
  async start(): Promise<string> {
    const { name, advice } = this.options;
    const started = Date.now();
    const child = this.#spawn();
    let isUp = false;
    // Held back until it is up: the last words of a part that does not start are the reason, and said once.
    const early: string[] = [];
    if (child.stderr) {
      createInterface({ input: child.stderr }).on('line', (line) => {
        if (isUp) this.options.log(line);
        else if (line.trim() !== '') early.push(line);
      });
    }
    return new Promise<string>((resolve, reject) => {
      const limit = setTimeout(() => {
        child.kill('SIGKILL');
        reject(new StackError(`${name} was not ready within ${READY_LIMIT_MS / 1000} s.`));
      }, READY_LIMIT_MS);
      if (child.stdout) {
        createInterface({ input: child.stdout }).on('line', (line) => {
          if (isUp || !this.options.isReady(line)) return;
          isUp = true;
          clearTimeout(limit);
          early.forEach((each) => this.options.log(each));
          resolve(line);
        });
      }
      child.once('error', (error) =>
        reject(new StackError(`${name} could not be started: ${error.message}`)),
      );
      // `close` comes after the last line of output.
      child.once('close', (code, signal) => {
        clearTimeout(limit);
        const how = signal ? `signal ${signal}` : `exit code ${code}`;
        if (!isUp) {
          const reason = early.pop() ?? how;
          early.forEach((each) => this.options.log(each));
          reject(new StackError([`${name} could not start: ${reason}`, advice].filter(Boolean).join('\n')));
          return;
        }
        if (this.#stopping) return;
        if (Date.now() - started > HEALTHY_MS) this.#delay = FIRST_DELAY_MS;
        this.options.log(`${name} ended unexpectedly (${how}); it is restarted.`);
        this.#restartLater();
      });
    });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#retry);
    const child = this.#child;
    if (!child?.pid || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGTERM');
    const limit = setTimeout(() => child.kill('SIGKILL'), this.options.stopLimitMs);
    await ended;
    clearTimeout(limit);
  }

  #spawn(): ChildProcess {
    const { script, args, nodeArgs = [], env } = this.options;
    this.#child = spawn(
      process.execPath,
      // node:sqlite and fs.globSync are still marked experimental in Node 22.
      ['--disable-warning=ExperimentalWarning', ...nodeArgs, script, ...args],
      {
        env,
        // The part sees its parent's death, even by SIGKILL, as the end of stdin.
        stdio: ['pipe', 'pipe', 'pipe'],
        // A process group of its own: Ctrl-C reaches the launcher alone, which then stops the parts in order.
        detached: true,
      },
    );
    return this.#child;
  }

  #restartLater(): void {
    this.#retry = setTimeout(() => {
      this.start().then(
        () => {
          this.options.log(`${this.options.name} is ready again.`);
          this.options.onRestart();
        },
        (error: Error) => {
          if (this.#stopping) return;
          this.options.log(error.message);
          this.#restartLater();
        },
      );
    }, this.#delay);
    this.#delay = Math.min(this.#delay * 2, MAX_DELAY_MS);
  }
}
