/* eslint-disable @typescript-eslint/no-require-imports -- each is loaded for an app that uses it: its SDK costs memory and time */
import type { TriggerKind } from './trigger';

/** Every trigger but HTTP. Each is loaded only for an app that uses it: its SDK costs memory and time. */
export const TRIGGERS: readonly TriggerKind[] = [
  {
    types: ['timerTrigger'],
    open: (functions, host) => (require('./timer') as typeof import('./timer')).openTimers(functions, host),
  },
  {
    types: ['serviceBusTrigger'],
    open: (functions, host) =>
      (require('./service-bus') as typeof import('./service-bus')).openServiceBus(functions, host),
  },
  {
    types: ['orchestrationTrigger', 'activityTrigger', 'entityTrigger'],
    open: (functions, host) =>
      (require('./durable') as typeof import('./durable')).openDurableFunctions(functions, host),
  },
  {
    types: ['cosmosDBTrigger'],
    open: (functions, host) =>
      (require('./cosmos-db') as typeof import('./cosmos-db')).openCosmosDb(functions, host),
  },
  {
    types: ['queueTrigger'],
    open: (functions, host) => (require('./queue') as typeof import('./queue')).openQueues(functions, host),
  },
  {
    types: ['blobTrigger'],
    open: (functions, host) => (require('./blob') as typeof import('./blob')).openBlobs(functions, host),
  },
  {
    types: ['warmupTrigger'],
    open: (functions, host) =>
      (require('./warmup') as typeof import('./warmup')).openWarmups(functions, host),
  },
];
