import type { TrustedCheckpoint } from './chain';
import type { Findings } from './findings';
import type { Checkpoint, LogVerification, VerifierState } from './types';

/** What was verified before must still be there: this catches even one who holds every key and the published copies. */
export function compareLastState(
  year: string,
  checkpoints: readonly TrustedCheckpoint[],
  known: Checkpoint | undefined,
  findings: Findings,
): void {
  if (!known) return;
  const name = `${year}/${known.seq}`;
  const now = checkpoints.find(({ seq }) => seq === known.seq);
  if (now) {
    // The note as well: a second one about the same tree is a second statement all the same.
    if (now.noteHash !== known.noteHash) findings.add('last-state', 'forked', name);
  } else {
    const isGone = checkpoints.every(({ seq }) => seq < known.seq);
    findings.add('last-state', isGone ? 'rolled-back' : 'missing', name);
  }
}

/**
 * What to keep after a run, for the next one. Undefined when something was found: a verifier that takes over what is
 * wrong finds nothing the next time.
 */
export function stateAfter(
  { tenantId, verdict, verifiedAt, logs, keys }: LogVerification,
  lastState?: VerifierState,
): VerifierState | undefined {
  if (verdict !== 'intact') return undefined;
  return {
    v: 1,
    tenantId,
    verifiedAt,
    logs: Object.fromEntries(
      Object.entries(logs).map(([year, { seq, size, root, noteHash }]) => [
        year,
        { seq, size, root, noteHash },
      ]),
    ),
    keys: [...new Set([...(lastState?.keys ?? []), ...keys])],
  };
}
