import type { AuditEventInput } from '../types';
import { dcm, decision, interaction, lifecycle, rest } from './codes';
import { systems } from './systems';

/** What happened: the part of an event that its kind decides. */
export type Kind = Pick<AuditEventInput, 'type' | 'subtype' | 'action'>;

const own = (code: string) => ({ system: systems.own, code });

/**
 * The product's events in the codes of DICOM PS3.15 A.5.3, ISO 21089 and FHIR R4. Record lifecycle events stand as the
 * type itself, which R4's value set audit-event-type allows.
 */
export const kinds = {
  signIn: { type: dcm.userAuthentication, subtype: [dcm.login], action: 'E' },
  signOut: { type: dcm.userAuthentication, subtype: [dcm.logout], action: 'E' },
  nodeAuthentication: { type: dcm.securityAlert, subtype: [dcm.nodeAuthentication], action: 'E' },
  /** 45 CFR 164.312(a)(2)(ii). The reason goes into `purpose` (BTG or ETREAT) and, as text, into `phi`. */
  breakGlassStarted: { type: dcm.securityAlert, subtype: [dcm.emergencyOverrideStarted], action: 'E' },
  breakGlassStopped: { type: dcm.securityAlert, subtype: [dcm.emergencyOverrideStopped], action: 'E' },
  restrictedFunction: { type: dcm.securityAlert, subtype: [dcm.useOfRestrictedFunction], action: 'E' },
  /** 45 CFR 170.315(d)(2) asks for these two, and for changes of privileges. */
  recordingStopped: { type: dcm.securityAlert, subtype: [dcm.auditRecordingStopped], action: 'E' },
  recordingStarted: { type: dcm.securityAlert, subtype: [dcm.auditRecordingStarted], action: 'E' },
  rolesChanged: { type: dcm.securityAlert, subtype: [dcm.securityRolesChanged], action: 'E' },
  userChanged: { type: dcm.securityAlert, subtype: [dcm.userSecurityChanged], action: 'E' },
  objectSecurityChanged: { type: dcm.securityAlert, subtype: [dcm.objectSecurityChanged], action: 'E' },
  securityConfigured: { type: dcm.securityAlert, subtype: [dcm.securityConfiguration], action: 'E' },
  softwareConfigured: { type: dcm.securityAlert, subtype: [dcm.softwareConfiguration], action: 'E' },
  networkConfigured: { type: dcm.securityAlert, subtype: [dcm.networkConfiguration], action: 'E' },
  integrityConflict: { type: dcm.securityAlert, subtype: [own('integrity.conflict')], action: 'E' },
  accessDecision: { type: dcm.securityAlert, subtype: [decision.byRole], action: 'E' },
  consentDecision: { type: dcm.securityAlert, subtype: [decision.byConsent], action: 'E' },
  auditLogUsed: { type: dcm.auditLogUsed, action: 'R' },
  appStarted: { type: dcm.applicationActivity, subtype: [dcm.applicationStart], action: 'E' },
  appStopped: { type: dcm.applicationActivity, subtype: [dcm.applicationStop], action: 'E' },
  /** A step of a clinical workflow; which one is in `workflow`. */
  workflow: { type: dcm.applicationActivity, subtype: [own('workflow')], action: 'E' },
  integrityVerified: { type: dcm.applicationActivity, subtype: [own('integrity.verified')], action: 'E' },
  export: { type: dcm.export, action: 'R' },
  import: { type: dcm.import, subtype: [lifecycle.receive], action: 'C' },
  bulkExport: { type: rest, subtype: [interaction.operation], action: 'E' },
  /** What 45 CFR 164.528 asks to account for; the event states it in `disclosure`. */
  disclosureSent: { type: dcm.export, subtype: [lifecycle.disclose], action: 'R' },
  disclosureReceived: { type: dcm.import, subtype: [lifecycle.disclose], action: 'C' },
  merge: { type: lifecycle.merge, action: 'U' },
  link: { type: lifecycle.link, action: 'U' },
  deidentify: { type: lifecycle.deidentify, action: 'E' },
  pseudonymize: { type: lifecycle.pseudonymize, action: 'E' },
  reidentify: { type: lifecycle.reidentify, action: 'E' },
  archive: { type: lifecycle.archive, action: 'E' },
  destroy: { type: lifecycle.destroy, action: 'D' },
  hold: { type: lifecycle.hold, action: 'E' },
  unhold: { type: lifecycle.unhold, action: 'E' },
  encrypt: { type: lifecycle.encrypt, action: 'E' },
  decrypt: { type: lifecycle.decrypt, action: 'E' },
} as const satisfies Record<string, Kind>;
