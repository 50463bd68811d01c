import { grammar, type Structure } from './grammar';

/** MDM_T01 and MDM_T02, chapter 9 of the standard; they differ in whether the document comes along. */
export const MDM_T02: Structure = grammar(
  'MDM_T02',
  `MSH SFT* UAC? EVN? PID PD1? NTE* NEXT_OF_KIN*( NK1 ) PV1? PV2?
  COMMON_ORDER*( ORC? TIMING*( TQ1 TQ2* ) OBR NTE* PRT* CTI* )
  TXA CON* OBSERVATION*( OBX PRT* NTE* )`,
);
