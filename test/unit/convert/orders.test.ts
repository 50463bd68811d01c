import { all, codes, convert, msh, one, oru, pid, segment } from './helpers';

const text = (base64: string | undefined): string => Buffer.from(base64 ?? '', 'base64').toString('utf8');
const reference = ({ id }: { id?: string }): { reference: string } => ({ reference: `urn:uuid:${id}` });
const order = (...segments: readonly string[]): string[] => [msh('ORM^O01^ORM_O01'), pid, ...segments];
const obr = segment('OBR', { 1: '1', 2: 'P1^CPOE', 4: '24323-8^Panel^LN' });

describe('what an order asks for', () => {
  test('OBR is a ServiceRequest and no report', () => {
    const conversion = convert(
      order('ORC|NW|P1^CPOE||||||||20240105090000-0500|||9^Order^Olga^^^^^^X', obr, 'NTE|1|P|Fasting please'),
    );
    expect(all(conversion, 'DiagnosticReport')).toEqual([]);
    expect(one(conversion, 'ServiceRequest')).toMatchObject({
      status: 'active',
      intent: 'order',
      code: { coding: [{ code: '24323-8' }] },
      note: [{ text: 'Fasting please', authorString: 'Orderer (placer) is source of comment' }],
    });
    expect(conversion.mentions).not.toContain(`urn:uuid:${one(conversion, 'ServiceRequest').id}`);
  });

  test('an OBR that reports results is a report as well, whatever the message', () => {
    const done = segment('OBR', { 2: 'P1^CPOE', 3: 'F1^LAB', 4: '1^x^L', 25: 'F' });
    const conversion = convert(order('ORC|RE|P1^CPOE', done, 'OBX|1|NM|1^x^L||5||||||F'));
    const observation = one(conversion, 'Observation');
    expect(one(conversion, 'DiagnosticReport')).toMatchObject({
      status: 'final',
      result: [reference(observation)],
    });
  });

  test('RXO is a MedicationRequest', () => {
    const conversion = convert(order('ORC|NW|P1^CPOE', 'RXO|1^Drug^L|5||mg'));
    expect(all(conversion, 'ServiceRequest')).toEqual([]);
    expect(one(conversion, 'MedicationRequest')).toMatchObject({
      status: 'active',
      intent: 'original-order',
    });
  });

  test('ODS is a NutritionOrder, RQD a SupplyRequest, ORC alone a ServiceRequest', () => {
    const conversion = convert(
      order(
        'ORC|NW|P1^CPOE|||||||20240105',
        'ODS|D|BRK^Breakfast|LOW^Low salt^L|no nuts',
        'ORC|NW|P2^CPOE',
        'RQD|1|44^Bandage^L|||3|BX^Box',
        'ORC|CA|P3^CPOE',
      ),
    );
    expect(one(conversion, 'NutritionOrder')).toMatchObject({
      dateTime: '2024-01-05',
      oralDiet: { type: [{ coding: [{ code: 'LOW' }] }], instruction: 'no nuts' },
    });
    expect(one(conversion, 'SupplyRequest')).toMatchObject({
      status: 'active',
      quantity: { value: 3, unit: 'Box' },
    });
    expect(one(conversion, 'ServiceRequest')).toMatchObject({
      status: 'revoked',
      identifier: [{ value: 'P3' }],
    });
  });

  test('what was observed with an order of food is an Observation too', () => {
    const conversion = convert(order('ORC|NW|P1', 'ODS|D||LOW', 'OBX|1|NM|3141-9^Weight^LN||70|kg|||||F'));
    expect(one(conversion, 'Observation').valueQuantity).toMatchObject({ value: 70 });
  });

  test.each([
    ['NW', '', 'active'],
    ['CA', '', 'revoked'],
    ['DC', '', 'revoked'],
    ['HD', '', 'on-hold'],
    ['SC', 'CM', 'completed'],
    ['NW', 'HD', 'on-hold'],
    ['RE', '', 'unknown'],
    ['SC', '', 'unknown'],
    ['', '', 'unknown'],
  ])('ORC-1 %s and ORC-5 %s: %s', (control, status, expected) => {
    const conversion = convert(order(segment('ORC', { 1: control, 2: 'P1', 5: status }), obr));
    expect(one(conversion, 'ServiceRequest').status).toBe(expected);
  });

  test.each([
    ['CA', 'cancelled'],
    ['DC', 'stopped'],
    ['HD', 'on-hold'],
    ['RE', 'unknown'],
  ])('a prescription of ORC-1 %s is %s', (control, expected) => {
    const conversion = convert([msh('OMP^O09'), pid, `ORC|${control}|P1`, 'RXO|1^Drug^L']);
    expect(one(conversion, 'MedicationRequest').status).toBe(expected);
  });

  test('a cancelled order is the same order', () => {
    const of = (control: string): string | undefined =>
      one(convert(order(`ORC|${control}|P1^CPOE`, obr)), 'ServiceRequest').id;
    expect(of('CA')).toBe(of('NW'));
  });

  test('who entered, verified and ordered it, and when', () => {
    const conversion = convert(
      order(
        segment('ORC', {
          1: 'NW',
          2: 'P1^CPOE',
          9: '20240105090000-0500',
          10: '7^Enter^Eve^^^^^^X',
          11: '8^Verify^Vic^^^^^^X',
          12: '9^Order^Olga^^^^^^X',
          15: '20240106',
          17: 'WARD4^Ward 4^L',
          21: 'General^^1^^^X',
          24: '1 Road^^City',
          16: 'oral',
          28: 'V',
          29: 'O',
        }),
        obr,
      ),
    );
    const event = all(conversion, 'Provenance').find(({ activity }) => activity?.coding?.[0]?.code === 'NW');
    expect(event).toMatchObject({
      occurredDateTime: '2024-01-06',
      recorded: '2024-01-05T09:00:00-05:00',
      agent: [
        {
          type: { coding: [{ code: 'enterer' }] },
          who: { display: 'Eve Enter' },
          onBehalfOf: { display: 'Ward 4' },
        },
        { type: { coding: [{ code: 'verifier' }] }, who: { display: 'Vic Verify' } },
        {
          type: { coding: [{ code: 'author' }] },
          who: { display: 'Olga Order' },
          onBehalfOf: { display: 'General' },
        },
      ],
    });
    const request = one(conversion, 'ServiceRequest');
    expect(request).toMatchObject({
      authoredOn: '2024-01-05T09:00:00-05:00',
      meta: { security: [{ code: 'V' }] },
      locationCode: [{ coding: [{ code: 'OF' }, { code: 'O' }] }],
    });
    const doctors = all(conversion, 'Practitioner').filter(({ address }) => address !== undefined);
    expect(doctors.map(({ name }) => name?.[0]?.family)).toEqual(['Order']);
  });

  test('what else OBR says of an order', () => {
    const conversion = convert(
      order(
        'ORC|NW|P1^CPOE',
        segment('OBR', {
          4: '1^x^L',
          11: 'G',
          12: 'HEP^Hepatitis^L',
          13: 'on warfarin',
          17: '^WPN^PH^^1^617^5551212',
          24: 'CH',
          28: '5^Copy^Carl^^^^^^X',
          31: 'R51^Headache^I10C',
          44: '80053^Metabolic^C4',
          46: 'SUP^Supplement^L',
          53: 'ALT1^^^X',
        }),
      ),
    );
    const request = one(conversion, 'ServiceRequest');
    expect(request).toMatchObject({
      intent: 'reflex-order',
      category: [{ coding: [{ code: 'CH' }] }],
      reasonCode: [{ coding: [{ code: 'R51' }] }],
      orderDetail: [{ coding: [{ code: '80053' }] }, { coding: [{ code: 'SUP' }] }],
      identifier: [{ value: 'P1' }, { value: 'ALT1' }],
    });
    expect(JSON.stringify(request.extension)).toMatch(/617 5551212.*Hepatitis.*on warfarin/);
    expect(one(conversion, 'CommunicationRequest')).toMatchObject({
      about: [reference(request)],
      recipient: [{ display: 'Carl Copy' }],
    });
  });

  test('diagnoses, observations and specimens of an order', () => {
    const conversion = convert([
      msh('OML^O21'),
      pid,
      'ORC|NW|P1^CPOE',
      obr,
      'DG1|1||R51^Headache^I10C',
      'OBX|1|NM|3141-9^Weight^LN||70|kg|||||F',
      'SPM|1|S1&LAB||BLD^Blood^HL70487',
      'SAC|||C1^LAB',
    ]);
    expect(one(conversion, 'ServiceRequest')).toMatchObject({
      reasonReference: [reference(one(conversion, 'Condition'))],
      supportingInfo: [reference(one(conversion, 'Observation'))],
      specimen: [reference(one(conversion, 'Specimen'))],
    });
    expect(one(conversion, 'Specimen').container).toMatchObject([{ identifier: [{ value: 'C1' }] }]);
  });

  test('orders by specimen (OML_O33)', () => {
    const conversion = convert([
      msh('OML^O33'),
      pid,
      'SPM|1|S1&LAB||BLD',
      'ORC|NW|P1',
      'OBR|1|P1||1^x^L',
      'ORC|NW|P2',
      'OBR|2|P2||2^y^L',
      'SPM|2|S2&LAB||UR',
      'ORC|NW|P3',
      'OBR|3|P3||3^z^L',
    ]);
    const [blood, urine] = all(conversion, 'Specimen');
    expect(all(conversion, 'ServiceRequest').map(({ specimen }) => specimen)).toEqual(
      [blood, blood, urine].map((one_) => [reference(one_ ?? {})]),
    );
  });

  test('prior results are results of their own, not the order', () => {
    const conversion = convert([
      msh('OML^O21'),
      pid,
      'ORC|NW|P1',
      'OBR|1|P1||1^x^L',
      pid,
      'ORC|RE|P0|F0',
      'OBR|1|P0|F0|1^x^L|||20230101||||||||||||||||||F',
      'OBX|1|NM|1^x^L||4||||||F',
    ]);
    expect(one(conversion, 'DiagnosticReport').identifier?.map(({ value }) => value)).toEqual(['P0', 'F0']);
    expect(all(conversion, 'ServiceRequest').map(({ status }) => status)).toEqual(['active', 'unknown']);
  });

  test.each([
    ['OML^O21', []],
    ['OML^O33', ['SPM|1|S1^CPOE||BLD^Blood^HL70487']],
  ])('%s: charges and studies behind prior results are of the order', (event, specimen) => {
    const other = 'PID|1||200^^^GENERAL&1.2.3&ISO^MR||Other^Olga';
    const conversion = convert([
      msh(event),
      pid,
      ...specimen,
      'ORC|NW|P1',
      'OBR|1|P1||1^x^L',
      other,
      'ORC|RE|P0|F0',
      'OBR|1|P0|F0|1^x^L|||20230101||||||||||||||||||F',
      'OBX|1|NM|1^x^L||4||||||F',
      'FT1|1|T1||20240105||CG|50^Panel^L',
      'CTI|S1^TRIALS',
      'BLG|D',
    ]);
    expect(codes(conversion)).not.toContain('SEGMENT_UNKNOWN');
    expect(conversion.ledger.unknown).toBe(0);
    const [ada, olga] = ['100', '200'].map((number) =>
      all(conversion, 'Patient').find(({ identifier }) => identifier?.[0]?.value === number),
    );
    expect(one(conversion, 'ChargeItem').subject).toEqual(reference(ada ?? {}));
    expect(all(conversion, 'Observation').map(({ subject }) => subject)).toEqual([reference(olga ?? {})]);
  });

  test('an order message without an order is refused', () => {
    expect(() => convert(order())).toThrow(expect.objectContaining({ code: 'SEGMENT_MISSING' }) as Error);
  });
});

describe('when it is wanted', () => {
  const timed = (...segments: readonly string[]) =>
    one(convert(order('ORC|NW|P1', obr, ...segments)), 'ServiceRequest');

  test('TQ1: pattern, times, limits, priority', () => {
    expect(
      timed('TQ1|1|2^mL|BID|0800~2000|||20240105|20240107|S^Stat^HL70485|if pain|at bedside|||4'),
    ).toMatchObject({
      priority: 'stat',
      quantityQuantity: { value: 2, unit: 'mL' },
      occurrenceTiming: {
        code: { coding: [{ code: 'BID' }] },
        repeat: {
          boundsPeriod: { start: '2024-01-05', end: '2024-01-07' },
          frequency: 2,
          period: 1,
          periodUnit: 'd',
          timeOfDay: ['08:00:00', '20:00:00'],
          count: 4,
        },
      },
      note: [{ text: 'if pain' }, { text: 'at bedside' }],
    });
  });

  test('an offset from an event, and times of day beside it stay in the raw copy', () => {
    expect(timed('TQ1|1||P^^^^^^^PCM^1^hr|0800').occurrenceTiming?.repeat).toEqual({
      when: ['PCM'],
      offset: 60,
    });
  });

  test('TQ1-5 is the interval, not an offset', () => {
    expect(timed('TQ1|1||BID||6^hr').occurrenceTiming?.repeat).toMatchObject({
      frequency: 1,
      period: 6,
      periodUnit: 'h',
    });
  });

  test.each([
    ['2^hr', '20240105093000-0500', '2024-01-05T11:30:00-05:00'],
    ['3^d', '20240227', '2024-03-01'],
    ['150^kg', '20240105', undefined],
  ])('a start and a service duration of %s', (duration, start, end) => {
    const { occurrencePeriod } = timed(segment('TQ1', { 6: duration, 7: start }));
    expect(occurrencePeriod?.end).toBe(end);
  });

  test('ORC-7 and OBR-27, before TQ1 existed', () => {
    expect(one(convert(order('ORC|NW|P1|||||^Q6H^D4^20240105^^S', obr)), 'ServiceRequest')).toMatchObject({
      priority: 'stat',
      occurrenceTiming: {
        code: { coding: [{ code: 'Q6H' }] },
        repeat: { boundsPeriod: { start: '2024-01-05', end: '2024-01-09' } },
      },
    });
    const inObr = segment('OBR', { 4: '1^x^L', 27: '^^^20240105^^R' });
    expect(one(convert(order('ORC|NW|P1', inObr)), 'ServiceRequest')).toMatchObject({
      priority: 'routine',
      occurrenceDateTime: '2024-01-05',
    });
  });
});

describe('results', () => {
  const culture = [
    'OBR|1|P1|F1^LAB|600-7^Blood culture^LN|||20240105||||||||||||||||||F',
    'OBX|1|CE|600-7^Organism^LN|1|112283007^E. coli^SCT||||||F',
    'OBX|2|CE|600-7^Organism^LN|2|3092008^S. aureus^SCT||||||F',
  ];
  const sensitivity = (parent: string, result: string): string[] => [
    segment('OBR', { 1: '2', 3: 'F2^LAB', 4: '29576-6^Susceptibility^LN', 25: 'F', 26: result, 29: parent }),
    'OBX|1|SN|18864-9^Ampicillin^LN||<=^4|ug/mL|||S|||F',
  ];

  test('microbiology: the organism has its sensitivities as members, the order is based on the culture', () => {
    const conversion = convert([
      msh('ORU^R01'),
      pid,
      ...culture,
      ...sensitivity('^F1&LAB', '600-7&Organism&LN^2^S. aureus'),
    ]);
    const [, aureus, ampicillin] = all(conversion, 'Observation');
    expect(aureus?.hasMember).toEqual([reference(ampicillin ?? {})]);
    expect(all(conversion, 'Observation')[0]?.hasMember).toBeUndefined();
    const [parent, child] = all(conversion, 'ServiceRequest');
    expect(child?.basedOn).toEqual([reference(parent ?? {})]);
  });

  test('a parent of another message stays words and a number', () => {
    const conversion = convert([
      msh('ORU^R01'),
      pid,
      ...sensitivity('^F9&LAB', '600-7&Organism&LN^1^E. coli'),
    ]);
    expect(one(conversion, 'Observation').derivedFrom).toEqual([{ type: 'Observation', display: 'E. coli' }]);
    expect(one(conversion, 'ServiceRequest').basedOn).toMatchObject([{ identifier: { value: 'F9' } }]);
    expect(codes(conversion)).toContain('PARENT_RESULT_ELSEWHERE');
  });

  test('the lines of a text report are one text, in order, and each an Observation', () => {
    const lines = Array.from(
      { length: 60 },
      (_, i) => `OBX|${i + 1}|TX|18842-5^Summary^LN||line ${i + 1}||||||F`,
    );
    const conversion = convert(oru(...lines, 'OBX|61|NM|1^x^L||5||||||F'));
    const [form, ...others] = one(conversion, 'DiagnosticReport').presentedForm ?? [];
    expect(others).toEqual([]);
    expect(form).toMatchObject({ contentType: 'text/plain;charset=utf-8', title: 'Summary' });
    expect(text(form?.data).split('\n')).toEqual(lines.map((_, i) => `line ${i + 1}`));
    expect(all(conversion, 'Observation')).toHaveLength(61);
  });

  test('one line is no report, and a line taken back is not shown', () => {
    expect(
      one(convert(oru('OBX|1|TX|1^x^L||alone||||||F')), 'DiagnosticReport').presentedForm,
    ).toBeUndefined();
    const conversion = convert(
      oru('OBX|1|TX|1^x^L||a||||||F', 'OBX|2|TX|1^x^L||b||||||F', 'OBX|3|TX|1^x^L||wrong||||||W'),
    );
    expect(text(one(conversion, 'DiagnosticReport').presentedForm?.[0]?.data)).toBe('a\nb');
  });

  test.each([
    ['C', 'corrected', { valueQuantity: { value: 6 } }],
    ['D', 'entered-in-error', { valueQuantity: { value: 6 } }],
    ['W', 'entered-in-error', { valueQuantity: { value: 6 } }],
    ['X', 'cancelled', { dataAbsentReason: { text: '6' } }],
  ])('OBX-11 %s of a result that was final: the same Observation, %s', (sent, status, expected) => {
    const first = one(convert(oru('OBX|1|NM|1^x^L||5||||||F')), 'Observation');
    const second = one(convert(oru(`OBX|1|NM|1^x^L||6||||||${sent}`)), 'Observation');
    expect(second).toMatchObject({ id: first.id, status, ...expected });
    expect('valueQuantity' in second && 'dataAbsentReason' in second).toBe(false);
  });

  test.each(['R30', 'R31', 'R32'])('%s, from the point of care, is a result', (event) => {
    const conversion = convert([
      msh(`ORU^${event}`),
      pid,
      'PV1|1|I',
      'ORC|NW|P1',
      'OBR|1|P1|F1|1^x^L|||||||||||||||||||||F',
      'OBX|1|NM|1^x^L||5||||||F',
    ]);
    expect(one(conversion, 'DiagnosticReport').result).toEqual([reference(one(conversion, 'Observation'))]);
  });

  test.each(['OUL^R22', 'OUL^R23'])('%s: results of each specimen', (event) => {
    const conversion = convert([
      msh(event),
      pid,
      'SPM|1|S1&LAB||BLD',
      'SAC|||C1',
      'OBR|1||F1|1^x^L|||||||||||||||||||||F',
      'ORC|RE|P1',
      'OBX|1|NM|1^x^L||5||||||F',
      'SPM|2|S2&LAB||UR',
      'OBR|2||F2|2^y^L|||||||||||||||||||||F',
      'OBX|1|NM|2^y^L||6||||||F',
    ]);
    const specimens = all(conversion, 'Specimen').map(reference);
    expect(all(conversion, 'Observation').map(({ specimen }) => specimen)).toEqual(specimens);
    expect(all(conversion, 'DiagnosticReport').map(({ specimen }) => specimen)).toEqual(
      specimens.map((one_) => [one_]),
    );
  });

  test('OUL^R24: specimens of each order', () => {
    const conversion = convert([
      msh('OUL^R24'),
      pid,
      'OBR|1||F1|1^x^L|||||||||||||||||||||F',
      'SPM|1|S1&LAB||BLD',
      'SAC|||C1',
      'OBX|1|NM|1^x^L||5||||||F',
      'TCD|1^x^L|1^10',
      'SID|1^x^L|LOT1',
    ]);
    expect(one(conversion, 'DiagnosticReport')).toMatchObject({
      specimen: [reference(one(conversion, 'Specimen'))],
      result: [reference(one(conversion, 'Observation'))],
    });
    expect(codes(conversion)).not.toContain('SEGMENT_UNKNOWN');
  });

  test('everything SPM says', () => {
    const conversion = convert(
      oru(
        segment('SPM', {
          2: 'S1&LAB',
          3: '^S0&LAB',
          4: 'BLD^Blood^HL70487',
          8: 'ARM^Arm^L',
          9: 'L^Left^L',
          11: 'P^Patient^HL70369',
          12: '5^mL&mL&UCUM',
          14: 'a description',
          15: 'C37',
          17: '20240105^20240106',
          18: '20240107',
          21: 'EX^Expired^HL70490',
          24: 'COOL^Cool^HL70493',
          27: 'TUBE^Tube^L',
          30: 'A1^^^X',
        }),
      ),
    );
    expect(one(conversion, 'Specimen')).toMatchObject({
      status: 'unsatisfactory',
      parent: [{ identifier: { value: 'S0' } }],
      accessionIdentifier: { value: 'A1' },
      receivedTime: '2024-01-07',
      collection: {
        collectedPeriod: { start: '2024-01-05', end: '2024-01-06' },
        quantity: { value: 5, code: 'mL' },
        bodySite: {
          coding: [{ code: 'ARM' }],
          extension: [{ valueReference: reference(one(conversion, 'BodyStructure')) }],
        },
      },
      condition: [{ coding: [{ code: 'EX' }] }, { coding: [{ code: 'COOL' }] }],
      note: [{ text: 'a description' }],
    });
    expect(one(conversion, 'BodyStructure').locationQualifier?.[0]?.coding?.[0]?.code).toBe('L');
  });

  test('collector, volume and comment of OBR complete the SPM of the order', () => {
    const conversion = convert([
      msh('ORU^R01'),
      pid,
      segment('OBR', { 3: 'F1', 4: '1^x^L', 9: '5^mL', 10: '4^Collect^Col^^^^^^X', 39: 'hard to draw' }),
      'SPM|1|S1&LAB||BLD',
    ]);
    expect(one(conversion, 'Specimen')).toMatchObject({
      collection: { collector: { display: 'Col Collect' }, quantity: { value: 5, unit: 'mL' } },
      note: [{ text: 'hard to draw' }],
    });
  });

  test('participants of a result: person, organization, place and device', () => {
    const conversion = convert(
      oru(
        'OBX|1|NM|1^x^L||5||||||F',
        segment('PRT', {
          2: 'AD',
          4: 'RO^Responsible Observer^HL70912',
          5: '8^Obs^Olga^^^^^^X',
          8: 'Acme Lab^^^^^^^^^A1',
          9: 'LAB^1^2',
          10: 'DEV1^ACME',
          20: 'SN5',
        }),
      ),
    );
    const observation = one(conversion, 'Observation');
    expect(observation.performer).toMatchObject([
      { ...reference(one(conversion, 'PractitionerRole')), display: 'Olga Obs' },
    ]);
    expect(observation.device).toEqual(reference(one(conversion, 'Device')));
    expect(one(conversion, 'Device').serialNumber).toBe('SN5');
    expect(observation.extension).toMatchObject([{ valueReference: { display: 'LAB 1 2' } }]);
  });

  test('a note keeps its type, its source and its place', () => {
    const conversion = convert(
      oru('OBX|1|NM|1^x^L||5||||||F', 'NTE|1|L|first|RE^Remark^HL70364', 'NTE|7||second'),
    );
    expect(one(conversion, 'Observation').note).toMatchObject([
      {
        text: 'first',
        authorString: expect.stringContaining('filler') as string,
        extension: [{ valueCodeableConcept: {} }],
      },
      { text: 'second' },
    ]);
    const fates = conversion.ledger.entries.filter(({ location }) => /^NTE\[\d\]-1\[/.test(location));
    expect(fates.map(({ fate }) => fate)).toEqual(['carried', 'kept']);
  });
});
