import { grammar, type Structure } from './grammar';

/* Chapter 6 of the standard. */

const head = 'MSH ARV* SFT* UAC? EVN? PID PD1? ROL* PRT* NTE* NEXT_OF_KIN*( NK1 )';
const insurance = 'INSURANCE*( IN1 IN2? IN3* AUT* RF1* )';
const bill = `AL1* IAM* DG1* DRG* PROCEDURE*( PR1 GP2? ROL* PRT* ) GP1? GT1* ${insurance} ACC? UB1? UB2? PDA?`;

/** BAR_P01, P05, P10 and P12: one patient, several visits. */
export const BAR_P01: Structure = grammar(
  'BAR_P01',
  `${head} VISIT*( PV1? PV2? ROL* PRT* DB1* OBSERVATION*( OBX PRT* NTE* ) ${bill} )`,
);

/** BAR_P02 and P06: accounts of several patients. */
export const BAR_P02: Structure = grammar(
  'BAR_P02',
  'MSH SFT* UAC? EVN? PATIENT*( PID PD1? PV1? PV2? DB1* )',
);

/** DFT_P03 and P11: what one patient is charged for. */
export const DFT_P03: Structure = grammar(
  'DFT_P03',
  `${head} PV1? PV2? DB1*
  COMMON_ORDER*( ORC? TIMING*( TQ1 TQ2* ) OBR NTE* PRT* OBSERVATION*( OBX PRT* NTE* ) )
  OBSERVATION*( OBX PRT* NTE* )
  FINANCIAL*( FT1 NTE* FINANCIAL_PROCEDURE*( PR1 ROL* PRT* ) DG1* DRG* GT1* ${insurance}
    COMMON_ORDER*( ORC? TIMING*( TQ1 TQ2* ) OBR NTE* PRT* OBSERVATION*( OBX PRT* NTE* ) ) )
  AL1* IAM* DG1* DRG* GT1* ${insurance} ACC?`,
);
