/* eslint-disable @typescript-eslint/no-require-imports -- each is loaded for an app that uses it: its SDK costs memory and time */
import type { OpenInput, OpenOutput } from './binding';

/** Input bindings by type, in the spelling of `@azure/functions`; each is loaded for an app that uses it. */
export const INPUTS: Readonly<Record<string, OpenInput>> = {
  blob: (options) => (require('./blob') as typeof import('./blob')).blobInput(options),
  cosmosDB: (options) => (require('./cosmos-db') as typeof import('./cosmos-db')).cosmosDbInput(options),
  durableClient: (options, host) =>
    (require('./durable-client') as typeof import('./durable-client')).durableClientInput(options, host),
};

/** Output bindings by type; `http` is the answer itself and no output of its own. */
export const OUTPUTS: Readonly<Record<string, OpenOutput>> = {
  blob: (options) => (require('./blob') as typeof import('./blob')).blobOutput(options),
  cosmosDB: (options) => (require('./cosmos-db') as typeof import('./cosmos-db')).cosmosDbOutput(options),
  queue: (options, host) => (require('./queue') as typeof import('./queue')).queueOutput(options, host),
  serviceBus: (options) =>
    (require('./service-bus') as typeof import('./service-bus')).serviceBusOutput(options),
};
