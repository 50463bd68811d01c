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
  A01: 'in-progress', // admit
  A02: 'in-progress', // transfer
  A03: 'finished', // discharge
  A04: 'arrived',
  A05: 'planned', // pre-admit
  A06: 'in-progress', // outpatient becomes inpatient
  A07: 'in-progress', // inpatient becomes outpatient
  A09: 'in-progress', // leaves for another department
  A10: 'in-progress', // arrives there
  A11: 'cancelled', // cancel admit
  A12: 'in-progress', // cancel transfer
  A13: 'in-progress', // cancel discharge: the visit goes on
  A14: 'planned', // pending admit
  A15: 'in-progress', // pending transfer
  A16: 'in-progress', // pending discharge
  A17: 'in-progress', // swap
  A21: 'onleave',
  A22: 'in-progress', // returns from leave
  A23: 'entered-in-error', // delete a visit: nothing of it counts, and nothing else is touched
  A25: 'in-progress', // cancel pending discharge
  A26: 'in-progress', // cancel pending transfer
  A27: 'cancelled', // cancel pending admit
  A32: 'in-progress', // cancel arriving
  A33: 'in-progress', // cancel departing
  A38: 'cancelled', // cancel pre-admit
  A52: 'in-progress', // cancel leave
  A53: 'onleave', // cancel return
});

/** Events that take back what PV1-45 may still say. */
export const undoesDischarge = (event: string): boolean => event === 'A13' || event === 'A25';

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

/** PV1-10, HL7 table 0069 (guide: HospitalService): the two that R4's service types have. */
export const serviceType = codings(`${terminology}/service-type`, {
  MED: ['382', 'Medical Services'],
  URO: ['222', 'Urology'],
});

/** PV1-15, HL7 table 0009 (guide: AmbulatoryStatus): the one that R4 has a code for. */
export const specialArrangement = codings(`${terminology}/encounter-special-arrangements`, {
  A2: ['wheel', 'Wheelchair'],
});

/** EVN-4, HL7 table 0062 (guide: EventReason). */
export const eventReason = codings(`${terminology}/v3-ActReason`, {
  '01': ['PATRQT', 'patient requested'],
  '02': ['TREAT', 'treatment'],
  '03': ['HOPERAT', 'healthcare operations'],
});

/** PV2-25 (guide: EncounterPriority). */
export const encounterPriority = codings(`${terminology}/v3-ActPriority`, {
  '1': ['EM', 'emergency'],
  '2': ['UR', 'urgent'],
  '3': ['EL', 'elective'],
});

/** DG1-6, HL7 table 0052 (guide: DiagnosisType maps `A` only). */
export const diagnosisRole = codings(`${terminology}/diagnosis-role`, { A: ['AD', 'Admission diagnosis'] });
