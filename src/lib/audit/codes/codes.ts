import type { Coding } from '../types';
import { systems, type SystemName } from './systems';

const of =
  (system: SystemName) =>
  (code: string, display: string): Coding => ({ system: systems[system], code, display });

const dcmCode = of('dcm');
/** DICOM PS3.16 context groups 400 to 403 (event types, subtypes, participants) as R4 binds them. */
export const dcm = {
  applicationActivity: dcmCode('110100', 'Application Activity'),
  auditLogUsed: dcmCode('110101', 'Audit Log Used'),
  export: dcmCode('110106', 'Export'),
  import: dcmCode('110107', 'Import'),
  securityAlert: dcmCode('110113', 'Security Alert'),
  userAuthentication: dcmCode('110114', 'User Authentication'),
  applicationStart: dcmCode('110120', 'Application Start'),
  applicationStop: dcmCode('110121', 'Application Stop'),
  login: dcmCode('110122', 'Login'),
  logout: dcmCode('110123', 'Logout'),
  nodeAuthentication: dcmCode('110126', 'Node Authentication'),
  emergencyOverrideStarted: dcmCode('110127', 'Emergency Override Started'),
  networkConfiguration: dcmCode('110128', 'Network Configuration'),
  securityConfiguration: dcmCode('110129', 'Security Configuration'),
  softwareConfiguration: dcmCode('110131', 'Software Configuration'),
  useOfRestrictedFunction: dcmCode('110132', 'Use of Restricted Function'),
  auditRecordingStopped: dcmCode('110133', 'Audit Recording Stopped'),
  auditRecordingStarted: dcmCode('110134', 'Audit Recording Started'),
  objectSecurityChanged: dcmCode('110135', 'Object Security Attributes Changed'),
  securityRolesChanged: dcmCode('110136', 'Security Roles Changed'),
  userSecurityChanged: dcmCode('110137', 'User security Attributes Changed'),
  emergencyOverrideStopped: dcmCode('110138', 'Emergency Override Stopped'),
  application: dcmCode('110150', 'Application'),
  destination: dcmCode('110152', 'Destination Role ID'),
  source: dcmCode('110153', 'Source Role ID'),
  destinationMedia: dcmCode('110154', 'Destination Media'),
} as const;

export const rest: Coding = of('eventType')('rest', 'RESTful Operation');

const interactionCode = of('interaction');
export const interaction = {
  read: interactionCode('read', 'read'),
  vread: interactionCode('vread', 'vread'),
  update: interactionCode('update', 'update'),
  patch: interactionCode('patch', 'patch'),
  delete: interactionCode('delete', 'delete'),
  create: interactionCode('create', 'create'),
  search: interactionCode('search', 'search'),
  operation: interactionCode('operation', 'operation'),
} as const;

const lifecycleCode = of('lifecycle');
/** ISO/HL7 21089 record lifecycle events. */
export const lifecycle = {
  amend: lifecycleCode('amend', 'Amend (Update) Record Lifecycle Event'),
  archive: lifecycleCode('archive', 'Archive Record Lifecycle Event'),
  decrypt: lifecycleCode('decrypt', 'Decrypt Record Lifecycle Event'),
  deidentify: lifecycleCode('deidentify', 'De-Identify (Anononymize) Record Lifecycle Event'),
  destroy: lifecycleCode('destroy', 'Destroy/Delete Record Lifecycle Event'),
  disclose: lifecycleCode('disclose', 'Disclose Record Lifecycle Event'),
  encrypt: lifecycleCode('encrypt', 'Encrypt Record Lifecycle Event'),
  hold: lifecycleCode('hold', 'Add Legal Hold Record Lifecycle Event'),
  link: lifecycleCode('link', 'Link Record Lifecycle Event'),
  merge: lifecycleCode('merge', 'Merge Record Lifecycle Event'),
  pseudonymize: lifecycleCode('pseudonymize', 'Pseudonymize Record Lifecycle Event'),
  receive: lifecycleCode('receive', 'Receive/Retain Record Lifecycle Event'),
  reidentify: lifecycleCode('reidentify', 'Re-identify Record Lifecycle Event'),
  report: lifecycleCode('report', 'Report (Output) Record Lifecycle Event'),
  transform: lifecycleCode('transform', 'Transform/Translate Record Lifecycle Event'),
  unhold: lifecycleCode('unhold', 'Remove Legal Hold Record Lifecycle Event'),
  verify: lifecycleCode('verify', 'Verify Record Lifecycle Event'),
} as const;

const entityTypeCode = of('entityType');
export const entityType = {
  person: entityTypeCode('1', 'Person'),
  system: entityTypeCode('2', 'System Object'),
  organization: entityTypeCode('3', 'Organization'),
  other: entityTypeCode('4', 'Other'),
  consent: of('resourceType')('Consent', 'Consent'),
  request: of('balpEntity')('XrequestId', 'X-Request-Id'),
} as const;

const roleCode = of('objectRole');
export const objectRole = {
  patient: roleCode('1', 'Patient'),
  report: roleCode('3', 'Report'),
  domainResource: roleCode('4', 'Domain Resource'),
  user: roleCode('6', 'User'),
  securityResource: roleCode('13', 'Security Resource'),
  job: roleCode('20', 'Job'),
  query: roleCode('24', 'Query'),
} as const;

export const sourceType = {
  applicationServer: of('sourceType')('4', 'Application Server'),
} as const;

const participationCode = of('participation');
export const participation = {
  recipient: participationCode('IRCP', 'information recipient'),
  author: participationCode('AUT', 'author (originator)'),
  informant: participationCode('INF', 'informant'),
  custodian: participationCode('CST', 'custodian'),
} as const;

/** The parties of a deletion and of an access decision, which IHE BALP names in other systems. */
export const party = {
  custodian: of('participant')('custodian', 'Custodian'),
  provider: of('roleClass')('PROV', 'healthcare provider'),
  authorizer: of('securityRole')('authserver', 'authorization server'),
} as const;

const reasonCode = of('reason');
/** v3 PurposeOfUse: why somebody acts. */
export const reason = {
  treatment: reasonCode('TREAT', 'treatment'),
  emergencyTreatment: reasonCode('ETREAT', 'Emergency Treatment'),
  breakTheGlass: reasonCode('BTG', 'break the glass'),
  payment: reasonCode('HPAYMT', 'healthcare payment'),
  operations: reasonCode('HOPERAT', 'healthcare operations'),
  publicHealth: reasonCode('PUBHLTH', 'public health'),
  research: reasonCode('HRESCH', 'healthcare research'),
  patientRequest: reasonCode('PATRQT', 'patient requested'),
  legal: reasonCode('HLEGAL', 'legal'),
  administration: reasonCode('HSYSADMIN', 'health system administration'),
  coordination: reasonCode('COC', 'coordination of care'),
  careManagement: reasonCode('CAREMGT', 'care management'),
} as const;

export const decision = {
  byConsent: of('balpDecision')('AuthZ-Consent', 'Authorization Decision using Roles and Consent'),
  byRole: of('balpDecision')('AuthZ-Role', 'Authorization Decision using only Roles'),
} as const;

const CONFIDENTIALITY: ReadonlySet<string> = new Set(['U', 'L', 'M', 'N', 'R', 'V']);

/** Security labels are stored as bare codes; their system follows from the code. */
export const securityLabel = (code: string): Coding => ({
  system: CONFIDENTIALITY.has(code) ? systems.confidentiality : systems.actCode,
  code,
});
