export { startHost, type Host, type HostOptions } from './host';
export type { HostedFunctionInfo } from './runtime';
