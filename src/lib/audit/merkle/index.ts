/** Merkle trees of RFC 6962, C2SP tiles, checkpoints and signed notes. Pure and synchronous; it knows no store. */
export { EMPTY_ROOT, leafHash, type Hash } from './hash';
export { createCompactRange, rootOf, type CompactRange } from './compact-range';
export { consistencyProof, inclusionProof, type SubtreeReader } from './proofs';
export { verifyConsistency, verifyInclusion } from './verify';
export { perfectSubtrees, type Subtree } from './subtrees';
export {
  newTiles,
  packHashes,
  tileId,
  tileReader,
  tileRoot,
  tilesRead,
  unpackHashes,
  type TileName,
  type TilePlace,
} from './tiles';
export { formatCheckpoint, logOrigin, parseCheckpoint, type CheckpointBody } from './checkpoint';
export {
  checkSignatures,
  formatNote,
  noteKey,
  parseNote,
  type NoteKey,
  type NoteSignature,
  type SignedNote,
} from './note';
export { formatProof, parseProof, type ProofText } from './proof-text';
