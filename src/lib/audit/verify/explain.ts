import type { Finding, Verdict } from './types';

/** One line for people; docs/audit.md says more, and what to do. */
const MEANING: Readonly<Record<Verdict, string>> = {
  modified: 'is not as it was written',
  missing: 'was there and is gone',
  extra: 'is there and in no log',
  unsealed: 'waits to be sealed for longer than it may: sealing is behind',
  forged: 'was not made with our key',
  misplaced: 'lies where its own content does not belong',
  duplicate: 'is there twice',
  'duplicate-leaf': 'was sealed twice',
  'key-unknown': 'names a key that we do not have',
  'key-replaced': 'is not the key of then: not one MAC under it is right',
  forked: 'contradicts another statement of the sealer',
  'rolled-back': 'was published or verified before and is gone: the log was set back',
  'chain-broken': 'does not continue the checkpoint before it',
  unsigned: 'is covered by no checkpoint although it is old enough',
  unprovable: 'cannot be proved by what is left of the log',
};

export function explain({ check, verdict }: Pick<Finding, 'check' | 'verdict'>): string {
  return `${SUBJECT[check]} ${MEANING[verdict]}`;
}

const SUBJECT: Readonly<Record<Finding['check'], string>> = {
  events: 'the event',
  segments: 'the segment',
  tiles: 'the tile',
  checkpoints: 'the checkpoint',
  anchors: 'the published checkpoint',
  keys: 'the key',
  'last-state': 'the checkpoint of the last verification',
};
