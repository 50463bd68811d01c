import { all, codes, convert, msh, one, pid, segment } from './helpers';

const reference = ({ id }: { id?: string }): { reference: string } => ({ reference: `urn:uuid:${id}` });

describe('prescriptions', () => {
  test('RXE with route, schedule, refills, pharmacy and indication', () => {
    const conversion = convert([
      msh('RDE^O11'),
      pid,
      'ORC|NW|P1^CPOE||||||||20240105|||9^Order^Olga^^^^^^X',
      segment('RXE', {
        2: '308191^Amoxicillin 500 MG^RXNORM',
        3: '1',
        4: '2',
        5: 'CAP^capsule^L',
        7: '^with food',
        10: '30',
        11: 'CAP^capsule^L',
        12: '2',
        15: 'RX5',
        19: '4^CAP',
        21: '^call first',
        27: 'J01^Sinusitis^I10C',
        40: 'PH1^Corner Pharmacy^L',
      }),
      'TQ1|1||TID||||20240105|20240112',
      'RXR|PO^Oral^HL70162',
    ]);
    expect(one(conversion, 'MedicationRequest')).toMatchObject({
      status: 'active',
      intent: 'order',
      identifier: [{ value: 'P1' }, { value: 'RX5' }],
      medicationCodeableConcept: { coding: [{ code: '308191' }] },
      reasonCode: [{ coding: [{ code: 'J01' }] }],
      note: [{ text: 'call first' }],
      dosageInstruction: [
        {
          additionalInstruction: [{ text: 'with food' }],
          timing: { code: { coding: [{ code: 'TID' }] } },
          route: { coding: [{ code: 'PO', display: 'Swallow, oral' }] },
          doseAndRate: [{ doseRange: { low: { value: 1 }, high: { value: 2 } } }],
          maxDosePerPeriod: { numerator: { value: 4 }, denominator: { code: 'd' } },
        },
      ],
      dispenseRequest: {
        numberOfRepeatsAllowed: 2,
        quantity: { value: 30, unit: 'capsule' },
        performer: { display: 'Corner Pharmacy' },
      },
    });
  });

  test('an encoding after its order is the order of the filler, based on it', () => {
    const conversion = convert([
      msh('RDE^O11'),
      pid,
      'ORC|NW|P1',
      'RXO|1^Brand^L',
      'RXE||2^Generic^L|1||TAB',
    ]);
    const [original, encoded] = all(conversion, 'MedicationRequest');
    expect(original).toMatchObject({
      intent: 'original-order',
      medicationCodeableConcept: { coding: [{ code: '1' }] },
    });
    expect(encoded).toMatchObject({ intent: 'filler-order', basedOn: [reference(original ?? {})] });
    const ordered = one(convert([msh('OMP^O09'), pid, 'ORC|NW|P1', 'RXO|1^Brand^L']), 'MedicationRequest');
    expect(ordered.id).toBe(original?.id);
  });

  test('a compound is a Medication of its components', () => {
    const conversion = convert([
      msh('OMP^O09'),
      pid,
      'ORC|NW|P1',
      'RXO|^Infusion',
      'RXC|B|D5W^Dextrose^L|500|mL',
      'RXC|A|KCL^Potassium chloride^L|20|meq',
    ]);
    expect(one(conversion, 'Medication').ingredient).toMatchObject([
      {
        isActive: false,
        itemCodeableConcept: { coding: [{ code: 'D5W' }] },
        strength: { numerator: { value: 500 } },
      },
      { isActive: true, strength: { numerator: { value: 20, unit: 'meq' }, denominator: { value: 1 } } },
    ]);
    expect(one(conversion, 'MedicationRequest').medicationReference).toMatchObject(
      reference(one(conversion, 'Medication')),
    );
  });

  test('a cancellation needs no more than the number', () => {
    expect(one(convert([msh('OMP^O09'), pid, 'ORC|CA|P1']), 'MedicationRequest')).toMatchObject({
      status: 'cancelled',
      medicationCodeableConcept: { extension: [{ valueCode: 'unknown' }] },
    });
  });
});

describe('what was done', () => {
  test('RXD: a dispense on its prescription', () => {
    const conversion = convert([
      msh('RDS^O13'),
      pid,
      'ORC|RE|P1',
      'RXE||1^Drug^L|1||TAB',
      segment('RXD', {
        2: '1^Drug^L',
        3: '20240105',
        4: '30',
        5: 'TAB',
        7: 'RX5',
        10: '6^Pharm^Pia^^^^^^X',
        11: 'G',
        18: 'LOT1',
        33: 'RF',
      }),
    ]);
    expect(one(conversion, 'MedicationDispense')).toMatchObject({
      status: 'completed',
      authorizingPrescription: [reference(one(conversion, 'MedicationRequest'))],
      whenHandedOver: '2024-01-05',
      quantity: { value: 30, unit: 'TAB' },
      substitution: { wasSubstituted: true },
      performer: [{ actor: { display: 'Pia Pharm' } }],
    });
    expect(one(conversion, 'Medication').batch).toEqual({ lotNumber: 'LOT1' });
  });

  test('a dispense whose prescription was not sent refers to it by its numbers', () => {
    const conversion = convert([msh('RDS^O13'), pid, 'ORC|RE|P1^CPOE|F1^PHARM', 'RXD|1|1^Drug^L||30']);
    expect(one(conversion, 'MedicationDispense').authorizingPrescription).toMatchObject([
      { type: 'MedicationRequest', identifier: { value: 'P1' } },
      { type: 'MedicationRequest', identifier: { value: 'F1' } },
    ]);
  });

  test('a dispense that does not say when has no status of its own', () => {
    const status = (control: string): string =>
      one(convert([msh('RDS^O13'), pid, `ORC|${control}|P1`, 'RXD|1|1^Drug^L||30']), 'MedicationDispense')
        .status;
    expect([status('RE'), status('CA'), status('HD')]).toEqual(['unknown', 'cancelled', 'on-hold']);
  });

  test.each([
    ['CP', '', 'completed'],
    ['PA', '', 'completed'],
    ['RE', '', 'not-done'],
    ['NA', '', 'not-done'],
    ['', '', 'unknown'],
    ['CP', 'D', 'entered-in-error'],
  ])('RXA-20 %s, RXA-21 %s: %s', (outcome, action, expected) => {
    const rxa = segment('RXA', {
      3: '20240105093000-0500',
      4: '20240105100000-0500',
      5: '1^Drug^L',
      6: '5',
      7: 'mg',
      20: outcome,
      21: action,
    });
    const conversion = convert([msh('RAS^O17'), pid, 'ORC|RE|P1', rxa, 'RXR|IV^Intravenous^HL70162']);
    expect(one(conversion, 'MedicationAdministration')).toMatchObject({
      status: expected,
      effectivePeriod: { start: '2024-01-05T09:30:00-05:00', end: '2024-01-05T10:00:00-05:00' },
      dosage: { dose: { value: 5, unit: 'mg' }, route: { coding: [{ code: 'IVINJ' }, { code: 'IV' }] } },
    });
  });

  test('RXG: one giving, an instance of its prescription', () => {
    const conversion = convert([msh('RGV^O15'), pid, 'ORC|NW|P1', 'RXO|1^Drug^L', 'RXG|1|||1^Drug^L|5||mg']);
    const [prescription, give] = all(conversion, 'MedicationRequest');
    expect(give).toMatchObject({ intent: 'instance-order', basedOn: [reference(prescription ?? {})] });
  });
});

describe('vaccinations', () => {
  const vxu = (rxa: Readonly<Record<number, string>>, ...more: readonly string[]) =>
    convert([
      msh('VXU^V04'),
      pid,
      'ORC|RE||I1^REG',
      segment('RXA', {
        1: '0',
        2: '1',
        3: '20240105',
        5: '48^HIB PRP-T^CVX',
        6: '0.5',
        7: 'mL^^UCUM',
        ...rxa,
      }),
      ...more,
    ]);

  test('an Immunization with lot, route, dose and who gave it', () => {
    const conversion = vxu(
      {
        9: '00^New^NIP001',
        10: '4^Nurse^Nina^^^^^^X',
        15: 'L5',
        16: '20250101',
        17: 'MSD^Merck^MVX',
        20: 'CP',
      },
      'RXR|IM^Intramuscular^HL70162|LA^Left arm^HL70163',
    );
    expect(one(conversion, 'Immunization')).toMatchObject({
      status: 'completed',
      vaccineCode: { coding: [{ system: 'http://hl7.org/fhir/sid/cvx', code: '48' }] },
      occurrenceDateTime: '2024-01-05',
      primarySource: true,
      lotNumber: 'L5',
      expirationDate: '2025-01-01',
      manufacturer: { display: 'Merck' },
      doseQuantity: { value: 0.5, code: 'mL' },
      route: { coding: [{ code: 'IM' }] },
      performer: [{ function: { coding: [{ code: 'AP' }] }, actor: { display: 'Nina Nurse' } }],
    });
  });

  test.each([
    ['CP', '', 'completed', undefined],
    ['', '', 'completed', undefined],
    ['PA', '', 'completed', true],
    ['RE', '', 'not-done', undefined],
    ['NA', '', 'not-done', undefined],
    ['CP', 'D', 'entered-in-error', undefined],
  ])('RXA-20 %s, RXA-21 %s: %s', (outcome, action, status, isSubpotent) => {
    const immunization = one(vxu({ 20: outcome, 21: action }), 'Immunization');
    expect([immunization.status, immunization.isSubpotent]).toEqual([status, isSubpotent]);
  });

  test('a refusal says why', () => {
    expect(one(vxu({ 18: '00^Parental decision^NIP002', 20: 'RE' }), 'Immunization')).toMatchObject({
      status: 'not-done',
      statusReason: { coding: [{ code: '00', display: 'Parental decision' }] },
    });
  });

  test('history from elsewhere, and an unknown dose', () => {
    const immunization = one(vxu({ 6: '999', 9: '01^Historical^NIP001~as told by mother' }), 'Immunization');
    expect(immunization).toMatchObject({
      primarySource: false,
      reportOrigin: { coding: [{ code: '01' }] },
      note: [{ text: 'as told by mother' }],
    });
    // 999: somebody gave some, and nobody knows how much.
    expect(immunization.doseQuantity).toEqual({
      extension: [
        { url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' },
      ],
    });
  });

  test('the number of the administration is carried, a schedule of a vaccination is not', () => {
    const conversion = vxu({}, 'TQ1|1|2|||||||||take with care');
    const fates = (name: string) =>
      conversion.ledger.entries
        .filter(({ location }) => location.startsWith(name))
        .map(({ location, fate }) => `${location} ${fate}`);
    expect(one(conversion, 'Immunization').extension).toContainEqual({
      url: 'urn:medrelay:extension:administration-number',
      valueInteger: 1,
    });
    expect(fates('RXA[1]-1')[0]).toBe('RXA[1]-1[1] kept');
    expect(fates('RXA[1]-2')).toEqual(['RXA[1]-2[1] carried']);
    expect(fates('TQ1')).toEqual(['TQ1[1]-1[1] kept', 'TQ1[1]-2[1] kept', 'TQ1[1]-11[1] kept']);
  });

  test('CVX 998: no vaccine was given; what was observed is of the patient', () => {
    const conversion = vxu(
      { 5: '998^No vaccine administered^CVX', 20: 'NA' },
      'OBX|1|CE|59784-9^Immunity^LN|1|38907003^Varicella^SCT||||||F',
    );
    expect(all(conversion, 'Immunization')).toEqual([]);
    expect(one(conversion, 'Observation').partOf).toBeUndefined();
    expect(codes(conversion)).toContain('NO_VACCINE');
  });

  test('observations are part of their Immunization, and fill what it has elements for', () => {
    const conversion = vxu(
      { 20: 'CP' },
      'OBX|1|CE|64994-7^Eligibility^LN|1|V02^Medicaid^HL70064||||||F',
      'OBX|2|CE|69764-9^Document type^LN|2|253088698300010311120702^HIB^cdcgs1vis||||||F',
      'OBX|3|TS|29769-7^Presented^LN|2|20240105||||||F',
    );
    const immunization = one(conversion, 'Immunization');
    expect(all(conversion, 'Observation').map(({ partOf }) => partOf)).toEqual(
      Array.from({ length: 3 }, () => [reference(immunization)]),
    );
    expect(immunization).toMatchObject({
      programEligibility: [{ coding: [{ code: 'V02' }] }],
      education: [{ documentType: '253088698300010311120702', presentationDate: '2024-01-05' }],
    });
  });

  test('no time: the required element says that it is unknown', () => {
    expect(one(vxu({ 3: '' }), 'Immunization')).toMatchObject({
      _occurrenceDateTime: { extension: [{ valueCode: 'unknown' }] },
    });
  });
});
