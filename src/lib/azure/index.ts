export {
  createAzure,
  type Azure,
  type BlobContainer,
  type BrokerEntity,
  type ContainerPath,
} from './clients';
export { classifyAzureError, classifyStatus, type AzureErrorKind, type AzureFailure } from './classify';
export { createKeyWrap } from './key-wrap';
export { createDataKeyStore } from './data-key-store';
export { createProjectionStore } from './audit-projections';
export { createAuditReader } from './audit-reader';
export { createBacklogSource } from './audit-backlog';
export { createArchive, createEventJournal, createEventQueue, createEventStore } from './audit-sinks';
export { createConfigStore } from './config-store';
export { createEventFeed, createLogStore } from './audit-log';
export { createGrowthReader, createProofSource, createTrailReader, readShredded } from './audit-trail';
export { anchorPath, createAnchorStore } from './checkpoint-anchor';
export { createCheckpointSigner } from './checkpoint-signer';
