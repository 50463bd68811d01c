import type { Consent, DocumentReference, DocumentReferenceRelatesTo } from 'fhir/r4';
import { table } from './table';

/**
 * HL7 table 0271 (TXA-17) to composition-status. Authenticated is final; what is dictated, documented, pre-authenticated
 * or unfinished is not verified yet, which is R4's preliminary.
 */
export const completionStatus = table<NonNullable<DocumentReference['docStatus']>>({
  AU: 'final',
  LA: 'final',
  DI: 'preliminary',
  DO: 'preliminary',
  IN: 'preliminary',
  IP: 'preliminary',
  PA: 'preliminary',
});

/** HL7 table 0273 (TXA-19): available, deleted, obsolete; unavailable (`UN`) says nothing about being current. */
export const availability = table<DocumentReference['status']>({
  AV: 'current',
  CA: 'entered-in-error',
  OB: 'superseded',
});

/** What an event says of the parent document (TXA-13): addendum (T05, T06) or replacement (T09, T10). */
export const relation = table<DocumentReferenceRelatesTo['code']>({
  T05: 'appends',
  T06: 'appends',
  T09: 'replaces',
  T10: 'replaces',
});

/** HL7 table 0498 (CON-11). `B` (bypassed) is no state of a consent. */
export const consentStatus = table<Consent['status']>({
  A: 'active',
  L: 'active',
  P: 'proposed',
  R: 'rejected',
  X: 'inactive',
});
