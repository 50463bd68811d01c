export { createTrail, type Trail, type TrailPorts } from './trail';
export { verifyTrail } from './verify';
export { verifyGrowth } from './growth';
export { explain } from './explain';
export { stateAfter } from './last-state';
export type { EventProof } from './proof';
export type {
  AnchorName,
  Check,
  Checkpoint,
  Finding,
  GrowthReader,
  GrowthVerification,
  LogVerification,
  Pages,
  ProofSource,
  TrailKeys,
  TrailReader,
  Verdict,
  Verification,
  VerifierState,
} from './types';
