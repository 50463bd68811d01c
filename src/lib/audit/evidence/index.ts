export { writeEvidence, type EvidenceRequest, type EvidenceSummary } from './bundle';
