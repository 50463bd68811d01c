/** The sealer: RFC 6962 trees per tenant and year over what is recorded, signed and published. */
export { createSealer, type Sealer, type TenantSeal } from './sealer';
export type { AnchorStore, CheckpointSigner, EventFeed, LogStore, SealPorts } from './ports';
export {
  logPartition,
  type AnchorName,
  type BatchDocument,
  type CheckpointDocument,
  type LogDocument,
  type SegmentDocument,
  type TileDocument,
} from './documents';
export { MAX_MERGE_DELAY_MS, sealStatus, type SealStatus } from './status';
