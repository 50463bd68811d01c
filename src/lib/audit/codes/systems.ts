/**
 * The code systems of FHIR R4's AuditEvent (http://hl7.org/fhir/R4/auditevent.html#bnc) and of IHE BALP, by short names.
 * test/unit/audit/codes compares them, and every code of this folder, with the R4 definitions.
 */
export const systems = {
  dcm: 'http://dicom.nema.org/resources/ontology/DCM',
  eventType: 'http://terminology.hl7.org/CodeSystem/audit-event-type',
  interaction: 'http://hl7.org/fhir/restful-interaction',
  lifecycle: 'http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle',
  entityType: 'http://terminology.hl7.org/CodeSystem/audit-entity-type',
  resourceType: 'http://hl7.org/fhir/resource-types',
  objectRole: 'http://terminology.hl7.org/CodeSystem/object-role',
  sourceType: 'http://terminology.hl7.org/CodeSystem/security-source-type',
  participation: 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType',
  reason: 'http://terminology.hl7.org/CodeSystem/v3-ActReason',
  confidentiality: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality',
  actCode: 'http://terminology.hl7.org/CodeSystem/v3-ActCode',
  roleClass: 'http://terminology.hl7.org/CodeSystem/v3-RoleClass',
  participant: 'http://terminology.hl7.org/CodeSystem/provenance-participant-type',
  securityRole: 'http://terminology.hl7.org/CodeSystem/extra-security-role-type',
  /** IHE BALP 1.1, input/fsh/terms.fsh and AuthZ.fsh. */
  balpEntity: 'https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType',
  balpDecision: 'https://profiles.ihe.net/ITI/BALP/CodeSystem/AuthZsubType',
  /** What no standard has a code for. */
  own: 'urn:medrelay:audit-event-type',
} as const;

export type SystemName = keyof typeof systems;
