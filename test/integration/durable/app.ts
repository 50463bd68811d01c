import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../../local/durable';
import { startHost, type Host } from '../../../local/host';
import { appFolder, buildLocal } from '../host/support';

/** Where the suite's app runs: below a local host of its own, or wherever MEDRELAY_CONFORMANCE_DURABLE says. */
export interface DurableApp {
  /** Absent for a deployed app: what only a stand-in can do. */
  local?: {
    clock: Clock | undefined;
    host: Host;
    lines: string[];
    dataDir: string;
    restart(): Promise<void>;
  };
  /** A function of the app, by its route. */
  call(route: string, body?: unknown, init?: RequestInit): Promise<Response>;
  /** The public API, with the system key. */
  api(path: string, init?: RequestInit): Promise<Response>;
  url: string;
  systemKey: string;
  stop(): Promise<void>;
}

const KEYS = { master: 'master-key', function: 'function-key', system: 'system key+/=' };
export const TASK_HUB = 'ConformanceHub';

/**
 * MEDRELAY_CONFORMANCE_DURABLE = base URL of a function app that test/fixtures/durable-app was deployed to,
 * MEDRELAY_CONFORMANCE_DURABLE_KEY = its system key `durabletask_extension`, setting TASK_HUB = ConformanceHub there.
 */
export async function startDurableApp(
  options: {
    clock?: Clock;
    files?: Record<string, string>;
    onCommit?: (moment: 'before' | 'after') => void;
  } = {},
): Promise<DurableApp> {
  const deployed = process.env['MEDRELAY_CONFORMANCE_DURABLE'];
  const key = process.env['MEDRELAY_CONFORMANCE_DURABLE_KEY'];
  if (deployed && key) {
    const url = deployed.replace(/\/+$/, '');
    return { ...callsTo(() => url, key), url, systemKey: key, stop: async () => undefined };
  }
  const { clock, onCommit } = options;
  const built = buildLocal({ worker: 'local/host/worker/main.ts' });
  const app = appFolder(options.files ?? {}, 'durable-app');
  const dataDir = mkdtempSync(join(tmpdir(), 'durable-data-'));
  const lines: string[] = [];
  const start = (port: number): Promise<Host> =>
    startHost({
      appDir: app.dir,
      port,
      keys: KEYS,
      env: { PATH: process.env['PATH'] ?? '', TASK_HUB },
      worker: join(built.dir, 'worker.js'),
      dataDir,
      log: (line) => lines.push(line),
      durable: { ...(clock ? { clock } : {}), ...(onCommit ? { onCommit } : {}) },
    });
  let host = await start(0);
  const url = `http://127.0.0.1:${host.port}`;
  return {
    local: {
      clock,
      get host() {
        return host;
      },
      lines,
      dataDir,
      restart: async () => {
        const { port } = host;
        await host.stop();
        host = await start(port);
      },
    },
    ...callsTo(() => url, KEYS.system),
    url,
    systemKey: KEYS.system,
    stop: async () => {
      await host.stop();
      built.remove();
      app.remove();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

function callsTo(base: () => string, key: string): Pick<DurableApp, 'call' | 'api'> {
  return {
    call: (route, body, init = {}) =>
      fetch(`${base()}/api/${route}`, {
        method: body === undefined ? 'GET' : 'POST',
        ...(body === undefined || body === '' ? {} : { body: JSON.stringify(body) }),
        ...init,
      }),
    api: (path, init) => {
      const headers = new Headers(init?.headers);
      headers.set('x-functions-key', key);
      return fetch(`${base()}/runtime/webhooks/durabletask/${path}`, { ...init, headers });
    },
  };
}

export interface Status {
  name: string;
  instanceId: string;
  runtimeStatus: string;
  input: unknown;
  output: unknown;
  customStatus: unknown;
  createdTime: string;
  lastUpdatedTime: string;
  historyEvents: Record<string, unknown>[] | null;
}

let counter = 0;
/** Ids that no other run has used: a deployed task hub keeps them. */
export const newId = (): string => `t${Date.now().toString(36)}-${process.pid}-${(counter += 1)}`;

const LIMIT_MS = 90_000;

export class Runs {
  constructor(private readonly app: () => DurableApp) {}

  async start(name: string, input?: unknown, id = newId()): Promise<string> {
    const response = await this.app().call(`start/${name}/${id}`, input ?? '');
    if (response.status !== 202)
      throw new Error(`start answered ${response.status} ${await response.text()}`);
    return id;
  }

  async status(id: string, query = ''): Promise<Status> {
    const response = await this.app().api(`instances/${id}${query}`);
    return (await response.json()) as Status;
  }

  /** Polls until the condition holds; what takes longer than the limit is broken, not slow. */
  async until(id: string, isMet: (status: Status) => boolean): Promise<Status> {
    for (const end = Date.now() + LIMIT_MS; Date.now() < end;) {
      const response = await this.app().api(`instances/${id}`);
      if (response.status < 300) {
        const status = (await response.json()) as Status;
        if (isMet(status)) return status;
      }
      await new Promise((wake) => setTimeout(wake, 25));
    }
    throw new Error(`Instance ${id} did not get there: ${JSON.stringify(await this.status(id))}`);
  }

  ended(id: string): Promise<Status> {
    return this.until(id, ({ runtimeStatus }) => /^(Completed|Failed|Terminated)$/.test(runtimeStatus));
  }

  async run(name: string, input?: unknown): Promise<Status> {
    return this.ended(await this.start(name, input));
  }

  raise(id: string, event: string, data: unknown): Promise<Response> {
    return this.post(`instances/${id}/raiseEvent/${event}`, data);
  }

  post(path: string, data?: unknown): Promise<Response> {
    return this.app().api(path, {
      method: 'POST',
      ...(data === undefined
        ? {}
        : { body: JSON.stringify(data), headers: { 'content-type': 'application/json' } }),
    });
  }

  /** A method of durable-functions' own client, inside the app. */
  async client(method: string, ...args: unknown[]): Promise<{ value?: unknown; error?: string }> {
    return (await (await this.app().call(`client/${method}`, args)).json()) as {
      value?: unknown;
      error?: string;
    };
  }
}
