import { codings, terminology } from './table';

/** HL7 table 0443 (guide: ProviderRole): what R4's participation types know. */
export const providerRole = codings(`${terminology}/v3-ParticipationType`, {
  AD: ['ADM', 'admitter'],
  AT: ['ATND', 'attender'],
  CP: ['CON', 'consultant'],
  RP: ['REF', 'referrer'],
});

/** Roles of a clinician who cares for the patient in general, whatever the visit. */
export const generalPractitioners: ReadonlySet<string> = new Set(['PP', 'FHCP']);
