import { Module } from 'node:module';
import type { Binding, IndexedFunction, InvocationResponse, LogLevel, RetryOptions } from '../protocol';

/**
 * The `@azure/functions-core` module. It exists only inside a worker process: Azure's worker provides it by
 * hooking `Module.prototype.require`, and `@azure/functions` looks it up there at its first registration.
 */

export type Callback = (...args: unknown[]) => unknown;
type Hook = (context: object) => unknown;

interface FunctionMetadata {
  name: string;
  functionId?: string;
  bindings: Record<string, Omit<Binding, 'name'>>;
  retryOptions?: RetryOptions;
}

export interface RegisteredFunction {
  metadata: FunctionMetadata;
  callback: Callback;
}

export interface CoreInvocationContext {
  invocationId: string;
  request: object;
  metadata: FunctionMetadata;
  state?: 'preInvocationHooks' | 'invocation' | 'postInvocationHooks';
  log(level: LogLevel, category: string, message: string): void;
}

interface InvocationModel {
  getArguments(): Promise<{ context: unknown; inputs: unknown[] }>;
  invokeFunction(context: unknown, inputs: unknown[], callback: Callback): Promise<unknown>;
  getResponse(context: unknown, result: unknown): Promise<InvocationResponse>;
}

interface ProgrammingModel {
  getInvocationModel(core: CoreInvocationContext): InvocationModel;
  getCapabilities?(defaults: Record<string, string>): Promise<Record<string, string>>;
}

const HOOK_NAMES = ['appStart', 'appTerminate', 'preInvocation', 'postInvocation', 'log'] as const;
export type HookName = (typeof HOOK_NAMES)[number];
const isHookName = (name: string): name is HookName => (HOOK_NAMES as readonly string[]).includes(name);

/** The library tells a refusal of ours from a bug of the app by this mark. */
class SystemRangeError extends RangeError {
  readonly isAzureFunctionsSystemError = true;
}

class Disposable {
  #dispose: (() => unknown) | undefined;
  static from(...items: { dispose?: () => unknown }[]): Disposable {
    return new Disposable(() => items.forEach((item) => item.dispose?.()));
  }
  constructor(dispose: () => unknown) {
    this.#dispose = dispose;
  }
  dispose(): unknown {
    const dispose = this.#dispose;
    this.#dispose = undefined;
    return dispose?.();
  }
}

/** Everything one app has registered. */
export class FunctionApp {
  readonly functions = new Map<string, RegisteredFunction>();
  readonly #hooks: Record<HookName, Hook[]> = {
    appStart: [],
    appTerminate: [],
    preInvocation: [],
    postInvocation: [],
    log: [],
  };
  /** Shared by all invocation hooks; app-level hooks have `appLevelHookData` for themselves besides. */
  readonly appHookData = {};
  readonly appLevelHookData = {};
  model: ProgrammingModel | undefined;
  #locked = false;

  constructor(
    private readonly writeLog: (
      level: LogLevel,
      category: string,
      message: string,
      functionName?: string,
    ) => void,
  ) {}

  register(metadata: FunctionMetadata, callback: Callback): Disposable {
    if (this.#locked) throw new Error('A function can only be registered during app startup.');
    const id = metadata.functionId ?? metadata.name;
    if (this.functions.has(id)) throw new Error(`A function with id "${id}" has already been registered.`);
    this.functions.set(id, { metadata: { ...metadata, functionId: id }, callback });
    return new Disposable(() => this.functions.delete(id));
  }

  registerHook(name: string, hook: Hook): Disposable {
    if (!isHookName(name)) throw new SystemRangeError(`Unrecognized hook "${name}"`);
    const list = this.#hooks[name];
    list.push(hook);
    return new Disposable(() => {
      const at = list.indexOf(hook);
      if (at >= 0) list.splice(at, 1);
    });
  }

  async runHooks(name: Exclude<HookName, 'log'>, context: object): Promise<void> {
    for (const hook of this.#hooks[name]) await hook(context);
  }

  /** Log hooks are synchronous and may change the level and the message before they leave the process. */
  log(
    level: LogLevel,
    category: string,
    message: string,
    functionName?: string,
    invocationContext?: unknown,
  ): void {
    const context = readOnly({ level, message } as { level: LogLevel; message: string }, {
      category: () => category,
      invocationContext: () => invocationContext,
      hookData: () => this.appLevelHookData,
      appHookData: () => this.appHookData,
    });
    for (const hook of this.#hooks.log) hook(context);
    this.writeLog(context.level, category, context.message, functionName);
  }

  /** After the index is taken no function may be added, as in Azure. */
  index(): IndexedFunction[] {
    this.#locked = true;
    return [...this.functions.values()].map(({ metadata }) => ({
      name: metadata.name,
      bindings: Object.entries(metadata.bindings).map(([name, binding]) => ({ ...binding, name }) as Binding),
      ...(metadata.retryOptions ? { retry: metadata.retryOptions } : {}),
    }));
  }
}

/** Adds getters whose assignment is a TypeError, which is what the worker's hook contexts promise. */
export function readOnly<T extends object>(target: T, getters: Record<string, () => unknown>): T {
  for (const [key, get] of Object.entries(getters)) {
    const set = (): never => {
      throw new TypeError(`Cannot assign to read only property '${key}'`);
    };
    Object.defineProperty(target, key, { get, set, enumerable: true });
  }
  return target;
}

/** Must run before any file of the app is loaded: the library caches its first look-up. */
export function provideFunctionsCore(app: FunctionApp): void {
  const core = {
    // The versions of the worker and the host whose behaviour is reproduced; apps may read them.
    version: '3.14.1',
    hostVersion: '4.1052.200',
    registerFunction: (metadata: FunctionMetadata, callback: Callback) => app.register(metadata, callback),
    registerHook: (name: string, hook: Hook) => app.registerHook(name, hook),
    setProgrammingModel: (model: ProgrammingModel) => void (app.model = model),
    getProgrammingModel: () => app.model,
    log: (level: LogLevel, category: string, message: string) => app.log(level, category, message),
    Disposable,
  };
  const original = Module.prototype.require;
  Module.prototype.require = function (this: unknown, id: string): unknown {
    return id === '@azure/functions-core' ? core : original.call(this, id);
  } as typeof original;
}
