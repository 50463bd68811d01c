export { auditedFhirOperation, type Done, type FhirOperation } from './fhir-operation';
export { auditClinicalWorkflow, type ClinicalWorkflow, type Step } from './workflow';
