import { classifyAzureError, type AzureErrorKind } from '../azure';
import { MedrelayError } from '../errors';
import { safeError } from '../security';

/**
 * What a failure asks for:
 * - `passing`: a service is away or throttles. Again at once, then later, for as long as it takes.
 * - `denied`: our key, identity or network is refused. Later, for as long as it takes: people have to act first.
 * - `unclear`: may be passing, but does not say. Again at once, then later, a few times.
 * - `unexplained`: a defect or something nobody thought of. Later, a few times.
 */
export type FailureKind = 'passing' | 'denied' | 'unclear' | 'unexplained';

export interface Failure {
  readonly kind: FailureKind;
  readonly code: string;
  readonly safeMessage: string;
}

const kinds: Readonly<Partial<Record<AzureErrorKind, FailureKind>>> = {
  throttled: 'passing',
  unavailable: 'passing',
  denied: 'denied',
  unclear: 'unclear',
};

/** Of the store and the pipeline: another writer or replica was in the way. */
const passingCodes = ['MESSAGE_READ_BEHIND', 'STORE_CONTENTION'];

export function failureKind(error: unknown): FailureKind {
  if (error instanceof MedrelayError && passingCodes.includes(error.code)) return 'passing';
  return kinds[classifyAzureError(error).kind] ?? 'unexplained';
}

/** In words that may be logged. */
export function failureOf(error: unknown): Failure {
  const kind = failureKind(error);
  if (!(error instanceof MedrelayError)) {
    if (kind === 'passing')
      return { kind, code: 'SERVICE_UNAVAILABLE', safeMessage: 'A service is away or throttles.' };
    if (kind === 'denied') {
      const safeMessage =
        "A service refuses the app's key or identity. GET /api/health names it; check its connection setting, the roles of the identity and the network rules.";
      return { kind, code: 'ACCESS_DENIED', safeMessage };
    }
  }
  return { kind, ...safeError(error) };
}

export const mayPassSoon = (kind: FailureKind): boolean => kind === 'passing' || kind === 'unclear';

/** Nobody says that waiting helps, so it ends some time. */
export const isBounded = (kind: FailureKind): boolean => kind === 'unclear' || kind === 'unexplained';
