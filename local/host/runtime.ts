import type { IncomingMessage, ServerResponse } from 'node:http';
import { type FunctionBindings, openBindings } from './bindings/bound';
import { buildCatalog, triggerOf, type Catalog } from './catalog';
import type { HostContext, Webhook } from './context';
import type { HostError } from './errors';
import { readHostJson, type HostSettings } from './host-json';
import { httpFunctionHandler } from './http';
import { Invoker } from './invoker';
import type { KeyStore } from './keys';
import type { Binding, IndexedFunction, LogLevel } from './protocol';
import { appEnvironment, hostId, type Env } from './settings';
import { within } from './within';
import type { Run } from './runs';
import type { Listener } from './triggers/trigger';
import { WorkerProcess } from './worker-process';

export interface RuntimeOptions {
  appDir: string;
  env: Env;
  port: number;
  keys: KeyStore;
  worker: string;
  /** Where a debugger may attach to the worker: a port, or host:port. */
  inspect?: string;
  dataDir?: string;
  durable?: HostContext['durable'];
  log(line: string): void;
  onGiveUp(reason: HostError): void;
}

export interface HostedFunctionInfo {
  name: string;
  trigger: string;
  disabled: boolean;
  route?: string;
  methods?: string[];
  url?: string;
  bindings: Binding[];
}

export interface DrainStatus {
  state: 'Disabled' | 'InProgress' | 'Completed';
  outstandingInvocations: number;
  outstandingRetries: number;
}

/** One loaded app: its worker, its triggers, its HTTP functions. A reload replaces the whole. */
export interface Runtime {
  readonly hostId: string;
  readonly settings: HostSettings;
  readonly functions: readonly HostedFunctionInfo[];
  http(req: IncomingMessage, res: ServerResponse): Promise<void>;
  webhook(name: string): Webhook | undefined;
  /** Starts a run by hand and says whether that function can be run so. */
  runNow(name: string, input: string): boolean;
  /** No new work by triggers; resolves when what runs is done, or after the limit. HTTP goes on. */
  drain(): Promise<void>;
  runs(): Record<string, readonly Run[]>;
  drainStatus(): DrainStatus;
  resume(): Promise<void>;
  stop(): Promise<void>;
}

/** What Azure gives a process to shut down in. */
const DRAIN_LIMIT_MS = 10_000;
// A client whose service has gone away waits for its answer to the goodbye; nobody else has to.
const STOP_LISTENING_LIMIT_MS = 2_000;
const CLOSE_LIMIT_MS = 2_000;

export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  const { appDir, port, keys, log } = options;
  const settings = readHostJson(appDir);
  const env = appEnvironment(appDir, options.env, port, log);
  const worker = new WorkerProcess({
    script: options.worker,
    appDir,
    env,
    timeoutMs: settings.functionTimeoutMs,
    ...(options.inspect ? { inspect: options.inspect } : {}),
    log,
    onAppLog: (level, category, message) => {
      if (isShown(level, category)) log(message);
    },
    onGiveUp: (reason) => options.onGiveUp(reason),
  });

  let bindings = new Map<string, FunctionBindings>();
  let listeners: readonly Listener[] = [];
  let draining = false;
  const invoker = new Invoker(worker, (name) => bindings.get(name), log);
  const webhooks = new Map<string, Webhook>();
  const context: HostContext = {
    env,
    settings,
    hostId: hostId(appDir, env),
    baseUrl: `http://127.0.0.1:${port}`,
    systemKey: (extension) => keys.systemKey(extension),
    webhooks,
    invoker,
    dataDir: options.dataDir,
    durable: options.durable ?? {},
    log,
  };

  const drain = async (): Promise<void> => {
    await within(
      STOP_LISTENING_LIMIT_MS,
      listeners.map((listener) => listener.stop()),
    );
    await invoker.idle(DRAIN_LIMIT_MS);
  };
  const stop = async (): Promise<void> => {
    await drain();
    await worker.stop();
    await within(CLOSE_LIMIT_MS, [
      ...listeners.map((listener) => listener.close()),
      ...[...bindings.values()].map((each) => each.close()),
    ]);
  };

  try {
    const { functions: indexed } = await worker.start();
    const catalog = buildCatalog(indexed, settings, env);
    bindings = await openBindings(catalog.bindings, context);
    for (const [kind, functions] of catalog.triggered) {
      listeners = [...listeners, ...(await kind.open(functions, context))];
    }
    await Promise.all(listeners.map((listener) => listener.start()));
    return {
      hostId: context.hostId,
      settings,
      functions: describeFunctions(indexed, catalog, settings, port),
      http: httpFunctionHandler(catalog.http, settings.http, keys, invoker, () => worker.httpUri(), log),
      webhook: (name) => webhooks.get(name),
      runNow(name, input) {
        const manual = listeners.map((listener) => listener.manual).find((each) => each?.fn.name === name);
        if (!manual) return false;
        // Its end is in the log; the caller has its answer already.
        invoker.run(manual.fn, manual.event(input)).catch(() => undefined);
        return true;
      },
      drain: () => {
        draining = true;
        return drain();
      },
      runs: () => invoker.runs.all(),
      drainStatus: () => ({
        state: !draining ? 'Disabled' : invoker.outstanding ? 'InProgress' : 'Completed',
        outstandingInvocations: invoker.outstanding,
        outstandingRetries: 0,
      }),
      async resume() {
        if (draining) await Promise.all(listeners.map((listener) => listener.start()));
        draining = false;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function isShown(level: LogLevel, category: string): boolean {
  const shown: readonly LogLevel[] =
    category === 'user' ? ['information', 'warning', 'error', 'critical'] : ['warning', 'error', 'critical'];
  return shown.includes(level);
}

function describeFunctions(
  indexed: readonly IndexedFunction[],
  catalog: Catalog,
  settings: HostSettings,
  port: number,
): HostedFunctionInfo[] {
  const listening = new Set([...catalog.triggered.values()].flat().map(({ name }) => name));
  return indexed.map((fn) => {
    const http = catalog.http.find((candidate) => candidate.name === fn.name);
    const path = [settings.http.routePrefix, http?.route.template].filter((part) => part).join('/');
    return {
      name: fn.name,
      trigger: triggerOf(fn).type,
      disabled: http?.disabled ?? !listening.has(fn.name),
      bindings: fn.bindings,
      ...(http
        ? { route: http.route.template, methods: [...http.methods], url: `http://localhost:${port}/${path}` }
        : {}),
    };
  });
}
