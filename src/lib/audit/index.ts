export {
  CLASSIFICATIONS,
  FRAMEWORKS,
  type Audit,
  type AuditAgent,
  type AuditEntity,
  type AuditEventInput,
  type AuditReceipt,
  type Classification,
  type Coding,
  type Disclosure,
  type Framework,
} from './types';
export type { AuditDocument, PresetNote } from './document';
export type { EventJournal, EventQueue, EventStore } from './ports';
export { createAudit, type AuditPorts } from './record';
export { createAuditReplay, type AuditReplay, type Replayed, type ReplayPorts } from './replay';
export { listAuditEvents, type AuditRange } from './list';
