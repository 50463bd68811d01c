/** The R4 types in use. Types only: no FHIR library reaches the bundle. */
export type * from 'fhir/r4';
