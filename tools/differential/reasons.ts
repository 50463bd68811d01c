interface Reason {
  readonly by?: 'microsoft' | 'reportstream';
  readonly what: RegExp;
  readonly reason: string;
}

/**
 * Why we do not state what another converter states: one entry for each disagreement that was looked at, against the
 * message, the guide (HL7 v2-to-FHIR v1.0.0), HL7 v2.5.1 to 2.9 and R4. The first that fits counts.
 */
const reasons: readonly Reason[] = [
  // Resources of another shape.
  {
    what: /^MessageHeader is not made$/,
    reason:
      'A MessageHeader belongs to Bundles of type message (R4 bdl-12); ours is a transaction, and what MSH says of the message ' +
      'is in its Provenance.',
  },
  {
    by: 'microsoft',
    what: /^Linkage is not made$/,
    reason:
      'Merged patients carry Patient.link both ways (R4 8.1.3), which servers follow; Linkage says it once more.',
  },
  {
    what: /^(Location|Organization|Practitioner|PractitionerRole|RelatedPerson|Device)( is not made|: fewer are made)$/,
    reason:
      'Who has no identifier in v2 (a bare name, PL, NK1) is a display, a contact or an extension of what mentions them, and ' +
      'an authority (HD) is the system of its identifiers: without a key there would be a new resource with every message.',
  },
  {
    what: /^EpisodeOfCare is not made$/,
    reason:
      'PV1-54 names an episode that others keep: a reference by its number (R4 needs a status, which v2 lacks).',
  },
  {
    by: 'microsoft',
    what: /^(ResearchStudy|Substance|ClaimResponse|Task|DocumentReference) is not made$/,
    reason:
      'R4 demands a status, an intent or a content of each, which CTI, INV, AUT, ORC and a consent in NTE do not give: CTI and AUT ' +
      'are an identifier and an extension of the order, INV is stock of the analyser.',
  },
  {
    what: /^Provenance: fewer are made$/,
    reason:
      'One Provenance for a message and one for each ORC with somebody in it; they add the conversion itself, or one for each ' +
      'segment of MSH and EVN.',
  },
  {
    what: /^Encounter is not made$/,
    reason:
      'The message names no visit (PV1-19, PV1-50; in ADT also PID-18 or PV1-44): an Encounter made of it would be shared by all.',
  },
  {
    by: 'microsoft',
    what: /^(Specimen|ServiceRequest|Condition|Procedure): fewer are made$/,
    reason:
      'Parents that are only named by a number (SPM-3, ORC-8 and OBR-29, DG1-22, PR1-20) are references by identifier, not empty ' +
      'resources; what repeats an identifier (DG1-20, PR1-19) is one resource; a death certificate (PDA) is an Observation.',
  },
  {
    by: 'microsoft',
    what: /^Observation: fewer are made$/,
    reason:
      'ACC is an extension of the visit: an accident is no measurement and R4 Observations need a code.',
  },
  {
    by: 'microsoft',
    what: /^DiagnosticReport(: fewer are made| is not made)$/,
    reason:
      'An ED or RP in OBX is the Observation with its DocumentReference, not one more report; an OBR in an order without a ' +
      'result (OBR-25 S, O, I or empty) is a ServiceRequest alone.',
  },
  {
    by: 'microsoft',
    what: /^DiagnosticReport\.code\.coding\.(code|display) has another value$/,
    reason: 'The report that they make of an OBX with ED or RP, against ours, which is of its OBR.',
  },
  {
    by: 'microsoft',
    what: /^Medication: fewer are made$/,
    reason: 'A component (RXC) is an ingredient with its code; R4 asks for no Medication of its own.',
  },
  {
    by: 'microsoft',
    what: /^((Procedure|MedicationDispense) is not made|MedicationDispense: fewer are made)$/,
    reason:
      'Charges (FT1): one ChargeItem says what was billed; a Procedure or dispense made of the same row would claim an ' +
      'act that another message documents.',
  },
  {
    by: 'microsoft',
    what: /^Account( is not made|: fewer are made)$/,
    reason:
      'PID-18 makes the Account, once for a number; BLG-3 says whom to bill for an order, and a charge (FT1) names the same one.',
  },
  {
    by: 'microsoft',
    what: /^ServiceRequest is not made$/,
    reason:
      'In a vaccination ORC numbers the Immunization, and RE is a result; in scheduling SCH and RGS ask for an appointment.',
  },
  {
    by: 'microsoft',
    what: /^Encounter: fewer are made$/,
    reason:
      'The PV1 of prior results stands after the orders, where OMG and OML have no such group without its PID: unknown place, kept ' +
      'and reported; BAR P02 repeats one visit.',
  },
  {
    what: /^Specimen( is not made|: fewer are made)$/,
    reason:
      'The guide makes a Specimen for each OBR; we make one where OBR-9 to 15 or an SPM say something of it.',
  },
  {
    by: 'microsoft',
    what: /^Observation( is not made|\.code\.coding\.code is lost, OBX-3 carried)$/,
    reason: 'In MDM, OBX are the lines of the document (v2.5.1 ch. 9.5): its content, and no measurements.',
  },
  {
    by: 'reportstream',
    what: /^message is refused: SEGMENT_MISSING$/,
    reason:
      'An OML without any ORC or OBR: the three pairs test a data type in IN1 or PID, and are no order.',
  },

  // Codes that v2 does not decide, or decides otherwise.
  {
    what: /\.identifier\.type\.coding\.code (is decided otherwise|has another value)$/,
    reason:
      'Types of numbers are CX-5, or PLAC, FILL, PGN, FGN, VN of the guide where EI has none; they use the type of the field or ' +
      'tables of their own, and put other people in the same resource.',
  },
  {
    by: 'microsoft',
    what: /^Encounter\.class\.code is decided otherwise$/,
    reason: 'The class of the visit of the prior results, against that of the patient.',
  },
  {
    what: /^Encounter\.status is decided otherwise$/,
    reason:
      'Theirs follows PV1-2 or is constant; ours follows the event, PV1-44 and PV1-45, and a message that is not about the visit ' +
      'does not know (docs/conversion.md).',
  },
  {
    what: /^Encounter\.location\.status /,
    reason:
      "PL-5 is the status of the place (HL7 table 0306), R4's is of the patient in it (EncounterLocationStatus): ours follows " +
      'the visit and the field.',
  },
  {
    by: 'microsoft',
    what: /^Procedure\.performer\.function\.coding\.code is decided otherwise$/,
    reason: 'They use codes of a system of their own (example.com); ours are SNOMED CT.',
  },
  {
    by: 'microsoft',
    what: /^Encounter\.diagnosis\.use\.coding\.code is decided otherwise$/,
    reason:
      'DG1-6 `F` is the final diagnosis (table 0052), which is not yet a discharge diagnosis; the code is kept as sent.',
  },
  {
    by: 'microsoft',
    what: /^DocumentReference\.docStatus is decided otherwise$/,
    reason: 'TXA-17 `AU` (authenticated) is final by table 0271.',
  },
  {
    by: 'microsoft',
    what: /^Encounter\.priority\.coding\.code is decided otherwise$/,
    reason:
      'The alternate code of PV2-25 stays as sent: it names no system, so it need not be of table 0217.',
  },
  {
    by: 'microsoft',
    what: /^Account\.status (is decided otherwise|has another value)$/,
    reason: 'Theirs is constant: PID-18 numbers the account and says nothing of its status; P06 ends it.',
  },
  {
    what: /^ServiceRequest\.(status|intent) is decided otherwise$/,
    reason:
      'Theirs is constant (`unknown`, `filler-order`, on hold for a pending RF1-1); ours is ORC-1 and ORC-5 by the guide, and ' +
      'OBR-11 `G` is `reflex-order`.',
  },
  {
    by: 'microsoft',
    what: /^Observation\.status (is decided otherwise|has another value)$/,
    reason: 'They leave I, R, S and others of table 0085 unknown; ours follow the definitions of the table.',
  },
  {
    by: 'microsoft',
    what: /^DiagnosticReport\.status is decided otherwise$/,
    reason: 'OBR-25 of MDM is F, final by table 0123; theirs is constant.',
  },
  {
    by: 'microsoft',
    what: /^ServiceRequest\.category\.coding\.code is decided otherwise$/,
    reason:
      'Theirs is of a system of their own (example.com); ours is SNOMED CT for a referral, and RF1-3 as sent.',
  },
  {
    by: 'microsoft',
    what: /^MedicationDispense\.status is decided otherwise$/,
    reason: 'RXD reports what was dispensed (v2.5.1 ch. 4.14.5): completed; theirs is constant.',
  },
  {
    by: 'microsoft',
    what: /^Appointment\.participant\.status is decided otherwise$/,
    reason:
      'Theirs is constant for the patient; v2 has no answer of the patient, so ours is absent and says so.',
  },
  {
    by: 'microsoft',
    what: /^Encounter\.participant\.type\.coding\.code is decided otherwise$/,
    reason: 'PV1-8 is nine empty components: they make a referrer without a name.',
  },
  {
    by: 'microsoft',
    what: /^(Patient|RelatedPerson)\.communication\.language\.coding\.(code|display) (is decided otherwise|has another value)$/,
    reason:
      'The first code becomes BCP 47, as R4 demands; the alternate code stays as sent with its own system. Languages of other ' +
      'people (IN2, NK1) are theirs.',
  },
  {
    by: 'reportstream',
    what: /^Patient\.communication\.language\.coding\.code is lost, PID-15 carried$/,
    reason: 'R4 binds languages to BCP 47 (required): `E` of table 0296 became `en`.',
  },
  {
    by: 'microsoft',
    what: /^Location\.physicalType\.coding\.code is decided otherwise$/,
    reason:
      'They make one Location for each level of PL; ours has the type of the finest level that is named.',
  },
  {
    by: 'microsoft',
    what: /^Provenance\.(agent\.type|reason)\.coding\.code is decided otherwise$/,
    reason:
      'EVN-4 keeps table 0062; agents have the role of their field (enterer, sender), theirs is constant.',
  },
  {
    by: 'reportstream',
    what: /^Provenance\.(activity\.coding\.code is decided otherwise|occurredDateTime has another value)$/,
    reason: 'Ours is of the ORC (ORC-1, ORC-15); they keep one for the message beside it.',
  },
  {
    by: 'reportstream',
    what: /^Observation\.dataAbsentReason\.coding\.code is decided otherwise$/,
    reason:
      '`cannot-be-obtained` is not in the R4 CodeSystem data-absent-reason; OBX-11 X says no more than unknown.',
  },
  {
    by: 'reportstream',
    what: /^Specimen\.status is decided otherwise$/,
    reason:
      'SPM-21 rejects the specimen: R4 `unsatisfactory` (unusable), though SPM-20 says that it is there.',
  },
  {
    what: /\.(name|telecom)\.use (is decided otherwise|has another value)$/,
    reason:
      'XPN-7, XCN-10, XTN-2 and the guide: `mobile` for XTN-3 CP, `maiden` for B and M; theirs take a default or only XTN-2.',
  },
  {
    what: /^(MedicationRequest\.dispenseRequest\.dispenseInterval|Encounter\.length)\.unit is decided otherwise$/,
    reason: 'R4 durations (drt-1) need a UCUM code: `d` for `days`.',
  },

  // Values that are in the message and in the Bundle, in another form.
  {
    by: 'microsoft',
    what: /\.timing\.repeat\.(boundsDuration\.unit|period|periodUnit) (has another value|is lost, TQ1-3 carried)$|^ServiceRequest\.occurrenceTiming\.repeat\.(boundsDuration\.unit|period|periodUnit|durationUnit) (has another value|is lost, (TQ1-3|OBX-11) carried)$/,
    reason:
      'RPT-5 and 6 are the period in the largest whole unit (`Q12H`, 180 min is 3 h), with the UCUM code R4 demands; ' +
      'they use minutes, or the code of table 0335 itself.',
  },
  {
    by: 'reportstream',
    what: /^Observation\.valueTime is lost, OBX-5 carried$/,
    reason: 'R4 `time` is hh:mm:ss; `223100.0000` is none.',
  },
  {
    by: 'reportstream',
    what: /^Observation\.valueRange\.(low|high)\.(value|code) is lost, (OBX-5|OBR-1) carried$/,
    reason:
      'SN-1 `-` is no comparator (v2.5.1 ch. 2.A.71): the four parts stay a text, with the unit beside it, as they may not ' +
      'mean a range.',
  },
  {
    by: 'reportstream',
    what: /^Observation\.valueQuantity\.code is lost, OBR-1 carried$/,
    reason:
      'A unit has a code where its system is UCUM or known to the profile; `METRIC` is neither, its name stays.',
  },
  {
    what: /\.quantity\.unit is lost, SPM-12 carried$|^Medication\.amount\.numerator\.code is lost, RXC-4 carried$/,
    reason:
      'A unit is its text, else its code, and a code only where the system is known; further words for it are not repeated.',
  },
  {
    what: /\.coding\.version is lost, /,
    reason:
      'The code was mapped to a system of R4; the edition of the table it came from says nothing of that one.',
  },
  {
    by: 'microsoft',
    what: /^Observation\.extension is lost, (OBR-25|OBX-11|PID-8|PV1-2) carried$/,
    reason:
      'Their extension repeats OBX-11 as sent (`F`, the same letter elsewhere in the message); ours is the status.',
  },
  {
    by: 'microsoft',
    what: /^ServiceRequest\.occurrenceTiming\.code\.coding\.code is lost, PV1-2 carried$/,
    reason: 'RPT-1 `P` is not in table 0335; the text of the schedule is there.',
  },
  {
    by: 'microsoft',
    what: /^ServiceRequest\.occurrenceTiming\.repeat\.boundsPeriod\.(start|end) is lost, /,
    reason: 'The TQ1 of a vaccination, for which R4 has no schedule: it was given.',
  },
  {
    by: 'microsoft',
    what: /^Immunization\.reportOrigin\.coding\.(code|display) is lost, RXA-9 carried$/,
    reason:
      'NIP001 `00` (new record) is primarySource true, and R4 has an origin only where it is not; of the others the name is ' +
      "the table's.",
  },
  {
    by: 'microsoft',
    what: /^Immunization\.doseQuantity\.value is lost, RXA-6 carried$/,
    reason: 'RXA-6 999 means that the amount is unknown (v2.5.1 ch. 4.14.7.6): no dose of 999.',
  },
  {
    by: 'microsoft',
    what: /^Appointment\.priority is lost, SCH-11 unknown$/,
    reason: 'Theirs is TQ-1 of SCH-11, which is a quantity; a priority is TQ-6.',
  },
  {
    by: 'microsoft',
    what: /^Appointment\.comment has another value$/,
    reason: 'R4 has one comment: ours is all notes, theirs the first.',
  },
  {
    what: /^(Observation|ServiceRequest)\.note\.text has another value$/,
    reason:
      "The repetitions of NTE-3 are lines of one note (v2.5.1 ch. 2.15.10.3), and notes of a result are its report's.",
  },
  {
    what: /^Patient\.multipleBirthInteger is lost, (SCH-11 unknown|PID-13 carried)$/,
    reason: 'PID-24 is N: no multiple birth, whatever number stands in PID-25.',
  },
  {
    by: 'microsoft',
    what: /^Medication\.ingredient\.strength\.numerator\.(unit|value) has another value$/,
    reason:
      'RXC-5 is the strength of the component (ours); they attach the component to every order of the message.',
  },
  {
    by: 'microsoft',
    what: /^MedicationDispense\.dosageInstruction\.maxDosePerPeriod\./,
    reason:
      'RXD-12 is the daily total; CDO limits what the order may sum up to and belongs to the order, not to this dispense.',
  },
  {
    by: 'microsoft',
    what: /^Condition\.onsetDateTime is lost, DG1-5 carried$/,
    reason: 'Two DG1 with one identifier (DG1-20) are one diagnosis, so the first onset stays.',
  },
  {
    by: 'reportstream',
    what: /^DiagnosticReport\.identifier\.value has another value$/,
    reason: 'ORC-4 groups requests: ServiceRequest.requisition; an R4 report has no such number.',
  },
  {
    by: 'microsoft',
    what: /^DiagnosticReport\.identifier\.value has another value$/,
    reason: 'ORC-4 groups requests: ServiceRequest.requisition; OBX-21 numbers the Observation.',
  },
  {
    by: 'microsoft',
    what: /^ServiceRequest\.locationCode\.coding\.code has another value$/,
    reason: 'ORC-29 is the place of the order; they add OBR-46, which the guide gives to orderDetail.',
  },
  {
    by: 'reportstream',
    what: /^ServiceRequest\.extension is lost, ORC-1 carried$/,
    reason: 'NW is the status active, and the time the authoredOn; they repeat the code as sent.',
  },

  // Values that belong to somebody else.
  {
    by: 'microsoft',
    what: /^(Patient|RelatedPerson|Coverage)\.(identifier|name|telecom|address|contact\.(telecom|relationship))\.[a-zA-Z.]+ has another value$|^RelatedPerson\.(birthDate|relationship\.coding\.(code|display)) (has another value|is decided otherwise)$/,
    reason:
      'They make one RelatedPerson of each of NK1, GT1, IN1, IN2 and ROL and add numbers of other fields (IN1-49, IN2, DB1, PID-18) ' +
      'and former names to the patient; ours stand in the contact, guarantor, subscriber, Account or extension of the field.',
  },
  {
    by: 'reportstream',
    what: /^Patient\.contact\.telecom\.value has another value$/,
    reason:
      'NK1-31 and NK1-41 are the contact person of the contact: an extension beside the name of the contact.',
  },
  {
    what: /^(Practitioner|Organization|Location)\.[a-zA-Z.]+ has another value$/,
    reason:
      'Compared with somebody else: theirs has no identifier and is a display, contact or extension in our Bundle, where the ' +
      'value stands.',
  },
  {
    by: 'microsoft',
    what: /^(Condition|Device|Organization|ResearchStudy|MedicationDispense\.authorizingPrescription|MedicationRequest|ServiceRequest|RelatedPerson)\.identifier\.type\.coding\.code is lost, /,
    reason:
      'HD-3 (`ISO`, `DNS`, `GUID`, `CLIP`) is the type of the authority, not of its number (table 0301): it decides the system; ' +
      'of IN1-49, OBR-50, ORC-31 and PRT-15 the number stands without it.',
  },
  {
    by: 'reportstream',
    what: /^(Organization|Location)\.(identifier\.type\.coding\.code|extension|status) is lost, /,
    reason:
      'HD-3, XON-2 to 8 and PL-5, 6 (type of the authority, of the name, of the place) with no number of its own to hold them: ' +
      'private extensions of theirs that R4 has no element for.',
  },
  {
    what: /^Organization\.identifier\.value is lost, [A-Z0-9]+-\d+ (carried|unknown)$/,
    reason:
      "They make an Organization of every authority; ours is the identifier's system: the universal id where it is an OID, UUID " +
      'or DNS name, else the name, and the other of the two is not repeated.',
  },
  {
    what: /^Location\.(identifier\.value|name) is lost, (MSH-(22|23)|SFT-1|PD1-(3|14)|PV2-23) unknown$|^Organization\.name is lost, PD1-14 unknown$/,
    reason:
      'XON-7 is the facility that assigned the number of the organization, beside its authority: R4 has an assigner by name only. ' +
      'PD1-14 is one congregation in R4 (extension patient-congregation).',
  },
  {
    what: /^Location\.(identifier\.value|name) is lost, (PV1-(3|6|11|42|43)|PV2-1|ORC-13|PRT-9) (carried|unknown)$/,
    reason:
      'A place is one Location with all levels in its name and key (HD-1 of each, else HD-2); they make one for each level ' +
      'with both parts and PL-11. Places of one universal id (PL-4) and description are the same place.',
  },
  {
    by: 'reportstream',
    what: /^Organization\.(address\.[a-zA-Z]+|telecom\.value) is lost, (ORC-22|ORC-23|OBX-24) carried$/,
    reason:
      'ORC-21 is empty, so there is no organization to have the address; OBX-24 repeats the address of the same laboratory in ' +
      'other words.',
  },
  {
    by: 'reportstream',
    what: /^Patient\.extension is lost, (PID-(6|10|22)|PD1-14) (carried|unknown)$/,
    reason:
      'R4 has one maiden name of the mother as text, race and ethnicity by US Core (whose alternate codes are of no CDC system) ' +
      'and one congregation; the pair keeps CWE and XPN whole in private extensions.',
  },
  {
    by: 'reportstream',
    what: /^Patient\.telecom\.value is lost, PID-13 unknown$/,
    reason: 'One XTN is one ContactPoint: with an e-mail address in XTN-4 the number beside it has no place.',
  },
  {
    by: 'reportstream',
    what: /^RelatedPerson\.gender is lost, NK1-15 unknown$/,
    reason: 'The words of a coded sex; the code is Patient.contact.gender.',
  },
  {
    by: 'microsoft',
    what: /^RelatedPerson\.address\.line is lost, ROL-12 unknown$/,
    reason: 'A number of an XTN of ROL that also stands in the second address of NK1-4, of which R4 has one.',
  },
  {
    by: 'microsoft',
    what: /^Practitioner\.(name\.period\.(start|end) is lost, RXD-10|identifier\.type\.coding\.code is lost, PD1-4) /,
    reason:
      'A practitioner who is named twice has the first name that was said; XCN-13 types a number that is not there.',
  },
  {
    by: 'microsoft',
    what: /^Coverage\.costToBeneficiary\.type\.coding\.code is lost, IN1-37 unknown$/,
    reason:
      'CP-2 (`DC`, table 0205) is how a price is meant; the type of the cost is the deductible of the field.',
  },
  {
    by: 'reportstream',
    what: /^Coverage\.extension is lost, IN1-49 carried$/,
    reason: 'IN1-49 is Coverage.subscriberId, a string without a type.',
  },
  {
    by: 'microsoft',
    what: /^Device\.identifier\.value is lost, AIG-3 carried$/,
    reason: 'AIG-3 names the device by its first code; the alternate code is no second number.',
  },
  {
    by: 'microsoft',
    what: /^Encounter\.identifier\.value is lost, PV1-19 unknown$/,
    reason: 'The visits of the prior results: see Encounter.',
  },
  {
    by: 'reportstream',
    what: /^Observation\.extension is lost, OBX-10 unknown$/,
    reason:
      'Nature of the abnormal test: R4 has a modifier of the range only where it is one of age, sex or race; one repetition is.',
  },
  {
    by: 'reportstream',
    what: /^Specimen\.(collection\.(bodySite\.coding\.(code|display)|collectedPeriod\.end)|container\.additiveCodeableConcept\.coding\.(code|display)|type\.coding\.code|identifier\.value)( is lost, (MSH-22 unknown|(OBR-(8|15)|SPM-2) carried)| has another value)$/,
    reason:
      'Beside SPM, OBR-8 and OBR-15 only add what SPM leaves open; two SPM with one filler number are one specimen.',
  },
  {
    by: 'microsoft',
    what: /^Specimen\.identifier\.value is lost, SPM-3 carried$/,
    reason: "A parent is a reference by one number, the filler's before the placer's.",
  },
];

/** Reasons of the ledger that were looked at: what the message says stays in the raw copy on purpose. */
const keptReasons: readonly string[] = [
  'Accounts and cost centres: billing has its own messages.',
  'Action code: how a receiver should apply the segment.',
  'HL7 table 0038 has no modifiers that R4 could hold.',
  'Kind of name, assigning facility, further names: R4 has one organization here, with one name.',
  'ORC says what the status of the order is.',
  'PID-24 says that it was a single birth.',
  'PV1 names no visit (PV1-19 and PV1-50 are empty), so no Encounter was made; the segment stays in the raw message.',
  'PV2 adds to a visit, and the message names none.',
  'Protocol: how the message was written and acknowledged.',
  'R4 gives a contact one address.',
  'R4 gives a contact one name; further names stay in the raw message.',
  'R4 gives a contact one organization.',
  'R4 has one collector.',
  'R4 has one device for an observation.',
  'R4 has one requester.',
  'R4 immunizations have no schedule.',
  'R4 pat-1: a contact needs a name, telecom, address or organization.',
  'SPM says it of the specimen.',
  'Set id: order of segments in the message.',
  'Stock and settings of the equipment: not about the specimen or its results.',
  'The data (ED-5) does not fit its encoding (ED-4); it was kept as sent.',
  'The date or time is not valid HL7 (YYYY[MM[DD[HH[MM[SS]]]]][+/-ZZZZ]); it was kept as sent.',
  'The discharge that this event takes back.',
  'The ordering provider has no identifier to be a resource.',
  'The person is the patient, and PID says who the patient is.',
  'The phase of the study: R4 names the study.',
  'This ORC-1 says nothing about the status of the order.',
  'User-defined field: what it means is known to the sender alone.',
  'When and where the clinician worked: R4 names the clinician.',
  'When and whom to bill for an order: R4 requests have no account, charges (FT1) have.',
];

const used = new Set<string>();

interface Question {
  readonly by: string;
  readonly what: string;
  readonly kept?: string | undefined;
}

export function reasonFor({ by, what, kept }: Question): string | undefined {
  const reason =
    kept === undefined
      ? reasons.find((one) => (one.by === undefined || one.by === by) && one.what.test(what))?.reason
      : keptReasons.find((one) => one === kept);
  if (reason !== undefined) used.add(reason);
  return reason;
}

/** A reason without a disagreement is out of date: it would hide the next one. */
export const unusedReasons = (): string[] =>
  [...reasons.map(({ reason }) => reason), ...keptReasons].filter((reason) => !used.has(reason));
