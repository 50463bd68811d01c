import { codings } from './table';

/** HL7 table 0488 (SPM-7; guide: SpecimenCollectionMethod): the two that have another code than their own. */
export const collectionMethod = codings('http://snomed.info/sct', {
  BIO: ['129314006', 'Biopsy - action'],
  SCRAPS: ['129323009', 'Scraping - action'],
});
