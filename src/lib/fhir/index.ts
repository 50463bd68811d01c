export type * from './types';
export { isResourceType } from './validate/plan';
export { validateBundle, validateResource, type Issue } from './validate/validate';
export {
  cosmosResourceContainer,
  createFhirStore,
  patientOf,
  protectedContainer,
  protectionPolicySchema,
  type FhirStore,
  type ProtectedContainer,
  type ProtectionPolicy,
  type ResourceContainer,
  type ResourceDocument,
  type SourceMessage,
  type Statements,
  type StoredResource,
  type Write,
} from './store';
