import { grammar, type Structure } from './grammar';

/** SIU_S12, chapter 10 of the standard. Senders leave RGS out, so any resource begins a group of resources. */
export const SIU_S12: Structure = grammar(
  'SIU_S12',
  `MSH ARV* SFT* UAC? EVN? SCH TQ1* NTE*
  PATIENT*( PID PD1? ROL* PRT* ARV* NEXT_OF_KIN*( NK1 OH2* OH3* ) PV1? PV2?
    OBSERVATION*( OBX PRT* NTE* ) AL1* IAM* DG1* GT1* INSURANCE*( IN1 IN2? IN3* AUT* RF1* ) )
  RESOURCES*( RGS?
    SERVICE*( AIS NTE* ) GENERAL_RESOURCE*( AIG NTE* )
    LOCATION_RESOURCE*( AIL NTE* ) PERSONNEL_RESOURCE*( AIP NTE* ) )`,
);
