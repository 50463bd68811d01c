import { BindingOptions } from './binding-options';
import { INPUTS, OUTPUTS } from './bindings';
import { HostError } from './errors';
import type { HostSettings } from './host-json';
import type { HttpFunction } from './http';
import { isAuthLevel } from './keys';
import type { Binding, IndexedFunction } from './protocol';
import { parseRoute } from './routes';
import { isDisabled, type Env } from './settings';
import { TRIGGERS } from './triggers';
import type { TriggerKind, TriggeredFunction } from './triggers/trigger';

/** The app's functions by trigger; whatever this host does not run stops the start here. */
export interface Catalog {
  http: HttpFunction[];
  /** Those that run, by the kind of their trigger. */
  triggered: Map<TriggerKind, TriggeredFunction[]>;
  /** Bindings beside the trigger and the HTTP answer, of the functions that run. */
  bindings: { functionName: string; options: BindingOptions }[];
}

export function buildCatalog(indexed: readonly IndexedFunction[], settings: HostSettings, env: Env): Catalog {
  const catalog: Catalog = { http: [], triggered: new Map(), bindings: [] };
  for (const fn of indexed) {
    const disabled =
      isDisabled(fn.name, env) || (settings.functions !== undefined && !settings.functions.includes(fn.name));
    const trigger = triggerOf(fn);
    const base = { name: fn.name, inputName: trigger.name };
    const options = new BindingOptions(fn.name, trigger, env);
    // A disabled HTTP function keeps its route and answers 404; other triggers simply do not listen.
    if (trigger.type === HTTP) catalog.http.push({ ...base, ...httpOptions(fn, trigger, options), disabled });
    if (disabled) continue;
    if (trigger.type !== HTTP) {
      const kind = kindOf(fn, trigger);
      const functions = catalog.triggered.get(kind) ?? [];
      catalog.triggered.set(kind, functions);
      functions.push({ ...base, options, ...(fn.retry ? { retry: fn.retry } : {}) });
    }
    for (const binding of fn.bindings) {
      if (binding.name === trigger.name || isHttpAnswer(binding)) continue;
      catalog.bindings.push({
        functionName: fn.name,
        options: new BindingOptions(fn.name, checked(fn, binding), env),
      });
    }
  }
  return catalog;
}

const HTTP = 'httpTrigger';
const TRIGGER_TYPES = [HTTP, ...TRIGGERS.flatMap(({ types }) => types)];
const isHttpAnswer = ({ direction, type }: Binding): boolean =>
  direction === 'out' && type.toLowerCase() === 'http';

/** A type in the library's spelling; hand-written bindings may differ in case. */
const known = (types: readonly string[], type: string): string | undefined =>
  types.find((each) => each.toLowerCase() === type.toLowerCase());

export function triggerOf(fn: IndexedFunction): Binding {
  const trigger = fn.bindings.find((binding) => /trigger$/i.test(binding.type));
  if (!trigger) throw new HostError(`Function ${fn.name} has no trigger.`);
  return { ...trigger, type: known(TRIGGER_TYPES, trigger.type) ?? trigger.type };
}

function kindOf(fn: IndexedFunction, trigger: Binding): TriggerKind {
  const kind = TRIGGERS.find(({ types }) => types.includes(trigger.type));
  if (kind) return kind;
  throw new HostError(
    `Function ${fn.name} has the trigger ${trigger.type}, which this host does not run; it runs ${TRIGGER_TYPES.join(', ')}. Disable it with AzureWebJobs.${fn.name}.Disabled=true.`,
  );
}

function checked(fn: IndexedFunction, binding: Binding): Binding {
  const types = Object.keys(binding.direction === 'in' ? INPUTS : OUTPUTS);
  const type = known(types, binding.type);
  if (type && binding.direction !== 'inout') return { ...binding, type };
  throw new HostError(
    `Function ${fn.name} has the ${binding.direction}put binding ${binding.name} of type ${binding.type}, which this host does not run (it runs ${types.join(', ')}); use the service's SDK in the function instead.`,
  );
}

function httpOptions(
  fn: IndexedFunction,
  trigger: Binding,
  options: BindingOptions,
): Pick<HttpFunction, 'methods' | 'route' | 'authLevel'> {
  const authLevel = options.text('authLevel')?.toLowerCase() ?? 'anonymous';
  if (!isAuthLevel(authLevel)) {
    throw new HostError(
      `${options.where}: the authLevel "${authLevel}" is unknown; it is anonymous, function or admin.`,
    );
  }
  const methods = Array.isArray(trigger['methods'])
    ? trigger['methods'].map((method) => String(method).toUpperCase())
    : [];
  return {
    authLevel,
    methods: methods.length ? methods : ['GET', 'POST'],
    route: parseRoute(options.text('route') ?? fn.name, options.where),
  };
}
