import type { ServiceRequest } from 'fhir/r4';
import { table } from './table';

/** HL7 table 0283 (RF1-1). `E` (expired) is no state of a request in R4. */
export const referralStatus = table<ServiceRequest['status']>({ A: 'active', P: 'active', R: 'revoked' });

/** I14 cancels the referral (ch. 11.5.4), whatever RF1-1 still says. */
export const referralEvent = table<ServiceRequest['status']>({ I14: 'revoked' });

/** HL7 table 0280 (RF1-2). */
export const referralPriority = table<NonNullable<ServiceRequest['priority']>>({
  S: 'stat',
  A: 'asap',
  R: 'routine',
});
