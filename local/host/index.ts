export { startHost, type Host, type HostedFunctionInfo, type HostOptions } from './host';
