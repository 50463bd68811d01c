import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { adminHandler } from './admin';
import { buildCatalog, triggerOf, type Catalog } from './catalog';
import { HostError, messageOf } from './errors';
import { readHostJson, type HostSettings } from './host-json';
import { httpFunctionHandler } from './http';
import { Invoker, type HostedFunction } from './invoker';
import type { HostKeys } from './keys';
import { disableNagle } from './no-delay';
import type { Binding, IndexedFunction, LogLevel } from './protocol';
import { appEnvironment, connectionString, hostId, type Env } from './settings';
import { cosmosDbListener } from './triggers/cosmos-db';
import type { Listener } from './triggers/listener';
import { serviceBusListener } from './triggers/service-bus';
import { firesOftenerThanMonitored, timerListener } from './triggers/timer';
import { blobTimerStatus } from './triggers/timer-status';
import { WorkerProcess } from './worker-process';

export interface HostOptions {
  appDir: string;
  /** 0 takes a free one. */
  port: number;
  address?: string;
  env: Record<string, string>;
  keys: HostKeys;
  log?: (line: string) => void;
  /** The built worker script; by default the one beside the built host. */
  worker?: string;
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

export interface Host {
  port: number;
  functions: readonly HostedFunctionInfo[];
  /** Settles only if the worker dies too often: the host is of no use any more. */
  gaveUp: Promise<HostError>;
  /** No new work by triggers; resolves when what runs is done, or after the limit. HTTP goes on. */
  drain(): Promise<void>;
  /** Drains, ends the worker and lets go of everything. */
  stop(): Promise<void>;
}

/** What Azure gives a process to shut down in. */
const DRAIN_LIMIT_MS = 10_000;
// A client whose service has gone away waits for its answer to the goodbye; nobody else has to.
const STOP_LISTENING_LIMIT_MS = 2_000;
const CLOSE_LIMIT_MS = 2_000;

interface RunningListener {
  fn: HostedFunction;
  listener: Listener;
}

export async function startHost(options: HostOptions): Promise<Host> {
  const log = options.log ?? ((line) => console.error(line));
  const appDir = resolve(options.appDir);
  const settings = readHostJson(appDir);
  disableNagle();

  // The port must be known before the app starts, because the app is told its own address.
  let handle: RequestListener = (_req, res) => void res.writeHead(503).end();
  const server = createServer((req, res) => {
    for (const [name, value] of Object.entries(settings.customHeaders)) res.setHeader(name, value);
    handle(req, res);
  });
  const port = await listen(server, options.port, options.address ?? '127.0.0.1');
  const env = appEnvironment(appDir, options.env, port, log);

  let giveUp: (reason: HostError) => void = () => undefined;
  const gaveUp = new Promise<HostError>((settle) => (giveUp = settle));
  const worker = new WorkerProcess({
    script: options.worker ?? join(__dirname, 'worker.js'),
    appDir,
    env,
    timeoutMs: settings.functionTimeoutMs,
    log,
    onAppLog: (level, category, message) => {
      if (isShown(level, category)) log(message);
    },
    onGiveUp: giveUp,
  });
  const invoker = new Invoker(worker, log);
  let listeners: RunningListener[] = [];

  const drain = async (): Promise<void> => {
    await within(
      STOP_LISTENING_LIMIT_MS,
      listeners.map(({ listener }) => listener.stop()),
    );
    await invoker.idle(DRAIN_LIMIT_MS);
  };
  const stop = async (): Promise<void> => {
    const closed = new Promise<void>((settle) => server.close(() => settle()));
    server.closeIdleConnections();
    await drain();
    await worker.stop();
    await within(
      CLOSE_LIMIT_MS,
      listeners.map(({ listener }) => listener.close()),
    );
    server.closeAllConnections();
    await closed;
  };

  try {
    const { functions: indexed } = await worker.start();
    const catalog = buildCatalog(indexed, settings, env);
    const functions = describeFunctions(indexed, catalog, settings, port);
    const id = hostId(appDir, env);
    listeners = await createListeners(catalog, settings, env, id, invoker, log);
    await Promise.all(listeners.map(({ listener }) => listener.start()));

    const http = httpFunctionHandler(
      catalog.http,
      settings.routePrefix,
      options.keys,
      invoker,
      () => worker.httpUri(),
      log,
    );
    let draining = false;
    const admin = adminHandler(
      {
        hostId: id,
        functions,
        runNow: (name, input) => runNow(listeners, invoker, name, input),
        drain: () => {
          draining = true;
          void drain();
        },
        drainStatus: () => ({
          state: !draining ? 'Disabled' : invoker.outstanding ? 'InProgress' : 'Completed',
          outstandingInvocations: invoker.outstanding,
          outstandingRetries: 0,
        }),
        resume: async () => {
          if (draining) await Promise.all(listeners.map(({ listener }) => listener.start()));
          draining = false;
        },
      },
      options.keys,
    );
    handle = (req, res) => void dispatch(req, res, http, admin, log);
    return { port, functions, gaveUp, drain, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function within(limitMs: number, work: readonly Promise<unknown>[]): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((settle) => (timer = setTimeout(settle, limitMs)));
  await Promise.race([Promise.all(work), limit]);
  clearTimeout(timer);
}

async function dispatch(
  req: IncomingMessage,
  res: ServerResponse,
  http: (req: IncomingMessage, res: ServerResponse) => Promise<void>,
  admin: (req: IncomingMessage, res: ServerResponse, url: URL) => Promise<void>,
  log: (line: string) => void,
): Promise<void> {
  try {
    const url = new URL(req.url ?? '/', 'http://localhost');
    if (/^\/admin(\/|$)/i.test(url.pathname)) await admin(req, res, url);
    else await http(req, res);
  } catch (error) {
    log(`A request could not be answered: ${messageOf(error)}`);
    if (res.headersSent) res.destroy();
    else res.writeHead(500).end();
  }
}

function listen(server: Server, port: number, address: string): Promise<number> {
  return new Promise((settle, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      reject(
        new HostError(
          taken
            ? `Port ${port} is unavailable: another program listens on it. Stop that program or choose another port.`
            : `The host cannot listen on ${address}:${port}: ${error.message}.`,
        ),
      );
    });
    server.listen(port, address, () => settle((server.address() as AddressInfo).port));
  });
}

async function createListeners(
  catalog: Catalog,
  settings: HostSettings,
  env: Env,
  id: string,
  invoker: Invoker,
  log: (line: string) => void,
): Promise<RunningListener[]> {
  const monitored = catalog.timers.filter(
    (fn) => fn.useMonitor && !firesOftenerThanMonitored(fn.schedule, new Date()),
  );
  const [first] = monitored;
  const store = first ? await timerStatusStore(env, id, first.name) : undefined;
  return [
    ...catalog.timers.map((fn) => ({
      fn,
      listener: timerListener(fn, invoker, monitored.includes(fn) ? store : undefined, log),
    })),
    ...catalog.serviceBus.map((fn) => ({
      fn,
      listener: serviceBusListener(fn, settings.serviceBus, invoker, log),
    })),
    ...catalog.cosmosDb.map((fn) => ({
      fn,
      listener: cosmosDbListener(fn, settings.cosmosUserAgentSuffix, invoker, log),
    })),
  ];
}

async function timerStatusStore(
  env: Env,
  id: string,
  functionName: string,
): ReturnType<typeof blobTimerStatus> {
  const connection = connectionString('AzureWebJobsStorage', env, `Timer ${functionName}`);
  try {
    return await blobTimerStatus(connection, id);
  } catch (error) {
    throw new HostError(
      `The timers' status cannot be kept: AzureWebJobsStorage does not answer (${messageOf(error)}). Start the storage, or correct the setting.`,
    );
  }
}

function runNow(
  listeners: readonly RunningListener[],
  invoker: Invoker,
  name: string,
  input: string,
): boolean {
  const found = listeners.find(({ fn }) => fn.name === name);
  if (!found) return false;
  // Its end is in the log; the caller has its answer already.
  invoker.run(found.fn, found.listener.event(input)).catch(() => undefined);
  return true;
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
  const listening = new Set(
    [...catalog.timers, ...catalog.serviceBus, ...catalog.cosmosDb].map(({ name }) => name),
  );
  return indexed.map((fn) => {
    const http = catalog.http.find((candidate) => candidate.name === fn.name);
    const path = [settings.routePrefix, http?.route.template].filter((part) => part).join('/');
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
