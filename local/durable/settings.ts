import { availableParallelism } from 'node:os';
import { DurableError } from './errors';

/** `extensions.durableTask` of host.json, as far as it means anything here. */
export interface DurableSettings {
  hubName: string;
  maxConcurrentActivities: number;
  maxConcurrentOrchestrators: number;
  maxConcurrentEntities: number;
  maxEntityBatch: number;
  /** Whether a running instance may be replaced by a new one of its id. */
  replacesRunning: boolean;
  storesInputs: boolean;
  localRpc: boolean;
  defaultVersion: string;
}

/** Settings of storage, tracing and scale: without effect on what an app can observe here. */
const WITHOUT_EFFECT = new Set([
  'storageprovider',
  'azurestorageconnectionstringname',
  'trackingstoreconnectionstringname',
  'trackingstorenameprefix',
  'controlqueuebatchsize',
  'controlqueuebufferthreshold',
  'controlqueuevisibilitytimeout',
  'workitemqueuevisibilitytimeout',
  'partitioncount',
  'maxqueuepollinginterval',
  'usegracefulshutdown',
  'useapplease',
  'appleaseoptions',
  'uselegacypartitionmanagement',
  'usetablepartitionmanagement',
  'extendedsessionsenabled',
  'extendedsessionidletimeoutinseconds',
  'entitymessagereorderwindowinminutes',
  'rollbackentityoperationsonexceptions',
  'throwstatusexceptionsonraiseevent',
  'tracing',
  'notifications',
  'httpsettings',
  'maxorchestrationactions',
  'maxgrpcmessagesizeinbytes',
  'versionmatchstrategy',
  'versionfailurestrategy',
]);

/** Reads the section; `resolve` puts settings in place of %NAME%, `siteName` is what Azure calls a hub without a name. */
export function readDurableSettings(
  section: unknown,
  resolve: (text: string) => string,
  siteName: string | undefined,
  log: (line: string) => void,
): DurableSettings {
  const given = new Map(
    Object.entries((section ?? {}) as Record<string, unknown>).map(([name, value]) => [
      name.toLowerCase(),
      { name, value },
    ]),
  );
  const take = (name: string): unknown => {
    const found = given.get(name.toLowerCase());
    given.delete(name.toLowerCase());
    return found?.value;
  };
  const count = (name: string, fallback: number): number => {
    const value = take(name) ?? fallback;
    if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value;
    throw new DurableError(`host.json: extensions.durableTask.${name} must be a whole number above 0.`);
  };
  const perCore = 10 * availableParallelism();
  const states = String(take('overridableExistingInstanceStates') ?? 'NonRunningStates');
  if (!/^(NonRunningStates|AnyState)$/i.test(states)) {
    throw new DurableError(
      `host.json: extensions.durableTask.overridableExistingInstanceStates "${states}" is unknown; it is NonRunningStates or AnyState.`,
    );
  }
  const settings: DurableSettings = {
    hubName: hubName(take('hubName'), resolve, siteName),
    maxConcurrentActivities: count('maxConcurrentActivityFunctions', perCore),
    maxConcurrentOrchestrators: count('maxConcurrentOrchestratorFunctions', perCore),
    maxConcurrentEntities: count('maxConcurrentEntityFunctions', perCore),
    maxEntityBatch: count('maxEntityOperationBatchSize', 5000),
    replacesRunning: /^AnyState$/i.test(states),
    storesInputs: take('storeInputsInOrchestrationHistory') === true,
    localRpc: take('localRpcEndpointEnabled') !== false,
    defaultVersion: String(take('defaultVersion') ?? ''),
  };
  const unknown = [...given].filter(([key]) => !WITHOUT_EFFECT.has(key)).map(([, { name }]) => name);
  if (unknown.length) {
    log(`host.json: extensions.durableTask.${unknown.join(', ')} is not known here and has no effect.`);
  }
  return settings;
}

/** Names of tables and queues are made of it: 3 to 45 letters and digits, a letter first (AzureStorageOptions.cs). */
function hubName(given: unknown, resolve: (text: string) => string, siteName: string | undefined): string {
  if (given === undefined) {
    const name = (siteName ?? '').replace(/[^a-z0-9]/gi, '').slice(0, 45);
    return /^[a-z][a-z0-9]{2,}$/i.test(name) ? name : 'TestHubName';
  }
  const name = resolve(String(given));
  if (/^[a-z][a-z0-9]{2,44}$/i.test(name)) return name;
  throw new DurableError(
    `host.json: the task hub name "${name}" (extensions.durableTask.hubName) is not valid: 3 to 45 letters and digits, a letter first.`,
  );
}
