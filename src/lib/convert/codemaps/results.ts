import type { CodeableConcept, DiagnosticReport, Observation } from 'fhir/r4';
import { codings, table, terminology } from './table';

/**
 * HL7 table 0085 (OBX-11) to observation-status. The guide maps A C D F P W X; the others follow from their own
 * definitions in chapter 7.4.2.11 held against R4's: `I` results pending = registered, `R` and `S` not yet verified
 * or partial = preliminary, `U` and `V` final, `B` final with information appended = amended. `N` (not asked) and
 * `O` (order detail only) say nothing about a result: unknown.
 */
export const observationStatus = table<Observation['status']>({
  A: 'amended',
  B: 'amended',
  C: 'corrected',
  D: 'entered-in-error',
  F: 'final',
  I: 'registered',
  N: 'unknown',
  O: 'unknown',
  P: 'preliminary',
  R: 'preliminary',
  S: 'preliminary',
  U: 'final',
  V: 'final',
  W: 'entered-in-error',
  X: 'cancelled',
});

const absent = (code: string, display: string): CodeableConcept => ({
  coding: [{ system: `${terminology}/data-absent-reason`, code, display }],
});

/** Why an observation has no value, where OBX-11 says so (guide: `N`; the others by their definitions). */
export const dataAbsentReason = table<CodeableConcept>({
  N: absent('not-asked', 'Not Asked'),
  I: absent('temp-unknown', 'Temporarily Unknown'),
  P: absent('temp-unknown', 'Temporarily Unknown'),
  R: absent('temp-unknown', 'Temporarily Unknown'),
  S: absent('temp-unknown', 'Temporarily Unknown'),
});
export const unknownValue = absent('unknown', 'Unknown');

/**
 * HL7 table 0123 (OBR-25) to diagnostic-report-status. The guide leaves A M N out: `A` some results available =
 * partial, `M` corrected but not final = preliminary, `N` procedure done, results pending = registered. `Y` and `Z`
 * answer a query and say nothing about a report.
 */
export const reportStatus = table<DiagnosticReport['status']>({
  O: 'registered',
  I: 'registered',
  S: 'registered',
  N: 'registered',
  A: 'partial',
  P: 'preliminary',
  M: 'preliminary',
  R: 'partial',
  C: 'corrected',
  F: 'final',
  X: 'cancelled',
});

const v3 = `${terminology}/v3-ObservationInterpretation`;

/** HL7 table 0078. The guide's rows `<` and `>` carry a trailing no-break space and never match; these do. */
export const interpretation = codings(v3, {
  '<': ['<', 'Off scale low'],
  '>': ['>', 'Off scale high'],
  A: ['A', 'Abnormal'],
  AA: ['AA', 'Critical abnormal'],
  B: ['B', 'Better'],
  CAR: ['CAR', 'Carrier'],
  D: ['D', 'Significant change down'],
  DET: ['DET', 'Detected'],
  E: ['E', 'Equivocal'],
  EX: ['EX', 'outside threshold'],
  EXP: ['EXP', 'Expected'],
  H: ['H', 'High'],
  HH: ['HH', 'Critical high'],
  HU: ['HU', 'Significantly high'],
  I: ['I', 'Intermediate'],
  IE: ['IE', 'Insufficient evidence'],
  IND: ['IND', 'Indeterminate'],
  L: ['L', 'Low'],
  LL: ['LL', 'Critical low'],
  LU: ['LU', 'Significantly low'],
  MS: ['MS', 'moderately susceptible'],
  N: ['N', 'Normal'],
  NCL: ['NCL', 'No CLSI defined breakpoint'],
  ND: ['ND', 'Not detected'],
  NEG: ['NEG', 'Negative'],
  NR: ['NR', 'Non-reactive'],
  NS: ['NS', 'Non-susceptible'],
  POS: ['POS', 'Positive'],
  R: ['R', 'Resistant'],
  RR: ['RR', 'Reactive'],
  S: ['S', 'Susceptible'],
  SDD: ['SDD', 'Susceptible-dose dependent'],
  'SYN-R': ['SYN-R', 'Synergy - resistant'],
  'SYN-S': ['SYN-S', 'Synergy - susceptible'],
  U: ['U', 'Significant change up'],
  VS: ['VS', 'very susceptible'],
  UNE: ['UNE', 'Unexpected'],
  W: ['W', 'Worse'],
  WR: ['WR', 'Weakly reactive'],
});

/** OBR-25 that reports results: such an order message is a report too (HL7 table 0123). */
export const reportsResults = (code: string | undefined): boolean =>
  code !== undefined && ['A', 'C', 'F', 'M', 'P', 'R'].includes(code);
