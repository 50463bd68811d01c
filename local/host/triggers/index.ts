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
    types: ['cosmosDBTrigger'],
    open: (functions, host) =>
      (require('./cosmos-db') as typeof import('./cosmos-db')).openCosmosDb(functions, host),
  },
];
