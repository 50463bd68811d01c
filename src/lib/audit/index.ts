export type {
  Audit,
  AuditAgent,
  AuditEntity,
  AuditEventInput,
  AuditLibrary,
  AuditReceipt,
  Classification,
  Coding,
  Disclosure,
  Framework,
} from './types';
export type { AuditDocument, PresetNote } from './document';
export type { EventJournal, EventQueue, EventStore } from './ports';
export { createAudit } from './audit';
export type { AuditPorts } from './record';
export { createSinkGuards, type BreakerState, type SinkGuards } from './sink-guard';
export {
  BUILT_IN,
  classificationRules,
  compilePreset,
  eventName,
  eventPatterns,
  presetSchema,
  type ApplyPreset,
  type Preset,
} from './presets';
export { createAuditReplay, type AuditReplay, type Replayed, type ReplayPorts } from './replay';
export { listAuditEvents, type AuditRange } from './list';
export { dataEntity, kinds, lifecycle, patientEntity, queryEntity, restKind, securityEntity } from './codes';
export {
  createSealer,
  sealStatus,
  type AnchorName,
  type AnchorStore,
  type BatchDocument,
  type CheckpointDocument,
  type CheckpointSigner,
  type EventFeed,
  type LogDocument,
  type LogStore,
  type Sealer,
  type SealPorts,
  type SealStatus,
  type SegmentDocument,
  type TenantSeal,
  type TileDocument,
} from './seal';
export { isDegraded, readBacklog, type AuditBacklog, type BacklogSource, type Waiting } from './backlog';
export { createDeadLetters, type DeadLetters, type Inspected } from './dead-letters';
export {
  createTrail,
  explain,
  stateAfter,
  type Finding,
  type GrowthReader,
  type GrowthVerification,
  type LogVerification,
  type Pages,
  type ProofSource,
  type Trail,
  type TrailReader,
  type Verification,
  type VerifierState,
} from './verify';
export { createEvidence, type Evidence } from './evidence';
export {
  createAuditApi,
  type ApiAnswer,
  type ApiRequest,
  type AuditApi,
  type AuditReader,
  type PageQuery,
} from './query';
export {
  auditClinicalWorkflow,
  auditedFhirOperation,
  type ClinicalWorkflow,
  type Done,
  type FhirOperation,
  type Step,
} from './operations';
export {
  createProjections,
  type ProjectedBy,
  type ProjectionEntry,
  type Projections,
  type ProjectionStore,
} from './projections';
