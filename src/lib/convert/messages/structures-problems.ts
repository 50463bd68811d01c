import { grammar, type Structure } from './grammar';
import { encoding, prescription } from './structures-orders';

const order = `COMMON_ORDER*( ORC? TIMING*( TQ1 TQ2* ) OBR ${prescription} ${encoding} NTE* VAR* OBSERVATION*( OBX PRT* NTE* VAR* ) )`;

/** PPR_PC1, chapter 12 of the standard. */
export const PPR_PC1: Structure = grammar(
  'PPR_PC1',
  `MSH SFT* UAC? EVN? PID PD1? NEXT_OF_KIN*( NK1 ) AL1* IAM* PV1? PV2?
  PROBLEM*( PRB NTE* VAR*
    PROBLEM_ROLE*( ROL VAR* ) PATHWAY*( PTH VAR* ) OBSERVATION*( OBX PRT* NTE* )
    GOAL*( GOL NTE* VAR* GOAL_ROLE*( ROL VAR* ) OBSERVATION*( OBX PRT* NTE* ) ) ${order} )`,
);
