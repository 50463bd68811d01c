import { HostError } from './errors';
import type { HostSettings } from './host-json';
import type { HttpFunction } from './http';
import { isAuthLevel } from './keys';
import { parseSchedule } from './ncrontab';
import type { Binding, IndexedFunction } from './protocol';
import { parseRoute } from './routes';
import { connectionString, isDisabled, resolveSettings, type Env } from './settings';
import type { CosmosDbFunction } from './triggers/cosmos-db';
import type { ServiceBusFunction } from './triggers/service-bus';
import type { TimerFunction } from './triggers/timer';

/** The app's functions by trigger, every setting resolved; whatever cannot run stops the start here. */
export interface Catalog {
  http: HttpFunction[];
  timers: (TimerFunction & { useMonitor: boolean })[];
  serviceBus: ServiceBusFunction[];
  cosmosDb: CosmosDbFunction[];
}

export function buildCatalog(indexed: readonly IndexedFunction[], settings: HostSettings, env: Env): Catalog {
  const catalog: Catalog = { http: [], timers: [], serviceBus: [], cosmosDb: [] };
  for (const fn of indexed) {
    const disabled =
      isDisabled(fn.name, env) || (settings.functions !== undefined && !settings.functions.includes(fn.name));
    const trigger = triggerOf(fn);
    checkOtherBindings(fn, trigger);
    // A disabled HTTP function keeps its route and answers 404; other triggers simply do not listen.
    if (disabled && trigger.type !== 'httpTrigger') continue;
    const read = reader(fn, trigger, env);
    const base = { name: fn.name, inputName: trigger.name };
    const retry = fn.retry ? { retry: fn.retry } : {};
    switch (trigger.type) {
      case 'httpTrigger':
        catalog.http.push({ ...base, ...httpOptions(fn, trigger, read), disabled });
        break;
      case 'timerTrigger':
        catalog.timers.push({
          ...base,
          ...retry,
          schedule: parseSchedule(read.required('schedule'), read.where),
          runOnStartup: read.flag('runOnStartup', false),
          useMonitor: read.flag('useMonitor', true),
        });
        break;
      case 'serviceBusTrigger':
        catalog.serviceBus.push({ ...base, ...serviceBusOptions(trigger, read) });
        break;
      case 'cosmosDBTrigger':
        catalog.cosmosDb.push({ ...base, ...retry, ...cosmosOptions(read) });
        break;
      default:
        throw new HostError(
          `Function ${fn.name} has the trigger ${trigger.type}, which this host does not run; it runs httpTrigger, timerTrigger, serviceBusTrigger and cosmosDBTrigger. Disable it with AzureWebJobs.${fn.name}.Disabled=true.`,
        );
    }
  }
  refuseSharedLeases(catalog.cosmosDb);
  return catalog;
}

/** The type is spelled as the library spells it; hand-written bindings may differ in case. */
const TRIGGER_TYPES = ['httpTrigger', 'timerTrigger', 'serviceBusTrigger', 'cosmosDBTrigger'];

export function triggerOf(fn: IndexedFunction): Binding {
  const trigger = fn.bindings.find((binding) => /trigger$/i.test(binding.type));
  if (!trigger) throw new HostError(`Function ${fn.name} has no trigger.`);
  const type =
    TRIGGER_TYPES.find((known) => known.toLowerCase() === trigger.type.toLowerCase()) ?? trigger.type;
  return { ...trigger, type };
}

function checkOtherBindings(fn: IndexedFunction, trigger: Binding): void {
  for (const binding of fn.bindings) {
    if (
      binding.name === trigger.name ||
      (binding.direction === 'out' && binding.type.toLowerCase() === 'http')
    )
      continue;
    throw new HostError(
      `Function ${fn.name} has the ${binding.direction}put binding ${binding.name} of type ${binding.type}, which this host does not run; use the service's SDK in the function instead.`,
    );
  }
}

interface OptionReader {
  where: string;
  required(option: string): string;
  text(option: string): string | undefined;
  number(option: string): number | undefined;
  flag(option: string, fallback: boolean): boolean;
  connection(option: string): string;
}

function reader(fn: IndexedFunction, trigger: Binding, env: Env): OptionReader {
  const where = `Function ${fn.name}`;
  const text = (option: string): string | undefined => {
    const value = trigger[option];
    return typeof value === 'string' && value !== ''
      ? resolveSettings(value, env, `${where}: ${option}`)
      : undefined;
  };
  const required = (option: string): string => {
    const value = text(option);
    if (value === undefined) throw new HostError(`${where}: the ${trigger.type} needs "${option}".`);
    return value;
  };
  return {
    where,
    text,
    required,
    number: (option) => (typeof trigger[option] === 'number' ? trigger[option] : undefined),
    flag: (option, fallback) => (typeof trigger[option] === 'boolean' ? trigger[option] : fallback),
    connection: (option) => connectionString(required(option), env, where),
  };
}

function httpOptions(
  fn: IndexedFunction,
  trigger: Binding,
  read: OptionReader,
): Pick<HttpFunction, 'methods' | 'route' | 'authLevel'> {
  const authLevel = read.text('authLevel')?.toLowerCase() ?? 'anonymous';
  if (!isAuthLevel(authLevel)) {
    throw new HostError(
      `${read.where}: the authLevel "${authLevel}" is unknown; it is anonymous, function or admin.`,
    );
  }
  const methods = Array.isArray(trigger['methods'])
    ? trigger['methods'].map((method) => String(method).toUpperCase())
    : [];
  return {
    authLevel,
    methods: methods.length ? methods : ['GET', 'POST'],
    route: parseRoute(read.text('route') ?? fn.name, read.where),
  };
}

function serviceBusOptions(
  trigger: Binding,
  read: OptionReader,
): Omit<ServiceBusFunction, 'name' | 'inputName'> {
  if (read.flag('isSessionsEnabled', false)) {
    throw new HostError(`${read.where} asks for sessions (isSessionsEnabled), which this host does not run.`);
  }
  const queue = read.text('queueName');
  return {
    connection: read.connection('connection'),
    entity: queue
      ? { queue }
      : { topic: read.required('topicName'), subscription: read.required('subscriptionName') },
    binary: String(trigger['dataType']).toLowerCase() === 'binary',
    many: read.text('cardinality')?.toLowerCase() === 'many',
  };
}

function cosmosOptions(read: OptionReader): Omit<CosmosDbFunction, 'name' | 'inputName' | 'retry'> {
  const connection = read.connection('connection');
  const database = read.required('databaseName');
  const container = read.required('containerName');
  const leaseDatabase = read.text('leaseDatabaseName') ?? database;
  const leaseContainer = read.text('leaseContainerName') ?? 'leases';
  const leaseConnection = read.text('leaseConnection') ? read.connection('leaseConnection') : connection;
  if (leaseContainer === container && leaseDatabase === database && leaseConnection === connection) {
    throw new HostError(
      `${read.where}: the lease container must differ from the watched container ${database}/${container}.`,
    );
  }
  const startFromBeginning = read.flag('startFromBeginning', false);
  const time = read.text('startFromTime');
  if (time && startFromBeginning)
    throw new HostError(`${read.where} has both startFromBeginning and startFromTime; choose one.`);
  if (time && Number.isNaN(Date.parse(time)))
    throw new HostError(`${read.where}: startFromTime "${time}" is not a date.`);
  const delay = read.number('feedPollDelay');
  return {
    connection,
    database,
    container,
    leaseConnection,
    leaseDatabase,
    leaseContainer,
    leasePrefix: read.text('leaseContainerPrefix') ?? '',
    createLeaseContainer: read.flag('createLeaseContainerIfNotExists', false),
    // The change feed processor's default.
    maxItems: read.number('maxItemsPerInvocation') ?? 100,
    startFromBeginning,
    startFromTime: time ? new Date(time) : undefined,
    pollDelayMs: delay !== undefined && delay > 0 ? delay : 5_000,
  };
}

/** In Azure two such functions would silently take each other's changes. */
function refuseSharedLeases(functions: readonly CosmosDbFunction[]): void {
  const owners = new Map<string, string>();
  for (const fn of functions) {
    const key = [
      fn.connection,
      fn.database,
      fn.container,
      fn.leaseConnection,
      fn.leaseDatabase,
      fn.leaseContainer,
      fn.leasePrefix,
    ].join('\n');
    const other = owners.get(key);
    if (other) {
      throw new HostError(
        `Functions ${other} and ${fn.name} watch ${fn.database}/${fn.container} with the same leases, so each would miss changes; give one a leaseContainerPrefix.`,
      );
    }
    owners.set(key, fn.name);
  }
}
