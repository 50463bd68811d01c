import { fork, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { HostError } from './errors';
import type {
  FromWorker,
  IndexedFunction,
  InvocationRequest,
  InvocationResponse,
  LogLevel,
  RpcException,
  ToWorker,
} from './protocol';

export interface WorkerOptions {
  script: string;
  appDir: string;
  env: Record<string, string>;
  /** Longest time one invocation may take; undefined is unbounded. */
  timeoutMs: number | undefined;
  /** Where a debugger may attach: a port, or host:port. */
  inspect?: string;
  log(line: string): void;
  onAppLog(level: LogLevel, category: string, message: string, functionName?: string): void;
  /** The worker died too often: the host cannot go on. */
  onGiveUp(reason: HostError): void;
}

interface Loaded {
  functions: IndexedFunction[];
  capabilities: Record<string, string>;
}

/** An invocation that did not succeed, as the app or the worker's end explains it. */
export class InvocationError extends Error {
  override readonly name = 'InvocationError';
  constructor(
    readonly exception: RpcException,
    /** `lost`: the process ended before it answered, which says nothing about the function. */
    readonly reason: 'threw' | 'timeout' | 'lost' = 'threw',
  ) {
    super(exception.message);
  }
}

interface Pending {
  resolve(response: InvocationResponse): void;
  reject(error: InvocationError): void;
  timer: NodeJS.Timeout | undefined;
}

// Azure gives a worker three restarts within half an hour, then the host gives up.
const MAX_RESTARTS = 3;
const RESTART_WINDOW_MS = 30 * 60_000;
const TERMINATE_GRACE_MS = 5_000;
/**
 * V8 lets garbage grow to a multiple of what lives before it collects, which is right where a process has the machine to
 * itself. Here it shares one with the whole stack: 100 MB through an HTTP stream cost 60 MB less with these (measured).
 */
const SMALL_HEAP = ['--max-semi-space-size=8', '--heap-growing-percent=30'];

/** The app's process and its restarts. An invocation that arrives during a restart waits for the new process. */
export class WorkerProcess {
  #child: ChildProcess | undefined;
  #loaded: Promise<Loaded> = Promise.reject(new HostError('The worker was not started.'));
  readonly #pending = new Map<string, Pending>();
  #crashes: number[] = [];
  #stopping = false;

  constructor(private readonly options: WorkerOptions) {
    this.#loaded.catch(() => undefined);
  }

  /** Starts the process and loads the app; fails with the reason when the app cannot be loaded. */
  start(): Promise<Loaded> {
    this.#loaded = this.#spawn();
    this.#loaded.catch(() => undefined);
    return this.#loaded;
  }

  /** Where the library's own HTTP server listens when the app asked for HTTP streams. */
  async httpUri(): Promise<string | undefined> {
    return (await this.#loaded).capabilities['HttpUri'];
  }

  async invoke(request: InvocationRequest): Promise<InvocationResponse> {
    await this.#loaded;
    return new Promise((resolve, reject) => {
      const { timeoutMs } = this.options;
      const timer =
        timeoutMs === undefined ? undefined : setTimeout(() => this.#timedOut(request), timeoutMs);
      this.#pending.set(request.invocationId, { resolve, reject, timer });
      this.#send({ type: 'invoke', ...request });
    });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    this.#send({ type: 'terminate' });
    const kill = setTimeout(() => child.kill('SIGKILL'), TERMINATE_GRACE_MS);
    await ended;
    clearTimeout(kill);
  }

  #send(message: ToWorker): void {
    // A failed write means the process has ended; its exit settles what is pending.
    this.#child?.send(message, () => undefined);
  }

  #spawn(): Promise<Loaded> {
    const { script, appDir, env, inspect, log } = this.options;
    const child = fork(script, [], {
      cwd: appDir,
      env,
      // Buffers travel as bytes, not as JSON arrays.
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // fs.globSync is still marked experimental in Node 22.
      execArgv: [
        ...['--enable-source-maps', '--disable-warning=ExperimentalWarning', ...SMALL_HEAP],
        ...(inspect === undefined ? [] : [`--inspect=${inspect}`]),
      ],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      if (stream) createInterface({ input: stream }).on('line', log);

    return new Promise<Loaded>((resolve, reject) => {
      let loaded = false;
      child.on('message', (message: FromWorker) => {
        if (message.type === 'loaded') {
          loaded = true;
          resolve({ functions: message.functions, capabilities: message.capabilities });
        } else if (message.type === 'loadFailed') {
          if (message.stack) log(message.stack);
          this.#stopping = true;
          reject(new HostError(message.reason));
        } else this.#receive(message);
      });
      child.once('error', (error) =>
        reject(new HostError(`The worker process could not be started: ${error.message}`)),
      );
      child.once('exit', (code, signal) => {
        const how = signal ? `signal ${signal}` : `exit code ${code}`;
        this.#failPending(`The worker process ended (${how}) before the function returned.`);
        if (!loaded)
          reject(
            new HostError(
              `The worker process ended (${how}) while it loaded the app; its last output is above.`,
            ),
          );
        if (!this.#stopping && loaded) this.#crashed(how);
      });
      this.#send({ type: 'load', appDir });
    });
  }

  #receive(message: Exclude<FromWorker, { type: 'loaded' | 'loadFailed' }>): void {
    if (message.type === 'log') {
      this.options.onAppLog(message.level, message.category, message.message, message.functionName);
      return;
    }
    const pending = this.#take(message.invocationId);
    if (message.type === 'succeeded') pending?.resolve(message.response);
    else pending?.reject(new InvocationError(message.exception));
  }

  #take(invocationId: string): Pending | undefined {
    const pending = this.#pending.get(invocationId);
    clearTimeout(pending?.timer);
    this.#pending.delete(invocationId);
    return pending;
  }

  #failPending(message: string): void {
    for (const id of [...this.#pending.keys()])
      this.#take(id)?.reject(new InvocationError({ message }, 'lost'));
  }

  /** A function cannot be interrupted, so a timeout costs the whole process, with everything else it runs. */
  #timedOut(request: InvocationRequest): void {
    const message = `Timeout value of ${(this.options.timeoutMs ?? 0) / 1000} s was exceeded by function ${request.functionName}.`;
    this.#take(request.invocationId)?.reject(new InvocationError({ message }, 'timeout'));
    this.options.log(`${message} The worker process is restarted.`);
    const child = this.#child;
    this.#failPending(`The worker process was restarted because function ${request.functionName} timed out.`);
    child?.removeAllListeners('exit');
    child?.kill('SIGKILL');
    this.#restart();
  }

  #crashed(how: string): void {
    const now = Date.now();
    this.#crashes = [...this.#crashes.filter((at) => at > now - RESTART_WINDOW_MS), now];
    if (this.#crashes.length > MAX_RESTARTS) {
      this.#stopping = true;
      const reason = new HostError(
        `The worker process ended ${this.#crashes.length} times within 30 minutes (last: ${how}); the host gives up. Its output above says why.`,
      );
      this.#loaded = Promise.reject(reason);
      this.#loaded.catch(() => undefined);
      this.options.onGiveUp(reason);
      return;
    }
    this.options.log(`The worker process ended unexpectedly (${how}); it is restarted.`);
    this.#restart();
  }

  #restart(): void {
    this.start().catch((error: unknown) => {
      if (!this.#stopping) this.#crashed(error instanceof Error ? error.message : 'failed start');
    });
  }
}
