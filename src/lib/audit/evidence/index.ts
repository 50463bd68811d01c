export { createEvidence, type Evidence, type EvidenceOrder, type EvidencePorts } from './export';
