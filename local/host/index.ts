export { HostError } from './errors';
export { startHost, type Host, type HostedFunctionInfo, type HostOptions } from './host';
export type { HostKeys } from './keys';
