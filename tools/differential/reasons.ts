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
    what: /\.use differs/,
    reason:
      'Use codes come from XPN-7, XAD-7 and XTN-2 by the tables of the guide; they take a default where none is sent.',
  },
];

export const reasonFor = (by: string, what: string): string | undefined =>
  reasons.find((one) => (one.by === undefined || one.by === by) && one.what.test(what))?.reason;
