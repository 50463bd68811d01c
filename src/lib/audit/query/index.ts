export { createAuditApi, type ApiAnswer, type ApiPorts, type ApiRequest, type AuditApi } from './api';
export { allEvents } from './page';
export type { AuditReader, PageQuery } from './ports';
