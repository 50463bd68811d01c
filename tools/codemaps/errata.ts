/** What the guide makes of a code, and what we make of it; undefined where there is nothing. */
type Difference = readonly [guide: string | undefined, ours: string | undefined];

/** Differences between a concept map of the guide and ours, with their reason. */
export interface Erratum {
  readonly map: string;
  readonly rows: Readonly<Record<string, Difference>>;
  readonly reason: string;
}

/** Codes that the guide has no target for, or does not list. */
const added = (rows: Readonly<Record<string, string>>): Record<string, Difference> =>
  Object.fromEntries(Object.entries(rows).map(([code, ours]) => [code, [undefined, ours]]));

/** Codes of one target. */
const all = (codes: string, target: string): Record<string, string> =>
  Object.fromEntries(codes.split(' ').map((code) => [code, target]));

export const errata: readonly Erratum[] = [
  {
    map: 'MaritalStatus',
    rows: { A: ['v3-MaritalStatus#L', 'v2-0002#A'], G: ['v3-MaritalStatus#T', 'v2-0002#G'] },
    reason:
      'separated is not legally separated (table 0002 has `E` for that), and living together is no domestic partnership ' +
      '(`P`, `R`)',
  },
  {
    map: 'MaritalStatus',
    rows: { O: ['v3-NullFlavor#OTH', 'v2-0002#O'], T: ['v3-NullFlavor#NAVU', 'v2-0002#T'] },
    reason: "R4's value set marital-status has no null flavor but UNK, and unreported is not unavailable",
  },
  {
    map: 'InterpretationCodes',
    rows: {
      '<\u00a0': ['v3-ObservationInterpretation#<', 'v2-0078#<\u00a0'],
      '>\u00a0': ['v3-ObservationInterpretation#>', 'v2-0078#>\u00a0'],
      ...added({ '<': 'v3-ObservationInterpretation#<', '>': 'v3-ObservationInterpretation#>' }),
    },
    reason: 'the guide has a no-break space behind these two codes of table 0078; nobody sends it',
  },
  {
    map: 'ObservationResultStatusCodesInterpretation',
    rows: added({ B: 'amended', I: 'registered', ...all('N O', 'unknown'), ...all('R S', 'preliminary') }),
    reason:
      'OBX-11 by the definitions of ch. 7.4.2.11 against those of R4; the guide leaves these without a target',
  },
  {
    map: 'ObservationResultStatusCodesInterpretation',
    rows: added(all('U V', 'final')),
    reason: 'status changed to final, and final after verification: final (ch. 7.4.2.11)',
  },
  {
    map: 'ResultStatus[Non-Queries]',
    rows: added({ A: 'partial', M: 'preliminary', N: 'registered' }),
    reason:
      'OBR-25: some results available; corrected, not final; procedure done, results pending (table 0123)',
  },
  {
    map: 'OrderControlCode[ServiceRequest.status]',
    rows: { CA: ['active', 'revoked'], HD: ['active', 'on-hold'], RQ: ['active', 'revoked'] },
    reason:
      'a request that was cancelled, held or replaced as requested is not active (table 0119, ch. 4.5.1.1)',
  },
  {
    map: 'OrderControlCode[ServiceRequest.status]',
    rows: { PR: ['active', undefined] },
    reason:
      'PR marks the results of an earlier order that come along; it says nothing about that order (table 0119)',
  },
  {
    map: 'OrderControlCode[ServiceRequest.status]',
    rows: added({ ...all('OE OP OR XO XR XX', 'active'), ...all('RU UA', 'revoked') }),
    reason:
      'released, changed or sent to a pharmacy outside: active; replaced or not accepted: not (table 0119)',
  },
  {
    map: 'OrderControlCode[ServiceRequest.status]',
    rows: added({ ...all('UC UD UH', 'active'), UR: 'on-hold' }),
    reason:
      'what could not be cancelled, discontinued or held goes on; what could not be released stays held (table 0119)',
  },
  {
    map: 'OrderStatus',
    rows: added({ A: 'active' }),
    reason: 'some, but not all, results available (table 0038); the guide does not list it',
  },
  {
    map: 'Event[EncounterStatus]',
    rows: { A04: ['planned', 'arrived'] },
    reason: 'the patient has arrived or checked in (ch. 3.3.4), which is what R4 calls arrived',
  },
  {
    map: 'Event[EncounterStatus]',
    rows: { A08: ['unknown', undefined] },
    reason: 'an update says nothing about the state; what is stored stays, and only a new visit is unknown',
  },
  {
    map: 'Event[EncounterStatus]',
    rows: added({
      ...all('A06 A07 A09 A10 A12 A15 A16 A17 A22 A25 A26 A32 A33 A52', 'in-progress'),
      ...all('A14', 'planned'),
      ...all('A21 A53', 'onleave'),
      ...all('A27 A38', 'cancelled'),
      ...all('A23', 'entered-in-error'),
    }),
    reason: 'the other events of ch. 3.3 by their definitions',
  },
  {
    map: 'EventRelatedPeriod',
    rows: {
      IC: ['IC', undefined],
      ICM: ['ICM', undefined],
      ICD: ['ICD', undefined],
      ICV: ['ICV', undefined],
    },
    reason: 'between meals is no code of event-timing, to which Timing.repeat.when is bound (required)',
  },
  {
    map: 'ConfidentialityCode',
    rows: {
      PSY: ['v3-Confidentiality#PSY', 'v3-ActCode#PSY'],
      HIV: ['v3-Confidentiality#HIV', 'v3-ActCode#HIV'],
      AID: ['v3-Confidentiality#HIV', 'v3-ActCode#HIV'],
    },
    reason:
      'v3-Confidentiality holds levels, its kinds of information are superseded by the sensitivity codes of v3-ActCode, ' +
      'from which the guide takes EMP and ETHUD; R4 security-labels.html tells the two apart',
  },
  {
    map: 'AppointmentReasonCodes',
    rows: {
      ROUTINE: ['sct#3780001', 'v2-0276#ROUTINE'],
      CHECKUP: ['sct#866149003', 'v2-0276#CHECKUP'],
      EMERGENCY: ['sct#373110003', 'v2-0276#EMERGENCY'],
    },
    reason: 'no follow-up planned, annual visit and emergency procedure are not what table 0276 says',
  },
  {
    map: 'ProviderRole',
    rows: { PI: ['sct#40570005', 'v2-0443#PI'] },
    reason: 'a primary interpreter reads results; the SNOMED CT concept is one who interprets languages',
  },
  {
    map: 'ExtendedPriorityCodes',
    rows: added({ ...all('U UR', 'urgent'), ROU: 'routine', ROUTINE: 'routine', STAT: 'stat', ASAP: 'asap' }),
    reason: 'spellings met in the field, among them the words of R4',
  },
  {
    map: 'FillerStatusCodes[Appointment]',
    rows: added({ Discontinued: 'cancelled', canceled: 'cancelled' }),
    reason: 'discontinued ends what was booked (ch. 10.4.5); the other is a spelling of Cancelled',
  },
  {
    map: 'NameType',
    rows: added({ B: 'maiden', NOUSE: 'old', S: 'anonymous' }),
    reason: 'birth name, no longer to be used, pseudonym (table 0200): R4 name-use says these',
  },
  {
    map: 'RepeatPattern',
    rows: added({
      ...Object.fromEntries(
        'AM PM QD Q1H Q2H Q3H Q4H Q6H Q8H'.split(' ').map((code) => [code, `v3-GTSAbbreviation#${code}`]),
      ),
      Q1D: 'v3-GTSAbbreviation#QD',
    }),
    reason: "patterns that have a code of their own in v3-GTSAbbreviation, which R4's Timing.code prefers",
  },
  {
    map: 'TelecommunicationEquipmentType',
    rows: { CP: ['mobile', 'phone'] },
    reason: 'the guide puts a use where the system belongs: a cellular phone is system phone and use mobile',
  },
  {
    map: 'IdentifierType',
    rows: {
      NNxxx: ['NNxxx', undefined],
      ...added(
        Object.fromEntries(
          (
            'AC DC SB XV AIN FDR FGN PGN PHC PHE PHO PIN SNO SRX STN TRL UDI BCFN CAII DCFN FDRFN FILL IRISTEM NNXXX ' +
            'PLAC SAMN SNBSN'
          )
            .split(' ')
            .map((code) => [code, `v2-0203#${code}`]),
        ),
      ),
    },
    reason:
      'table 0203 of v2.9, longer than the version in the guide; NNxxx stands for NN and a country code',
  },
];
