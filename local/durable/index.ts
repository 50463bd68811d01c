/**
 * A Durable Functions backend for one machine: the unchanged `durable-functions` package talks to it as it does to the
 * extension inside Azure's Functions host, over HTTP and JSON.
 */
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Api } from './api';
import { Client } from './client';
import { systemClock, type Clock } from './clock';
import { Engine } from './engine';
import type { Functions } from './functions';
import type { DurableSettings } from './settings';
import { Store } from './store';
import { clientBinding, LOCAL_PATH, PUBLIC_PATH } from './urls';

export { VirtualClock, type Clock } from './clock';
export { DurableError } from './errors';
export { FunctionFailed, type FunctionKind, type Functions } from './functions';
export { readDurableSettings, type DurableSettings } from './settings';

export interface DurableOptions {
  dataDir: string;
  functions: Functions;
  settings: DurableSettings;
  /** Opens the public API; the host checks it, the addresses carry it. */
  systemKey: string;
  /** Where the public API is, `http://localhost:7071`. */
  origin: string;
  log: (line: string) => void;
  clock?: Clock;
  /** Around each step that is written down; drills end the process here. */
  onCommit?: (moment: 'before' | 'after') => void;
}

export interface Durable {
  /** Below /runtime/webhooks/durabletask; the caller has checked the key. */
  handle(req: IncomingMessage, res: ServerResponse): Promise<void>;
  /** What a durableClient binding hands to its function. */
  clientBinding(hubName?: string): string;
  /** Takes up what was left by an earlier run, or by `pause`. */
  start(): void;
  /** Runs nothing new. */
  pause(): void;
  stop(): Promise<void>;
}

export async function openDurable(options: DurableOptions): Promise<Durable> {
  const { functions, settings, log, origin, systemKey, clock = systemClock } = options;
  mkdirSync(options.dataDir, { recursive: true });
  const store = new Store(join(options.dataDir, 'durable.db'), options.onCommit);
  const engine = new Engine(store, functions, settings, clock, log);
  const addresses = { hubName: settings.hubName, key: systemKey };
  const api = new Api(new Client(store, engine, functions, settings, clock), addresses);

  const serve = (basePath: string) => async (req: IncomingMessage, res: ServerResponse) => {
    try {
      await api.handle(req, res, basePath);
    } catch (error) {
      log(`A request to Durable Functions could not be answered: ${String(error)}`);
      res.destroy();
    }
  };
  let rpc: Server | undefined;
  try {
    rpc = settings.localRpc ? await listen(serve(LOCAL_PATH)) : undefined;
  } catch (error) {
    store.close();
    throw error;
  }
  const rpcBaseUrl = rpc && `http://127.0.0.1:${(rpc.address() as AddressInfo).port}${LOCAL_PATH}/`;
  let hasStarted = false;
  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    engine.close();
    if (rpc) {
      const closed = once(rpc, 'close');
      rpc.close();
      rpc.closeAllConnections();
      await closed;
    }
    store.close();
  };
  return {
    handle: serve(PUBLIC_PATH),
    clientBinding: (hubName) => clientBinding(origin, rpcBaseUrl, addresses, hubName),
    start: () => {
      if (hasStarted) engine.resume();
      else engine.start();
      hasStarted = true;
    },
    pause: () => engine.pause(),
    stop: () => (stopped ??= stop()),
  };
}

async function listen(handle: (req: IncomingMessage, res: ServerResponse) => Promise<void>): Promise<Server> {
  const server = createServer((req, res) => void handle(req, res));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
