import type { Coding } from 'fhir/r4';
import * as allergies from '../../src/lib/convert/codemaps/allergies';
import * as appointments from '../../src/lib/convert/codemaps/appointments';
import { bedStatus } from '../../src/lib/convert/codemaps/bed-status';
import * as encounter from '../../src/lib/convert/codemaps/encounter';
import { isIdentifierType } from '../../src/lib/convert/codemaps/identifier-types';
import * as orders from '../../src/lib/convert/codemaps/orders';
import * as patient from '../../src/lib/convert/codemaps/patient';
import { administrationMethod, route } from '../../src/lib/convert/codemaps/pharmacy';
import * as results from '../../src/lib/convert/codemaps/results';
import { religion } from '../../src/lib/convert/codemaps/religion';
import { participationRole, providerRole } from '../../src/lib/convert/codemaps/roles';
import { collectionMethod } from '../../src/lib/convert/codemaps/specimens';
import * as telecom from '../../src/lib/convert/codemaps/telecom';
import { eventTiming, repeatPattern } from '../../src/lib/convert/codemaps/timing';
import { terminology } from '../../src/lib/convert/codemaps/table';

/** What we make of a concept map of the guide. */
export interface Use {
  /** Our map: a code, or a coding. */
  readonly map?: (code: string) => Coding | string | undefined;
  /** HL7 table whose system a code gets that the map does not know; the code stays as sent. */
  readonly table?: string;
  /** Why the guide's map has no counterpart here. */
  readonly unused?: string;
}

const sent = (table: string): Use => ({ table });
const ours = (map: (code: string) => Coding | string | undefined, table?: string): Use => ({
  map,
  ...(table === undefined ? {} : { table }),
});
const unused = (reason: string): Use => ({ unused: reason });
const asSent = unused('a text or code that R4 takes as it is sent');

export const uses: Readonly<Record<string, Use>> = {
  AdditivePreservative: sent('0371'),
  'AddressType[Type]': ours(patient.addressType),
  'AddressType[Use]': ours(patient.addressUse),
  AdministrationMethod: ours(administrationMethod, '0165'),
  AdministrativeSex: ours(patient.administrativeSex),
  AdmissionLevelOfCareCode: sent('0432'),
  AdmissionType: ours(encounter.admissionType, '0007'),
  'AllergenType[AllergyIntoleranceCategory]': ours(allergies.allergenCategory),
  'AllergenType[AllergyIntoleranceOriginalCategory]': sent('0127'),
  'AllergySeverity[AllergyIntolerance.criticality-original]': unused(
    'AL1-4 becomes the code of R4 above; a code that is in neither is told and kept in the raw copy',
  ),
  'AllergySeverity[AllergyIntolerance.criticality]': ours(allergies.criticality),
  'AllergySeverity[AllergyIntolerance.reaction.severity]': ours(allergies.reactionSeverity),
  AllergyType: ours(allergies.allergyType),
  AllowSubstitution: ours(orders.substitution, '0161'),
  AmbulatoryStatus: ours(encounter.specialArrangement, '0009'),
  AppointmentReasonCodes: ours(appointments.appointmentReason, '0276'),
  AppointmentTypeCodes: sent('0277'),
  BedStatus: ours(bedStatus, '0116'),
  BodyParts: unused('a code with its system, as sent; no field has this table by itself'),
  BodySite: sent('0163'),
  CommentType: sent('0364'),
  CompletionStatus: ours(orders.completionStatus),
  ConfidentialityCode: ours(orders.confidentiality, '0177'),
  ContactRole: sent('0131'),
  CountryCode: asSent,
  DegreeLicenseCertificate: unused('degrees are texts in R4 (HumanName.suffix)'),
  DiagnosisType: ours(encounter.diagnosisRole, '0052'),
  DiagnosticServiceSectionID: sent('0074'),
  DocumentConfidentialityStatus: sent('0272'),
  EncounterPriority: ours(encounter.encounterPriority, '0217'),
  EventReason: ours(encounter.eventReason, '0062'),
  EventRelatedPeriod: ours(eventTiming),
  EventType: sent('0003'),
  'Event[EncounterStatus]': ours(encounter.eventStatus),
  ExtendedPriorityCodes: ours(orders.requestPriority),
  'FillerStatusCodes[Appointment]': ours((code) => appointments.appointmentStatus(code.toLowerCase())),
  HospitalService: ours(encounter.serviceType, '0069'),
  IdentifierType: ours((code) =>
    isIdentifierType(code) ? { system: `${terminology}/v2-0203`, code } : undefined,
  ),
  InterpretationCodes: ours(results.interpretation, '0078'),
  LivingWillCode: sent('0315'),
  MaritalStatus: ours(patient.maritalStatus, '0002'),
  MessageStructure: unused(
    'a list of structures; src/lib/convert/messages/registry.ts has those that are read',
  ),
  ModeOfArrivalCode: sent('0430'),
  NameAssemblyOrder: ours(patient.nameAssemblyOrder),
  NameType: ours(patient.nameUse),
  NatureOfAbnormalTesting: sent('0080'),
  ObservationResultStatusCodesInterpretation: ours(results.observationStatus),
  'OrderControlCode[ServiceRequest.status]': ours((control) =>
    orders.requestStatus({ control, status: undefined }),
  ),
  OrderStatus: ours((status) => orders.requestStatus({ control: undefined, status })),
  OrderType: ours(orders.orderLocation, '0482'),
  OrganizationalNameType: unused('names of organizations have no type in R4'),
  ParticipantOrganizationUnitType: sent('0406'),
  Participation: ours(participationRole, '0912'),
  'PatientClass[EncounterClass]': ours(encounter.encounterClass, '0004'),
  'PatientClass[EncounterStatus]': unused('a class is no state: the status is what the event says'),
  PractitionerIDNumberType: unused('PRA-6 carries its types as identifier types (HL7 table 0203)'),
  PreferredMethodOfContact: sent('0185'),
  ProcessingID: unused('MSH-11 decides whether a message is processed at all'),
  ProcessingMode: unused('MSH-11.2 decides nothing that is stored'),
  ProviderRole: ours(providerRole, '0443'),
  PublicityCode: sent('0215'),
  ReadmissionIndicator: sent('0092'),
  Relationship: ours(patient.relationship, '0063'),
  Religion: ours(religion, '0006'),
  RepeatPattern: ours((code) => repeatPattern(code.toUpperCase()), '0335'),
  'ResultStatus[Non-Queries]': ours(results.reportStatus),
  RouteOfAdministration: ours(route, '0162'),
  SegmentActionCode: unused('actions are carried out (create, correct, delete), not translated into HTTP'),
  SpecimenCollectionMethod: ours(collectionMethod, '0488'),
  SpecimenCondition: sent('0493'),
  SpecimenRejectReason: sent('0490'),
  SpecimenType: sent('0487'),
  TelecommunicationEquipmentType: ours((code) => telecom.telecomSystem(code.toUpperCase())),
  TelecommunicationUseCode: ours(telecom.telecomUse),
  UniversalIDType: unused('HD-3 decides how HD-2 becomes a URI (src/lib/convert/datatypes/hd.ts)'),
  VisitUserCode: sent('0130'),
  YesNoIndicator: unused('booleans (src/lib/convert/datatypes/id.ts)'),
  'YesNoIndicator[AvailabilityStatus]': unused('SPM-20, in src/lib/convert/segments/spm.ts'),
};
