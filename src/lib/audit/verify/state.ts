import type { Verification, VerifierState } from './types';

/**
 * What to keep after a run, for the next one. Undefined when something was found: a verifier that takes over what is
 * wrong finds nothing the next time.
 */
export function stateAfter(
  { tenantId, verdict, verifiedAt, logs, keys }: Verification,
  lastState?: VerifierState,
): VerifierState | undefined {
  if (verdict !== 'intact') return undefined;
  return {
    v: 1,
    tenantId,
    verifiedAt,
    logs: Object.fromEntries(
      Object.entries(logs).map(([year, { seq, size, root }]) => [year, { seq, size, root }]),
    ),
    keys: [...new Set([...(lastState?.keys ?? []), ...keys])],
  };
}
