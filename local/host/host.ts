import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { adminHandler } from './admin';
import { applyCors, corsSettings } from './cors';
import type { HostContext } from './context';
import { HostError, messageOf } from './errors';
import { KeyStore, type HostKeys } from './keys';
import { disableNagle } from './no-delay';
import { startRuntime, type HostedFunctionInfo, type Runtime } from './runtime';
import { readHostSection, type Env } from './settings';
import { watchApp } from './watch';

export interface HostOptions {
  appDir: string;
  /** 0 takes a free one. */
  port: number;
  address?: string;
  env: Env;
  keys: HostKeys;
  /** Gets all keys whenever the admin API has changed one. */
  saveKeys?: (keys: HostKeys) => void;
  log?: (line: string) => void;
  /** The built worker script; by default the one beside the built host. */
  worker?: string;
  /** Builds and reloads the app when its files change. */
  watch?: boolean;
  /** Where a debugger may attach to the app: a port, or host:port. */
  inspect?: string;
  /** Where extensions keep their state: that of Durable Functions is in durable/durable.db. */
  dataDir?: string;
  /** For tests and drills of the Durable backend: its clock, and a call around each of its steps. */
  durable?: HostContext['durable'];
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

export async function startHost(options: HostOptions): Promise<Host> {
  const log = options.log ?? ((line) => console.error(line));
  const appDir = resolve(options.appDir);
  const keys = new KeyStore(options.keys, options.saveKeys);
  const cors = corsSettings(readHostSection(appDir));
  disableNagle();

  // The port must be known before the app starts, because the app is told its own address.
  let runtime: Runtime | undefined;
  const server = createServer((req, res) => void answer(req, res));
  const port = await listen(server, options.port, options.address ?? '127.0.0.1');

  let giveUp: (reason: HostError) => void = () => undefined;
  const gaveUp = new Promise<HostError>((settle) => (giveUp = settle));
  const load = (): Promise<Runtime> =>
    startRuntime({
      appDir,
      env: options.env,
      port,
      keys,
      worker: options.worker ?? join(__dirname, 'worker.js'),
      ...(options.inspect ? { inspect: options.inspect } : {}),
      ...(options.dataDir ? { dataDir: resolve(options.dataDir) } : {}),
      ...(options.durable ? { durable: options.durable } : {}),
      log,
      onGiveUp: (reason) => {
        // Whoever watches is about to mend it.
        if (options.watch) log(`${reason.message} It is loaded again when a file changes.`);
        else giveUp(reason);
      },
    });

  /** One reload after the other; what fails to load answers 503 until the next. */
  let reloading: Promise<void> = Promise.resolve();
  const reload = (why: string): Promise<void> => {
    reloading = reloading.then(async () => {
      log(`${why}; the app is loaded again.`);
      const old = runtime;
      runtime = undefined;
      await old?.stop();
      try {
        runtime = await load();
        log('The app is loaded.');
      } catch (error) {
        log(`The app cannot be loaded: ${messageOf(error)}`);
      }
    });
    return reloading;
  };

  const admin = adminHandler(keys, (why) => void reload(why));
  const answer = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    try {
      if (applyCors(cors, req, res) === 'answered') return;
      const current = runtime;
      if (!current) return void res.writeHead(503).end();
      for (const [name, value] of Object.entries(current.settings.http.customHeaders)) {
        res.setHeader(name, value);
      }
      const url = new URL(req.url ?? '/', 'http://localhost');
      if (/^\/admin(\/|$)/i.test(url.pathname)) return await admin(current, req, res, url);
      const extension = /^\/runtime\/webhooks\/([^/]+)\/?(.*)$/i.exec(url.pathname);
      if (!extension) return await current.http(req, res);
      const [, name = '', path = ''] = extension;
      const webhook = current.webhook(name.toLowerCase());
      if (!webhook) return void res.writeHead(404).end();
      if (!keys.authorised('system', req.headers, url.searchParams, name.toLowerCase())) {
        return void res.writeHead(401).end();
      }
      await webhook(req, res, path, url);
    } catch (error) {
      log(`A request could not be answered: ${messageOf(error)}`);
      if (res.headersSent) res.destroy();
      else res.writeHead(500).end();
    }
  };

  const close = async (): Promise<void> => {
    const closed = new Promise<void>((settle) => server.close(() => settle()));
    server.closeIdleConnections();
    await runtime?.stop();
    server.closeAllConnections();
    await closed;
  };
  try {
    runtime = await load();
  } catch (error) {
    await close();
    throw error;
  }
  const watcher = options.watch ? watchApp(appDir, (why) => void reload(why), log) : undefined;
  return {
    port,
    get functions() {
      return runtime?.functions ?? [];
    },
    gaveUp,
    drain: async () => runtime?.drain(),
    async stop() {
      watcher?.close();
      await reloading;
      await close();
    },
  };
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
