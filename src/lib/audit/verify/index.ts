export { createTrail, type Trail, type TrailPorts } from './trail';
export { verifyTrail } from './verify';
export { explain } from './explain';
export { stateAfter } from './state';
export type { EventProof } from './proof';
export type {
  AnchorName,
  Check,
  Checkpoint,
  Finding,
  Pages,
  ProofSource,
  TrailKeys,
  TrailReader,
  Verdict,
  Verification,
  VerifierState,
} from './types';
