import { table, terminology } from './table';

/**
 * HL7 table 0396 (coding systems) to FHIR URIs: those that R4 gives a URI (R4 4.3.0.1 "Using Codes in resources" and
 * terminology.hl7.org), plus spellings met in the field (`LOINC`, `SNOMED`). `L` and `99zzz` are local by definition.
 */
const named = table<string>({
  LN: 'http://loinc.org',
  LOINC: 'http://loinc.org',
  SCT: 'http://snomed.info/sct',
  SCT2: 'http://snomed.info/sct',
  SNOMED: 'http://snomed.info/sct',
  'SNOMED-CT': 'http://snomed.info/sct',
  SNM3: `${terminology}/SNM3`,
  SNM: `${terminology}/SNM`,
  UCUM: 'http://unitsofmeasure.org',
  I9: `${terminology}/icd9`,
  I9C: 'http://hl7.org/fhir/sid/icd-9-cm',
  I9CDX: 'http://hl7.org/fhir/sid/icd-9-cm',
  I9CP: 'http://hl7.org/fhir/sid/icd-9-cm',
  I10: 'http://hl7.org/fhir/sid/icd-10',
  I10C: 'http://hl7.org/fhir/sid/icd-10-cm',
  I10P: 'http://www.cms.gov/Medicare/Coding/ICD10',
  'ICD10-CM': 'http://hl7.org/fhir/sid/icd-10-cm',
  'ICD-10-CM': 'http://hl7.org/fhir/sid/icd-10-cm',
  C4: 'http://www.ama-assn.org/go/cpt',
  CPT: 'http://www.ama-assn.org/go/cpt',
  CPT4: 'http://www.ama-assn.org/go/cpt',
  HCPCS: 'http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets',
  CVX: 'http://hl7.org/fhir/sid/cvx',
  MVX: `${terminology}/MVX`,
  NDC: 'http://hl7.org/fhir/sid/ndc',
  RXNORM: 'http://www.nlm.nih.gov/research/umls/rxnorm',
  NIP001: `${terminology}/NIP001`,
  CDCREC: 'urn:oid:2.16.840.1.113883.6.238',
  DCM: 'http://dicom.nema.org/resources/ontology/DCM',
  ISO3166_1: 'urn:iso:std:iso:3166',
});

const hl7Table = /^HL7(\d{4})$/;

export function codingSystemUri(id: string): string | undefined {
  const number = hl7Table.exec(id)?.[1];
  return number === undefined ? named(id.toUpperCase()) : `${terminology}/v2-${number}`;
}

/** OIDs that R4 gives a URI of its own: one system, one name. */
const oidUri = table<string>({
  '2.16.840.1.113883.4.1': 'http://hl7.org/fhir/sid/us-ssn',
  '2.16.840.1.113883.4.6': 'http://hl7.org/fhir/sid/us-npi',
  '2.16.840.1.113883.6.1': 'http://loinc.org',
  '2.16.840.1.113883.6.8': 'http://unitsofmeasure.org',
  '2.16.840.1.113883.6.12': 'http://www.ama-assn.org/go/cpt',
  '2.16.840.1.113883.6.69': 'http://hl7.org/fhir/sid/ndc',
  '2.16.840.1.113883.6.88': 'http://www.nlm.nih.gov/research/umls/rxnorm',
  '2.16.840.1.113883.6.90': 'http://hl7.org/fhir/sid/icd-10-cm',
  '2.16.840.1.113883.6.96': 'http://snomed.info/sct',
  '2.16.840.1.113883.12.292': 'http://hl7.org/fhir/sid/cvx',
});

export const oidSystem = (oid: string): string => oidUri(oid) ?? `urn:oid:${oid}`;
