export { systems } from './systems';
export {
  dcm,
  decision,
  entityType,
  interaction,
  lifecycle,
  objectRole,
  participation,
  party,
  reason,
  rest,
  securityLabel,
  sourceType,
} from './codes';
export { kinds, type Kind } from './kinds';
export {
  dataEntity,
  patientEntity,
  queryEntity,
  restKind,
  securityEntity,
  type Interaction,
  type Parties,
} from './rest';
