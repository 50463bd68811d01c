interface Reason {
  readonly by?: 'microsoft' | 'reportstream';
  readonly what: RegExp;
  readonly reason: string;
}

/** Why we do not state what another converter states. The first that fits counts. */
const reasons: readonly Reason[] = [];

export const reasonFor = (by: string, what: string): string | undefined =>
  reasons.find((one) => (one.by === undefined || one.by === by) && one.what.test(what))?.reason;
