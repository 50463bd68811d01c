import { grammar, type Structure } from './grammar';

/*
 * One structure for all versions: the groups of v2.9 with the segments that older versions had in the same places.
 * Chapter 7 (ORU) of the standard.
 */

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
