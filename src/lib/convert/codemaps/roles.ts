import type { Coding } from 'fhir/r4';
import { codings, terminology } from './table';

const participation = codings(`${terminology}/v3-ParticipationType`, {
  AD: ['ADM', 'admitter'],
  AT: ['ATND', 'attender'],
  CP: ['CON', 'consultant'],
  RP: ['REF', 'referrer'],
});
const occupation = codings('http://snomed.info/sct', { PP: ['446050000', 'Primary care provider'] });
/** HL7 table 0443 (guide: ProviderRole): what R4's participation types know, and the primary care provider. */
export const providerRole = (code: string | undefined): Coding | undefined =>
  participation(code) ?? occupation(code);

/** HL7 table 0912 (guide: Participation). */
export const participationRole = codings(`${terminology}/practitioner-role`, {
  PH: ['pharmacist', 'Pharmacist'],
});

/** Roles of a clinician who cares for the patient in general, whatever the visit. */
export const generalPractitioners: ReadonlySet<string> = new Set(['PP', 'FHCP']);
