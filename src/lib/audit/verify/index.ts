export { verifyTrail, type VerifyOptions } from './verify';
export type {
  AnchorName,
  Check,
  Checkpoint,
  Finding,
  Pages,
  TrailKeys,
  TrailReader,
  Verdict,
  Verification,
  VerifierState,
} from './types';
