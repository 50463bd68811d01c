import { grammar, type Structure } from './grammar';

/*
 * Chapter 4 (orders, pharmacy, vaccination) and chapter 7 (results by specimen), one structure for all versions, in the
 * group names of v2.9. Where the standard has several structures that differ in what may repeat, the widest is here.
 */

const patient = `PATIENT?( PID PD1? OH1* OH2? OH3? OH4? ARV* ROL* PRT* NTE* NEXT_OF_KIN*( NK1 OH2* OH3* )
  PATIENT_OBSERVATION*( OBX PRT* NTE* ) PATIENT_VISIT?( PV1 PV2? ROL* PRT* )
  INSURANCE*( IN1 IN2? IN3* AUT* RF1* ) GT1* AL1* ADVERSE_REACTION_GROUP*( IAM NTE* IAR* ) ACC? )`;
const head = `MSH SFT* UAC? BATCH_NOTES?( NTE+ ) ${patient}`;

const specimen = `SPECIMEN*( SPM NTE* ROL* PRT* TCD* SID* SPECIMEN_OBSERVATION*( OBX PRT* NTE* )
  CONTAINER*( SAC INV? TCD* SID* CONTAINER_OBSERVATION*( OBX PRT* NTE* ) ) )`;
/**
 * Earlier results that the filler should know. They need their PID: without one a prior order cannot be told from the
 * next order. The standard keeps them within the order; here they stand beside it, for they are of their own PID.
 */
const priorResult = `PRIOR_RESULT*( PATIENT_PRIOR( PID PD1? PRT* ) PATIENT_VISIT_PRIOR?( PV1 PV2? PRT* ) AL1*
  ORDER_PRIOR*( ORC? OBR NTE* ROL* PRT* TIMING*( TQ1 TQ2* ) CTD? OBSERVATION*( OBX PRT* NTE* ) ) )`;
/** The standard has these at the end of the order; behind a prior result they would be of nothing. */
const rest = 'ORDER_REST*( FT1* CTI* BLG* )';
export const prescription = 'ORDER_DETAIL?( RXO NTE* RXR* COMPONENT*( RXC NTE* ) )';
export const encoding = `ENCODING?( RXE PRT* NTE* TIMING_ENCODED*( TQ1 TQ2* ) RXR* RXC* )`;
const timing = 'TIMING*( TQ1 TQ2* )';

const serviceOrder = `ORDER*( ORC? OBR RQD? RQ1? ODS* ODT* NTE* ROL* PRT* TCD? CTD? DG1* ${timing} ${prescription} ${encoding}
  OBSERVATION*( OBX TCD? PRT* NTE* ) ${specimen} SGH? SGT? FT1* CTI* BLG* )`;

/** ORM_O01, OMG_O19, OML_O21, OMI_O23, OMS_O05, OMN_O07, OMD_O03: orders of one patient, whatever they ask for. */
export const ORM_O01: Structure = grammar('ORM_O01', `${head} ${serviceOrder} ${priorResult} ${rest}`);

/** OML_O33 and OML_O35: orders by specimen, or by container of a specimen. */
export const OML_O33: Structure = grammar(
  'OML_O33',
  `${head} SPECIMEN*( SPM NTE* ROL* PRT* SPECIMEN_OBSERVATION*( OBX PRT* NTE* ) SAC*
    ORDER*( ORC? OBR NTE* ROL* PRT* TCD? DG1* ${timing} OBSERVATION*( OBX TCD? PRT* NTE* ) FT1* CTI* BLG* ) )
  ${priorResult} ${rest}`,
);

/** OUL_R22 and OUL_R23: results by specimen or container. OBR comes before ORC in some versions and after in others. */
export const OUL_R22: Structure = grammar(
  'OUL_R22',
  `${head}
  SPECIMEN*( SPM NTE* ROL* PRT* SPECIMEN_OBSERVATION*( OBX PRT* NTE* ) SAC* INV?
    ORDER*( ORC? OBR NTE* ROL* PRT* TIMING_QTY*( TQ1 TQ2* ) RESULT*( OBX PRT* TXA? TCD? SID* NTE* ) CTI* ) ) DSC?`,
);

/** OUL_R24, and OUL_R21 with its container before the order: results by order. */
export const OUL_R24: Structure = grammar(
  'OUL_R24',
  `${head} LONE_CONTAINER*( SAC SID* )
  ORDER*( ORC? OBR NTE* ROL* PRT* TIMING_QTY*( TQ1 TQ2* ) RESULT*( OBX PRT* TXA? TCD? SID* NTE* ) ${specimen} CTI* ) DSC?`,
);

/** OMP_O09, RDE_O11, RDE_O25, RDS_O13, RAS_O17, RGV_O15 and their like: an order, its encoding, and what was done. */
export const RDE_O11: Structure = grammar(
  'RDE_O11',
  `${head}
  ORDER*( ORC? ${prescription} ENCODING( RXE PRT* NTE* TIMING_ENCODED*( TQ1 TQ2* ) RXR* RXC* ) ${timing}
    DISPENSE*( RXD PRT* NTE* RXR* RXC* )
    GIVE*( RXG TIMING_GIVE*( TQ1 TQ2* ) PRT* NTE* RXR* RXC* )
    ADMINISTRATION*( RXA PRT* NTE* RXR* OBSERVATION*( OBX PRT* NTE* ) )
    ROL* PRT* NTE* OBSERVATION*( OBX PRT* NTE* ) FT1* CTI* BLG* )`,
);

export const VXU_V04: Structure = grammar(
  'VXU_V04',
  `MSH SFT* UAC? PID PD1? ARV* ROL* PRT* NTE* NEXT_OF_KIN*( NK1 OH2* OH3* ) PATIENT_VISIT?( PV1 PV2? ROL* PRT* )
  GT1* INSURANCE*( IN1 IN2? IN3* AUT* RF1* ) AL1* PERSON_OBSERVATION*( OBX PRT* NTE* )
  ORDER*( ORC? RXA PRT* NTE* RXR* ${timing} OBSERVATION*( OBX PRT* NTE* ) )`,
);
