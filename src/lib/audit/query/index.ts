export { createAuditApi, type ApiAnswer, type ApiPorts, type ApiRequest, type AuditApi } from './api';
export type { AuditReader, PageQuery } from './ports';
