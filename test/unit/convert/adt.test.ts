import { adt, all, codes, convert, msh, one, oru, pid, profile, segment } from './helpers';

const patient = (segment: string, ...more: readonly string[]): ReturnType<typeof one<'Patient'>> =>
  one(convert(adt('A08', segment, ...more)), 'Patient');

describe('PID', () => {
  test('names: parts, uses and family prefixes', () => {
    const { name } = patient(
      'PID|||1^^^X^MR||van der Berg&van der&Berg^Ada^B^Jr^Dr^^L~Bee^^^^^^N|Mother^Maiden',
    );
    expect(name).toEqual([
      {
        use: 'official',
        family: 'van der Berg',
        _family: {
          extension: [
            { url: 'http://hl7.org/fhir/StructureDefinition/humanname-own-prefix', valueString: 'van der' },
            { url: 'http://hl7.org/fhir/StructureDefinition/humanname-own-name', valueString: 'Berg' },
          ],
        },
        given: ['Ada', 'B'],
        prefix: ['Dr'],
        suffix: ['Jr'],
      },
      { use: 'nickname', family: 'Bee' },
    ]);
  });

  test.each([
    ['(217)555-0100', { system: 'phone', value: '(217)555-0100', use: 'home' }],
    ['^PRN^PH^^1^617^5551212^9', { system: 'phone', value: '+1 617 5551212 X9', use: 'home' }],
    ['^NET^Internet^a@example.org', { system: 'email', value: 'a@example.org' }],
    ['^PRN^CP^^^617^5551212', { system: 'phone', value: '617 5551212', use: 'mobile' }],
    ['x^WPN^FX^^^^^^^^^555', { system: 'fax', value: '555', use: 'work' }],
  ])('telecom %s', (sent, expected) => {
    expect(patient(`PID|||1^^^X^MR||||||||||${sent}`).telecom).toEqual([expected]);
  });

  test('address, with the county of PID-12', () => {
    expect(
      patient('PID|||1^^^X^MR||||||||1 Main St&Main St&1^Apt 2^Town^ST^12345^USA^H|Cook').address,
    ).toEqual([
      {
        use: 'home',
        line: ['1 Main St', 'Main St', '1', 'Apt 2'],
        city: 'Town',
        district: 'Cook',
        state: 'ST',
        postalCode: '12345',
        country: 'USA',
      },
    ]);
  });

  test('codes: gender, language, marital status', () => {
    const found = patient('PID|||1^^^X^MR|||||A|||||||eng^English|N');
    expect(found.gender).toBe('other');
    expect(found.communication).toEqual([
      { language: { coding: [{ system: 'urn:ietf:bcp:47', code: 'en', display: 'English' }] } },
    ]);
    expect(found.maritalStatus?.coding).toEqual([
      { system: 'http://terminology.hl7.org/CodeSystem/v3-MaritalStatus', code: 'A', display: 'Annulled' },
      { system: 'http://terminology.hl7.org/CodeSystem/v2-0002', code: 'N' },
    ]);
  });

  test('separated is not legally separated', () => {
    expect(patient('PID|||1^^^X^MR|||||||||||||A').maritalStatus?.coding).toEqual([
      { system: 'http://terminology.hl7.org/CodeSystem/v2-0002', code: 'A' },
    ]);
  });

  test('an unmapped sex is no gender, and said', () => {
    const conversion = convert(adt('A08', 'PID|||1^^^X^MR|||||X'));
    expect(one(conversion, 'Patient').gender).toBeUndefined();
    expect(codes(conversion)).toEqual(['CODE_UNMAPPED']);
  });

  test('race and ethnicity: CDC codes as codes, anything else as text', () => {
    const fields =
      'PID|||1^^^X^MR|||||||2106-3^White^HL70005~1004-1^American Indian^CDCREC~Green||||||||||||H';
    const [race, ethnicity] = patient(fields).extension ?? [];
    expect(
      race?.extension?.map(({ url, valueCoding, valueString }) => [url, valueCoding?.code ?? valueString]),
    ).toEqual([
      ['ombCategory', '2106-3'],
      ['detailed', '1004-1'],
      ['text', 'White, American Indian, Green'],
    ]);
    expect(ethnicity?.extension?.[0]).toMatchObject({ url: 'ombCategory', valueCoding: { code: '2135-2' } });
  });

  test('deceased, multiple birth', () => {
    const at = (n: number, value: string): ReturnType<typeof patient> =>
      patient(`PID|||1^^^X^MR${'|'.repeat(n - 3)}${value}`);
    expect(at(29, '20240101120000-0500|Y').deceasedDateTime).toBe('2024-01-01T12:00:00-05:00');
    expect(at(30, 'Y').deceasedBoolean).toBe(true);
    expect(at(30, 'N').deceasedBoolean).toBe(false);
    expect(at(24, 'Y|2').multipleBirthInteger).toBe(2);
    expect(at(24, 'Y').multipleBirthBoolean).toBe(true);
    expect(at(24, 'N|1').multipleBirthBoolean).toBe(false);
  });

  test('identifiers of PID-2, 3, 4, 19 and 20, each once', () => {
    const { identifier } = patient(
      'PID||1^^^X|1^^^X^MR~2^^^X^PI|3^^^X|||||||||||||||123-45-6789|D1^NY^20300101',
    );
    expect(identifier?.map(({ system, value, type }) => [system, value, type?.coding?.[0]?.code])).toEqual([
      ['urn:medrelay:demo:X', '1', 'MR'],
      ['urn:medrelay:demo:X', '2', 'PI'],
      ['urn:medrelay:demo:X', '3', undefined],
      ['http://hl7.org/fhir/sid/us-ssn', '123-45-6789', 'SS'],
      ['urn:medrelay:demo:NY', 'D1', 'DL'],
    ]);
  });

  test('PID-18 is an Account whose status v2 does not say', () => {
    const conversion = convert(adt('A08', 'PID|||1^^^X^MR|||||||||||||||ACC1^^^X'));
    expect(one(conversion, 'Account')).toMatchObject({ status: 'unknown', identifier: [{ value: 'ACC1' }] });
  });
});

describe('around the patient', () => {
  test('NK1 is a contact', () => {
    const found = patient(pid, 'NK1|1|Sample^Bob|SPO^Spouse^HL70063||555-1||C');
    expect(found.contact).toEqual([
      {
        relationship: [
          {
            coding: [
              { system: 'http://terminology.hl7.org/CodeSystem/v3-RoleCode', code: 'SPS', display: 'spouse' },
              { system: 'http://terminology.hl7.org/CodeSystem/v2-0063', code: 'SPO', display: 'Spouse' },
            ],
          },
          { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0131', code: 'C' }] },
        ],
        name: { family: 'Sample', given: ['Bob'] },
        telecom: [{ system: 'phone', value: '555-1', use: 'home' }],
      },
    ]);
  });

  test('a contact of nothing but a relationship is kept, not made (pat-1)', () => {
    const conversion = convert(adt('A08', pid, 'NK1|1||SPO'));
    expect(one(conversion, 'Patient').contact).toBeUndefined();
    expect(conversion.ledger.entries.find(({ location }) => location === 'NK1[1]-3[1]')?.fate).toBe('kept');
  });

  test('AL1, DG1, PR1 and IN1', () => {
    const conversion = convert(
      adt(
        'A01',
        pid,
        'PV1|1|I|||||||||||||||||V1^^^X',
        'AL1|1|DA|70618^Penicillin^RXNORM|SV|Hives',
        'DG1|1||I10^Hypertension^I10C||20240101|A|||||||||1',
        'PR1|1||99^Procedure^L||20240102',
        segment('IN1', {
          1: '1',
          2: 'P1^Plan one',
          3: 'C1^^^X',
          4: 'Acme Health',
          5: '1 Road^^City',
          8: 'GRP1',
          12: '20240101',
          13: '20241231',
          17: 'SEL',
          36: 'POL9',
        }),
      ),
    );
    expect(one(conversion, 'AllergyIntolerance')).toMatchObject({
      category: ['medication'],
      reaction: [{ manifestation: [{ text: 'Hives' }], severity: 'severe' }],
    });
    const condition = one(conversion, 'Condition');
    expect(condition.code?.coding?.[0]).toMatchObject({
      system: 'http://hl7.org/fhir/sid/icd-10-cm',
      code: 'I10',
    });
    expect(one(conversion, 'Encounter').diagnosis).toMatchObject([
      { condition: { reference: `urn:uuid:${condition.id}` }, rank: 1 },
    ]);
    expect(one(conversion, 'Procedure').status).toBe('unknown');
    const coverage = one(conversion, 'Coverage');
    expect(coverage.status).toBeUndefined();
    expect(coverage._status?.extension?.[0]?.valueCode).toBe('unknown');
    expect(coverage).toMatchObject({
      identifier: [{ value: 'POL9' }],
      period: { start: '2024-01-01', end: '2024-12-31' },
      class: [{ value: 'P1', name: 'Plan one' }, { value: 'GRP1' }],
    });
    expect(one(conversion, 'Organization')).toMatchObject({
      name: 'Acme Health',
      identifier: [{ value: 'C1' }],
    });
  });

  test('IN1 without a company makes no Coverage, and says so', () => {
    const conversion = convert(adt('A08', pid, 'IN1|1|P1'));
    expect(all(conversion, 'Coverage')).toEqual([]);
    expect(codes(conversion)).toEqual(['COVERAGE_WITHOUT_PAYOR']);
  });
});

describe('Encounter', () => {
  const pv1 = (fields: Record<number, string>): string => segment('PV1', fields);
  const status = (event: string, fields: Record<number, string>): string =>
    one(convert(adt(event, pid, pv1({ 19: 'V1^^^X', ...fields }))), 'Encounter').status;

  test.each([
    ['A01', { 2: 'I' }, 'in-progress'],
    ['A03', { 2: 'I' }, 'finished'],
    ['A04', { 2: 'E' }, 'arrived'],
    ['A08', { 2: 'I' }, 'unknown'],
    ['A08', { 2: 'P' }, 'planned'],
    ['A08', { 2: 'I', 44: '20240101' }, 'in-progress'],
    ['A08', { 2: 'I', 45: '20240102' }, 'finished'],
    ['A01', { 2: 'I', 45: '20240102' }, 'finished'],
  ])('%s with %j is %s', (event, fields, expected) => expect(status(event, fields)).toBe(expected));

  test('the key: visit number, else alternate id, else account, else patient and admit time', () => {
    const id = (fields: Record<number, string>, pidSegment = pid): string | undefined =>
      one(convert(adt('A01', pidSegment, pv1(fields))), 'Encounter').id;
    const withAccount = `${pid}||||||||||ACC1^^^X`;
    expect(id({ 19: 'V1^^^X' })).toBe(id({ 50: 'V1^^^X' }));
    expect(id({ 19: 'V1^^^X' }, withAccount)).toBe(id({ 19: 'V1^^^X' }));
    expect(id({ 2: 'I' }, withAccount)).toBe(id({ 44: '20240101' }, withAccount));
    expect(id({ 44: '20240101' })).not.toBe(id({ 44: '20240102' }));
  });

  test('PV1 that names no visit makes none, and says so', () => {
    const conversion = convert(adt('A01', pid, 'PV1|1|I|WARD'));
    expect(all(conversion, 'Encounter')).toEqual([]);
    expect(codes(conversion)).toEqual(['ENCOUNTER_WITHOUT_KEY']);
    expect(conversion.ledger.entries.find(({ location }) => location === 'PV1[1]-3[1]')?.fate).toBe('kept');
  });

  test('a result without a visit number invents no Encounter, whatever else it has', () => {
    const [header = '', , ...order] = oru('OBX|1|NM|1^x^L||5||||||F');
    const conversion = convert([
      header,
      `${pid}||||||||||ACC1^^^X`,
      pv1({ 2: 'I', 44: '20240101' }),
      ...order,
    ]);
    expect(all(conversion, 'Encounter')).toEqual([]);
    expect(one(conversion, 'Observation').encounter).toBeUndefined();
  });

  test("a result's visit is only mentioned: created when absent, never overwritten", () => {
    const [header = '', person = '', ...order] = oru('OBX|1|NM|1^x^L||5||||||F');
    const conversion = convert([header, person, pv1({ 2: 'I', 19: 'V1^^^X' }), ...order]);
    const encounter = one(conversion, 'Encounter');
    expect(encounter.status).toBe('unknown');
    expect(conversion.mentions).toContain(`urn:uuid:${encounter.id}`);
    const admitted = convert(adt('A01', pid, pv1({ 2: 'I', 19: 'V1^^^X' })));
    expect(one(admitted, 'Encounter').id).toBe(encounter.id);
    expect(admitted.mentions).toEqual([]);
  });

  test('an empty class says so; a period that ends before it starts keeps its start', () => {
    const conversion = convert(adt('A03', pid, pv1({ 19: 'V1', 44: '20240105', 45: '20240101' })));
    const encounter = one(conversion, 'Encounter');
    expect(encounter.class).toEqual({
      extension: [
        { url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' },
      ],
    });
    expect(encounter.period).toEqual({ start: '2024-01-05' });
    expect(codes(conversion)).toEqual(['PERIOD_REVERSED']);
  });

  test('locations', () => {
    const conversion = convert(adt('A01', pid, pv1({ 2: 'I', 3: 'WARD^101^A^HOSP', 6: 'ER', 19: 'V1' })));
    expect(
      one(conversion, 'Encounter').location?.map(({ location, status: at }) => [location.display, at]),
    ).toEqual([
      ['WARD 101 A', 'active'],
      ['ER', 'completed'],
    ]);
    expect(all(conversion, 'Location')[0]?.physicalType?.coding?.[0]?.code).toBe('bd');
  });
});

describe('`""`', () => {
  test('deletes; absence says nothing', () => {
    const conversion = convert([msh('ADT^A08'), 'PID|||1^^^X^MR||Sample^Ada||||||||""']);
    const found = one(conversion, 'Patient');
    expect(found.telecom).toBeUndefined();
    expect(conversion.deletions).toEqual([{ entry: `urn:uuid:${found.id}`, element: 'telecom' }]);
    expect(conversion.ledger.entries.find(({ location }) => location === 'PID[1]-13[1]')).toEqual({
      location: 'PID[1]-13[1]',
      fate: 'carried',
      detail: 'delete',
    });
    expect(convert([msh('ADT^A08'), 'PID|||1^^^X^MR||Sample^Ada']).deletions).toEqual([]);
  });

  test('inside a value it leaves its part out', () => {
    expect(patient('PID|||1^^^X^MR||Sample^""').name).toEqual([{ family: 'Sample' }]);
    expect(JSON.stringify(patient('PID|||1^^^X^MR||Sample^""'))).not.toContain('\\"\\"');
  });
});

test('set ids and action codes: carried where the list says the same, else kept', () => {
  const conversion = convert(
    [
      msh('ADT^A01'),
      pid,
      'PV1||I|||||||||||||||||V1^^^GENERAL',
      'AL1|1|DRUG|^Penicillin',
      'AL1|2|DA|^Aspirin',
      'DG1|1||J01^Sinusitis^I10|||||||||||||||||D1^H|A',
      'DG1|7||J02^Pharyngitis^I10',
    ],
    profile(),
  );
  const fate = (place: string): string | undefined =>
    conversion.ledger.entries.find(({ location }) => location === place)?.fate;
  expect(['DG1[1]-1[1]', 'DG1[2]-1[1]', 'DG1[1]-21[1]'].map(fate)).toEqual(['carried', 'kept', 'kept']);
  // A word of the sender's own is carried as that, not as a category it might mean.
  expect(all(conversion, 'AllergyIntolerance')).toMatchObject([
    {
      extension: [
        { url: 'urn:medrelay:extension:allergen-type', valueCodeableConcept: { coding: [{ code: 'DRUG' }] } },
      ],
    },
    { category: ['medication'] },
  ]);
});
