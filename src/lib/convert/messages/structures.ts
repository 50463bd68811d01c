import { grammar, type Structure } from './grammar';

/*
 * One structure for all versions: the groups of v2.9 with the segments that older versions had in the same places.
 * Chapter 3 (ADT) and chapter 7 (ORU) of the standard.
 */

const patientVisit = 'PV1? PV2? ';

/** ADT_A01 (A01 A04 A08 A13) and ADT_A03, which differ only in order. */
const admission = `
  MSH ARV* SFT* UAC? EVN? PID PD1? OH1* OH2? OH3? OH4? NTE*
  NEXT_OF_KIN*( NK1 OH2* OH3* ) ${patientVisit} ROL* PRT* DB1*
  OBSERVATION*( OBX PRT* NTE* ) AL1* IAM* DG1* DRG?
  PROCEDURE*( PR1 ROL* PRT* ) GT1*
  INSURANCE*( IN1 IN2? IN3* AUT* RF1* ) ACC? UB1? UB2? PDA?`;

export const ADT_A01: Structure = grammar('ADT_A01', admission);
export const ADT_A03: Structure = grammar('ADT_A03', admission);

export const ORU_R01: Structure = grammar(
  'ORU_R01',
  `MSH ARV* SFT* UAC? BATCH_NOTES?( NTE+ )
  PATIENT_RESULT*(
    PATIENT?( PID PD1? ROL* PRT* NTE*
      NEXT_OF_KIN*( NK1 OH2* OH3* )
      PATIENT_OBSERVATION*( OBX PRT* NTE* )
      VISIT?( PV1 PV2? ROL* PRT* ) )
    ORDER_OBSERVATION*( ORC? OBR NTE* ROL* PRT* TXA?
      TIMING_QTY*( TQ1 TQ2* ) CTD?
      OBSERVATION*( OBX PRT* NTE* ) FT1* CTI*
      SPECIMEN*( SPM NTE* PRT? SAC* SPECIMEN_OBSERVATION*( OBX PRT* NTE* ) ) ) )
  DSC?`,
);
