export { createFhirStore, type FhirStore } from './store';
export { cosmosResourceContainer } from './cosmos';
export { protectedContainer } from './protected';
export { protectionPolicySchema, type ProtectionPolicy } from './protection';
export type { ProtectedContainer, ResourceContainer, Write } from './ports';
export type { ResourceDocument, SourceMessage, StoredResource } from './documents';
export { patientOf, type Statements } from './references';
