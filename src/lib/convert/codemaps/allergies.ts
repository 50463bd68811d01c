import type { AllergyIntolerance, AllergyIntoleranceReaction } from 'fhir/r4';
import { table } from './table';

type Category = NonNullable<AllergyIntolerance['category']>[number];

/** HL7 table 0127 (guide: AllergenType). Miscellaneous allergies (MA) and contraindications (MC) have no category. */
export const allergenCategory = table<Category>({
  DA: 'medication',
  FA: 'food',
  EA: 'environment',
  AA: 'biologic',
  PA: 'environment',
  LA: 'environment',
});
export const allergyType = table<NonNullable<AllergyIntolerance['type']>>({
  DA: 'allergy',
  FA: 'allergy',
  MA: 'allergy',
  EA: 'allergy',
  AA: 'allergy',
  PA: 'allergy',
  LA: 'allergy',
});

/** HL7 table 0128 (guide: AllergySeverity, two readings: how bad a reaction was, or how dangerous the next may be). */
export const reactionSeverity = table<NonNullable<AllergyIntoleranceReaction['severity']>>({
  SV: 'severe',
  MO: 'moderate',
  MI: 'mild',
});
export const criticality = table<NonNullable<AllergyIntolerance['criticality']>>({ SV: 'high', MI: 'low' });

/** HL7 table 0436 (sensitivity to causative agent): the two that R4 tells apart. */
export const sensitivity = table<NonNullable<AllergyIntolerance['type']>>({
  AD: 'intolerance',
  AL: 'allergy',
  IN: 'intolerance',
});

/** HL7 table 0438 (allergy clinical status). Suspect and pending allergies count until they are ruled out. */
export const clinicalStatus = table<'active' | 'inactive'>({
  C: 'active',
  I: 'inactive',
  P: 'active',
  S: 'active',
  U: 'active',
});
