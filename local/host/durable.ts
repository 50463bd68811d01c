import { join } from 'node:path';
import {
  DurableError,
  FunctionFailed,
  openDurable,
  readDurableSettings,
  type Durable,
  type FunctionKind,
  type Functions,
} from '../durable';
import type { HostContext } from './context';
import { HostError } from './errors';
import type { HostedFunction } from './invoker';
import type { TypedData } from './protocol';
import { resolveSettings } from './settings';
import { InvocationError } from './worker-process';

/** The Durable functions of an app and what they run on; triggers and client bindings of one app share one. */
export interface DurableApp {
  readonly backend: Durable;
  add(kind: FunctionKind, fn: HostedFunction): void;
}

const apps = new WeakMap<HostContext, Promise<DurableApp>>();

export function durableOf(host: HostContext): Promise<DurableApp> {
  const app = apps.get(host) ?? open(host);
  apps.set(host, app);
  return app;
}

async function open(host: HostContext): Promise<DurableApp> {
  const { env, settings, log, webhooks } = host;
  if (host.dataDir === undefined) {
    throw new HostError(
      'The app has Durable functions, and the host has no folder to keep their state in; start it with --data DIR.',
    );
  }
  const functions = new HostFunctions(host);
  try {
    const backend = await openDurable({
      dataDir: join(host.dataDir, 'durable'),
      functions,
      settings: readDurableSettings(
        settings.durableTask,
        (text) => resolveSettings(text, env, 'host.json: extensions.durableTask.hubName'),
        env['WEBSITE_SITE_NAME'],
        log,
      ),
      systemKey: host.systemKey('durabletask'),
      origin: host.baseUrl,
      log,
      ...host.durable,
    });
    webhooks.set('durabletask', (req, res) => backend.handle(req, res));
    return { backend, add: (kind, fn) => functions.add(kind, fn) };
  } catch (error) {
    throw error instanceof DurableError ? new HostError(error.message, { cause: error }) : error;
  }
}

/** The app's functions as the backend sees them: text in, JSON out. */
class HostFunctions implements Functions {
  readonly #known = new Map<string, HostedFunction>();

  constructor(private readonly host: HostContext) {}

  add(kind: FunctionKind, fn: HostedFunction): void {
    this.#known.set(keyOf(kind, fn.name), fn);
  }

  find(kind: FunctionKind, name: string): string | undefined {
    return this.#known.get(keyOf(kind, name))?.name;
  }

  names(kind: FunctionKind): string[] {
    return [...this.#known].flatMap(([key, { name }]) => (key === keyOf(kind, name) ? [name] : []));
  }

  async run(kind: FunctionKind, name: string, input: string | undefined, instance: string): Promise<string> {
    const fn = this.#known.get(keyOf(kind, name));
    if (!fn) throw new FunctionFailed(`The function ${name} is gone.`, '', 'lost');
    const data: TypedData = input === undefined ? {} : { string: input };
    const metadata: Record<string, TypedData> =
      kind === 'activity'
        ? { instanceId: { string: instance }, data: { json: jsonOf(input) }, [fn.inputName]: data }
        : { [fn.inputName]: data };
    try {
      const event = { input: data, metadata, reason: 'New work for a Durable function' };
      return resultOf((await this.host.invoker.run(fn, event)).returnValue);
    } catch (error) {
      if (!(error instanceof InvocationError)) throw error;
      const { message, stackTrace = message } = error.exception;
      throw new FunctionFailed(message, stackTrace, error.reason);
    }
  }
}

const keyOf = (kind: FunctionKind, name: string): string => `${kind} ${name.toLowerCase()}`;

function jsonOf(text: string | undefined): string {
  if (text === undefined) return 'null';
  try {
    JSON.parse(text);
    return text;
  } catch {
    return JSON.stringify(text);
  }
}

function resultOf(value: TypedData | null | undefined): string {
  if (!value) return 'null';
  if (value.json !== undefined) return value.json;
  if (value.bytes) return JSON.stringify(Buffer.from(value.bytes).toString('base64'));
  return JSON.stringify(value.string ?? value.int ?? value.double ?? null);
}
