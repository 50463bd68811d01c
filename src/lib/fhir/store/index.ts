export { createFhirStore, type FhirStore } from './store';
export { cosmosResourceContainer } from './cosmos';
export type { ResourceContainer, Write } from './ports';
export type { ResourceDocument, SourceMessage, StoredResource } from './documents';
export type { Statements } from './references';
