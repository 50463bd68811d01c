import { codings, terminology } from './table';

/** NPU-2, HL7 table 0116, which R4 Location.operationalStatus prefers as it is (guide: BedStatus). */
export const bedStatus = codings(`${terminology}/v2-0116`, {
  C: ['C', 'Closed'],
  H: ['H', 'Housekeeping'],
  I: ['I', 'Isolated'],
  K: ['K', 'Contaminated'],
  O: ['O', 'Occupied'],
  U: ['U', 'Unoccupied'],
});
