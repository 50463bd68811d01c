import { grammar, type Structure } from './grammar';

/*
 * Chapter 3 (ADT), one structure for all versions, in the group names of v2.9. The standard has 25 structures for 60
 * events, most of which leave out what others have (ADT_A09 is ADT_A01 without diagnoses). Senders do not: their
 * admission interface writes every event with the same segments. So each shape has one structure here, the widest,
 * and what a sender adds to a narrow event is read rather than left behind.
 */

const person = `
  PID PD1? OH1* OH2? OH3? OH4? ARV* ROL* PRT* NTE* NEXT_OF_KIN*( NK1 OH2* OH3* )`;
const visit = 'PV1? PV2? ROL* PRT* DB1*';
const findings = `
  OBSERVATION*( OBX PRT* NTE* ) AL1* IAM* IAR* DG1* DRG?
  PROCEDURE*( PR1 ROL* PRT* ) GT1*
  INSURANCE*( IN1 IN2? IN3* AUT* RF1* ) ACC? UB1? UB2? PDA? CON*`;
const header = 'MSH SFT* UAC? EVN?';

/** One patient, one visit: A01-A16, A21-A23, A25-A29, A31-A33, A38, A52-A55, A60-A62. MRG in A06 and A07. */
export const ADT_A01: Structure = grammar('ADT_A01', `${header} ${person} MRG? ${visit} ${findings}`);

/** Two patients and their visits, who change beds (A17), or are linked (A24) or unlinked (A37). */
export const ADT_A17: Structure = grammar('ADT_A17', `${header} PATIENT*( ${person} ${visit} ${findings} )`);

/** A bed and its status (A20). */
export const ADT_A20: Structure = grammar('ADT_A20', `${header} NPU*`);

/**
 * Merge, move and change of identifiers: ADT_A18, ADT_A30, ADT_A39, ADT_A43, ADT_A44, ADT_A45 and ADT_A50, which
 * differ only in what may repeat.
 */
export const ADT_A39: Structure = grammar(
  'ADT_A39',
  `${header} PATIENT*( ${person} ${visit} MERGE_INFO*( MRG PV1? PV2? ) ${findings} )`,
);
