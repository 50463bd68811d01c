export type { Audit, AuditAgent, AuditEntity, AuditEventInput, AuditReceipt, Coding } from './types';
export type { AuditDocument } from './document';
export type { EventJournal, EventQueue, EventStore } from './ports';
export { createAudit, type AuditPorts } from './record';
export { createAuditReplay, type AuditReplay, type Replayed, type ReplayPorts } from './replay';
export { listAuditEvents, type AuditRange } from './list';
