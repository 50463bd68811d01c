import type { Coding, Encounter } from 'fhir/r4';
import { codings, table, terminology } from './table';

const actCode = codings(`${terminology}/v3-ActCode`, {
  E: ['EMER', 'emergency'],
  I: ['IMP', 'inpatient encounter'],
  O: ['AMB', 'ambulatory'],
  P: ['PRENC', 'pre-admission'],
});
const v2Class = codings(`${terminology}/v2-0004`, {
  R: ['R', 'Recurring patient'],
  B: ['B', 'Obstetrics'],
  C: ['C', 'Commercial Account'],
  N: ['N', 'Not Applicable'],
  U: ['U', 'Unknown'],
});
/** HL7 table 0004 (guide: PatientClass[EncounterClass]). */
export const encounterClass = (code: string | undefined): Coding | undefined =>
  actCode(code) ?? v2Class(code);

/**
 * Status that a trigger event gives the visit. The guide makes A04 `planned`; chapter 3.3.4 says the patient "has
 * arrived or checked in", which is R4's `arrived`.
 */
export const eventStatus = table<Encounter['status']>({
  A01: 'in-progress',
  A03: 'finished',
  A04: 'arrived',
});

/** HL7 table 0007 (admission type): displays for the codes the standard defines. */
export const admissionType = codings(`${terminology}/v2-0007`, {
  A: ['A', 'Accident'],
  C: ['C', 'Elective'],
  E: ['E', 'Emergency'],
  L: ['L', 'Labor and Delivery'],
  N: ['N', 'Newborn'],
  R: ['R', 'Routine'],
  U: ['U', 'Urgent'],
});

/** PV2-25 (guide: EncounterPriority). */
export const encounterPriority = codings(`${terminology}/v3-ActPriority`, {
  '1': ['EM', 'emergency'],
  '2': ['UR', 'urgent'],
  '3': ['EL', 'elective'],
});

/** DG1-6, HL7 table 0052 (guide: DiagnosisType maps `A` only). */
export const diagnosisRole = codings(`${terminology}/diagnosis-role`, { A: ['AD', 'Admission diagnosis'] });
