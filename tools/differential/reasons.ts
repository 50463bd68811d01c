interface Reason {
  readonly by?: 'microsoft' | 'reportstream';
  readonly what: RegExp;
  readonly reason: string;
}

/** Why we do not state what another converter states. The first that fits counts. */
const reasons: readonly Reason[] = [
  {
    what: /^MessageHeader( is not made|\..*)/,
    reason:
      'A MessageHeader belongs to Bundles of type message; ours is a transaction, and what MSH says of the message is in ' +
      'its Provenance and in the message document.',
  },
  {
    what: /^(Linkage is not made|Linkage\.)/,
    reason:
      'Linked and merged patients carry Patient.link both ways, which servers follow; Linkage says it once more.',
  },
  {
    what: /^(PractitionerRole|Substance|ResearchStudy|ClaimResponse|EpisodeOfCare|Device|Location|Organization|RelatedPerson) is not made/,
    reason:
      'Another shape: a role, place, device or organisation that v2 names without an identifier is a display or an ' +
      'extension on the resource that mentions it, because a resource without a key would be a new one each time.',
  },
  {
    what: /^Encounter is not made/,
    reason:
      'The message names no visit (PV1-19, PV1-50, PID-18, PV1-44): an Encounter made of it would be shared by all.',
  },
  {
    by: 'microsoft',
    what: /identifier\.type\.coding\.code differs/,
    reason:
      "They give identifiers of one resource the type of another field; ours is CX-5 or the guide's own type.",
  },
  {
    by: 'microsoft',
    what: /^Encounter\.(status|location\.status) differs/,
    reason:
      'Theirs follows PV1-2 or is constant; ours follows the event, PV1-44 and PV1-45 (docs/conversion.md).',
  },
  {
    by: 'microsoft',
    what: /^(Procedure|MedicationDispense) is not made/,
    reason:
      'Charges (FT1): one ChargeItem says what was billed; a Procedure or dispense made of the same row would claim an ' +
      'act that another message documents.',
  },
  {
    by: 'microsoft',
    what: /^ServiceRequest is not made/,
    reason:
      'In a vaccination message ORC numbers the Immunization; RE is a result, and there is no request to put.',
  },
  {
    by: 'reportstream',
    what: /^Specimen is not made/,
    reason:
      'The guide makes a Specimen for each OBR; we make one where OBR-13 to 15 or an SPM say something of it.',
  },
  {
    by: 'microsoft',
    what: /^Procedure\.performer\.function\.coding\.code differs/,
    reason: 'They use codes of a system of their own (example.com); ours are SNOMED CT.',
  },
  {
    what: /^Encounter\.diagnosis\.use\.coding\.code differs/,
    reason:
      'DG1-6 `F` is the final diagnosis (table 0052), which is not yet a discharge diagnosis; the code is kept as sent.',
  },
  {
    what: /^DocumentReference\.docStatus differs/,
    reason: 'TXA-17 `AU` (authenticated) is final by table 0271.',
  },
  {
    by: 'microsoft',
    what: /^Encounter\.priority\.coding\.code differs/,
    reason:
      'The alternate code of PV2-25 stays as sent: it names no system, so it need not be of table 0217.',
  },
  {
    by: 'microsoft',
    what: /^Account\.status differs/,
    reason: 'Theirs is constant: PID-18 numbers the account and says nothing of its status.',
  },
  {
    by: 'microsoft',
    what: /^ServiceRequest\.(status|intent) differs/,
    reason: 'Theirs is constant; ours is ORC-1 and ORC-5 by the guide, and `unknown` where there is no ORC.',
  },
  {
    by: 'microsoft',
    what: /^Observation\.status differs/,
    reason: 'They leave I, R, S and others of table 0085 unknown; ours follow the definitions of the table.',
  },
  {
    by: 'reportstream',
    what: /^ServiceRequest\.intent differs/,
    reason: 'OBR-11 `G` (generated order; reflex order) is R4 `reflex-order`.',
  },
  {
    by: 'reportstream',
    what: /identifier\.type\.coding\.code differs/,
    reason: 'ReportStream takes the types of numbers from its own table; ours are CX-5, PLAC and FILL.',
  },
  {
    by: 'reportstream',
    what: /^Encounter\.status differs/,
    reason:
      "Theirs is constant; a result says nothing of the visit, whose status is its ADT messages' to state.",
  },
  {
    what: /^(Organization|Location)\.(identifier\.(value|type\.coding\.code)|name|extension) is lost, (PID-(2|3|18|21)|PV1-(5|7|8|19|50|54)|EVN-5|OBX-16|PV2-13|PD1-4|IN2-61|SCH-12|NK1-12|ROL-4|SPM-2|SPM-31|IAM-23|RXD-10|PRT-5|SCH-22|NTE-5|OBR-10|OBR-53) carried$/,
    reason:
      "They make an Organization of every authority; ours is the identifier's system: the universal id, beside which the " +
      'local name of the authority is not repeated.',
  },
  {
    what: /\.coding\.version is lost/,
    reason:
      'The code was mapped to a system of R4; the edition of the table it came from says nothing of that one.',
  },
  {
    what: /^Encounter\.location\.status differs/,
    reason: "PL-5 is the status of the place; R4's is of the patient in it.",
  },
  {
    what: /\.use differs/,
    reason:
      'Use codes come from XPN-7, XAD-7 and XTN-2 by the tables of the guide; they take a default where none is sent.',
  },
];

export const reasonFor = (by: string, what: string): string | undefined =>
  reasons.find((one) => (one.by === undefined || one.by === by) && one.what.test(what))?.reason;
