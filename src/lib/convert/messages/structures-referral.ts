import { grammar, type Structure } from './grammar';

/** REF_I12, chapter 11 of the standard. */
export const REF_I12: Structure = grammar(
  'REF_I12',
  `MSH SFT* UAC? EVN? RF1?
  AUTHORIZATION_CONTACT*( AUT CTD* )
  PROVIDER_CONTACT*( PRD CTD* )
  PID PD1? NEXT_OF_KIN*( NK1 ) GT1*
  INSURANCE*( IN1 IN2? IN3* ) ACC? DG1* DRG* AL1* IAM*
  PROCEDURE*( PR1 ROL* PRT* AUTHORIZATION*( AUT CTD* ) )
  COMMON_ORDER*( ORC? OBR NTE* OBSERVATION*( OBX PRT* NTE* ) )
  OBSERVATION*( OBX PRT* NTE* ) PV1? PV2? NTE*`,
);
