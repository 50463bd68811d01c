import { all, convert, msh, one, oru, pid, profile } from './helpers';

/** What the message says once is in the Bundle once, wherever R4 has less room than v2. */
const own = (name: string): string => `urn:medrelay:extension:${name}`;
const withoutZone = profile();

describe('units of values that are no quantities', () => {
  test('a number sent as text keeps its unit', () => {
    const conversion = convert(oru('OBX|1|ST|2160-0^Creatinine^LN||12.5 H|mg/dL^^UCUM|||||F'));
    expect(one(conversion, 'Observation')).toMatchObject({
      valueString: '12.5 H',
      extension: [{ url: own('unit'), valueCoding: { system: 'http://unitsofmeasure.org', code: 'mg/dL' } }],
    });
    const [unit] = conversion.ledger.entries.filter(({ location }) => location === 'OBX[1]-6[1]');
    expect(unit).toMatchObject({ fate: 'carried', detail: 'Observation.extension(unit)' });
  });

  test('a structured numeric that fits no R4 type keeps its unit', () => {
    const { extension } = one(convert(oru('OBX|1|SN|1-8^X^LN||<>^5|mg|||||F')), 'Observation');
    expect(extension).toEqual([{ url: own('unit'), valueCoding: { display: 'mg' } }]);
  });

  test.each(['OBX|1|NM|1-8^X^LN||5|mg|||||F', 'OBX|1|ST|1-8^X^LN||normal|mg|1-4||||F'])(
    'a quantity has it: %s',
    (obx) => expect(one(convert(oru(obx)), 'Observation').extension).toBeUndefined(),
  );
});

describe('order numbers', () => {
  const numbers = (orc: string): (string | undefined)[][] => {
    const obr = 'OBR|1|P1^CLINIC|F1^LAB|24323-8^Panel^LN|||||||||||||||||||||F';
    const conversion = convert([msh('ORU^R01^ORU_R01'), pid, orc, obr, 'OBX|1|ST|1-8^X^LN||a||||||F']);
    return [one(conversion, 'ServiceRequest'), one(conversion, 'DiagnosticReport')].map(
      ({ identifier = [] }) => identifier.map(({ value }) => value),
    );
  };

  test('ORC and OBR that name the same order give each number once', () => {
    expect(numbers('ORC|RE|P1^CLINIC|F1^LAB')).toEqual([
      ['P1', 'F1'],
      ['P1', 'F1'],
    ]);
  });

  test('a number of ORC that OBR contradicts is not lost', () => {
    expect(numbers('ORC|RE|P2^CLINIC|F2^LAB')).toEqual([
      ['P1', 'F1', 'P2', 'F2'],
      ['P1', 'F1', 'P2', 'F2'],
    ]);
  });
});

describe('times that are no instants', () => {
  test('the day of a report stands beside it', () => {
    const obr = 'OBR|1||F1^LAB|24323-8^Panel^LN||||||||||||||||||202401|||F';
    const report = one(
      convert([msh('ORU^R01^ORU_R01'), pid, obr, 'OBX|1|ST|1-8^X^LN||a||||||F']),
      'DiagnosticReport',
    );
    expect(report.issued).toBeUndefined();
    expect(report.extension).toEqual([{ url: own('issued'), valueDateTime: '2024-01' }]);
  });

  test('when it was recorded and sent, without a zone', () => {
    const [sent] = msh('ADT^A08').split('-0500');
    const provenance = one(
      convert([`${sent}||ADT^A08|C1|P|2.5.1`, 'EVN||20240105101000', pid, 'PV1|1|I'], withoutZone),
      'Provenance',
    );
    expect(provenance.recorded).toBeUndefined();
    expect(provenance.extension).toEqual([
      { url: own('recorded'), valueDateTime: '2024-01-05' },
      { url: own('sent'), valueDateTime: '2024-01-05' },
    ]);
  });
});

describe('contacts (NK1)', () => {
  const contact = (nk1: string): unknown =>
    one(convert([msh('ADT^A08'), pid, nk1, 'PV1|1|I']), 'Patient').contact?.[0];

  test('an organization is reached through its contact person', () => {
    const nk1 = `NK1|1||||||E${'|'.repeat(6)}Mill & Co${'|'.repeat(17)}Reed^Tom|5551234|1 Mill Rd^^Salem`;
    expect(contact(nk1.replace('&', 'and'))).toMatchObject({
      organization: { display: 'Mill and Co' },
      name: { family: 'Reed', given: ['Tom'] },
      telecom: [{ value: '5551234' }],
      address: { city: 'Salem' },
    });
  });

  test('a person who is named has the contact person beside', () => {
    const nk1 = `NK1|1|Hill^Ann${'|'.repeat(28)}Reed^Tom|5551234`;
    expect(contact(nk1)).toMatchObject({
      name: { family: 'Hill' },
      extension: [{ url: own('contact-person-name') }, { url: own('contact-person-telecom') }],
    });
  });

  test('second names and addresses are kept for a reason', () => {
    const conversion = convert([msh('ADT^A08'), pid, 'NK1|1|A^B~C^D||1 X St^^Y~2 X St^^Z', 'PV1|1|I']);
    const fates = conversion.ledger.entries.filter(({ location }) => /^NK1.*\[2\]$/.test(location));
    expect(fates.map(({ fate }) => fate)).toEqual(['kept', 'kept']);
  });
});

describe('specimens that OBR describes', () => {
  const obr = (source: string, volume = ''): string =>
    `OBR|1||F1^LAB|24323-8^Panel^LN|||20240105093000-0500||${volume}||||||${source}||||||||||F`;
  const obx = 'OBX|1|ST|1-8^X^LN||a||||||F';
  const spm = 'SPM|1|^S1&LAB||SER^Serum^HL70487';

  test('additive and condition of OBR-15', () => {
    const source = 'BLD&Blood&HL70487^HEP&Heparin&HL70371^^^^ROOM&Room&HL70493';
    expect(one(convert([msh('ORU^R01^ORU_R01'), pid, obr(source), obx]), 'Specimen')).toMatchObject({
      type: { coding: [{ code: 'BLD' }] },
      container: [{ additiveCodeableConcept: { coding: [{ code: 'HEP', display: 'Heparin' }] } }],
      condition: [{ coding: [{ code: 'ROOM' }] }],
    });
  });

  test('the ledger says which of its fields SPM overrules', () => {
    const conversion = convert([msh('ORU^R01^ORU_R01'), pid, obr('BLD', '5'), obx, spm]);
    expect(one(conversion, 'Specimen')).toMatchObject({
      type: { coding: [{ code: 'SER' }] },
      collection: { quantity: { value: 5 } },
    });
    const fateOf = (field: string): string | undefined =>
      conversion.ledger.entries.find(({ location }) => location === `OBR[1]-${field}[1]`)?.fate;
    expect([fateOf('9'), fateOf('15')]).toEqual(['carried', 'kept']);
  });

  test('every role of a specimen', () => {
    const conversion = convert([
      msh('ORU^R01^ORU_R01'),
      pid,
      obr(''),
      obx,
      `${spm}|||||||P^Patient~Q^Control`,
    ]);
    expect(one(conversion, 'Specimen').extension).toHaveLength(2);
  });
});

test('every alternate visit number (PV1-50)', () => {
  const pv1 = `PV1|1|I${'|'.repeat(17)}V1${'|'.repeat(31)}A1~A2`;
  const [encounter] = all(convert([msh('ADT^A08'), pid, pv1]), 'Encounter');
  expect(encounter?.identifier?.map(({ value }) => value)).toEqual(['V1', 'A1', 'A2']);
});

describe('what belongs to an order', () => {
  const obr = 'OBR|1|P1^CLINIC||24323-8^Panel^LN';

  test('whom to ask about it (CTD)', () => {
    const ctd = 'CTD|EP^Emergency^HL70131|Reed^Tom|||5551234';
    const request = one(convert([msh('OML^O21^OML_O21'), pid, 'ORC|NW|P1', obr, ctd]), 'ServiceRequest');
    expect(request.extension?.[0]?.extension?.map(({ url }) => url)).toEqual(['role', 'name', 'telecom']);
  });

  test.each([
    ['TQ1|1||||||||A', 'asap', 'kept'],
    ['TQ1|1||||||||R', 'routine', 'carried'],
    ['NTE|1||x', 'routine', 'carried'],
  ])('its priority: %s speaks before OBR-5', (segment, priority, fate) => {
    const routine = 'OBR|1|P1^CLINIC||24323-8^Panel^LN|R';
    const conversion = convert([msh('OML^O21^OML_O21'), pid, 'ORC|NW|P1', segment, routine]);
    expect(one(conversion, 'ServiceRequest').priority).toBe(priority);
    const old = conversion.ledger.entries.find(({ location }) => location === 'OBR[1]-5[1]');
    expect(old?.fate).toBe(fate);
  });

  test('the study of a prescription (CTI)', () => {
    const segments = ['ORC|NW|P1', 'RXO|1^Drug^L|1||mg', 'RXR|PO', 'CTI|S1^TRIALS'];
    const request = one(convert([msh('OMP^O09^OMP_O09'), pid, ...segments]), 'MedicationRequest');
    expect(request.extension).toMatchObject([{ valueReference: { identifier: { value: 'S1' } } }]);
  });

  test('the group and the instructions of a diet', () => {
    const segments = ['ORC|NW|D1||G1|||^^^^^^^Warm only', 'ODS|D||LOWSALT'];
    const order = one(convert([msh('OMD^O03^OMD_O03'), pid, ...segments]), 'NutritionOrder');
    expect(order.identifier?.map(({ value }) => value)).toEqual(['D1', 'G1']);
    expect(order.note).toEqual([{ text: 'Warm only' }]);
  });

  test('a unit that is named and not coded', () => {
    const segments = ['ORC|NW|P1', obr, 'SPM|1|^S1&LAB||SER||||||||40^&ml'];
    const { collection } = one(convert([msh('OML^O21^OML_O21'), pid, ...segments]), 'Specimen');
    expect(collection?.quantity).toEqual({ value: 40, unit: 'ml' });
  });
});

test('levels of a place that have a universal id and no name', () => {
  const pv1 = `PV1|1|I|W1^12^^HOSP^^^&B-7&L${'|'.repeat(16)}V1`;
  const [place] = all(convert([msh('ADT^A08'), pid, pv1]), 'Location');
  expect(place?.name).toBe('B-7 W1 12');
});

test('the other name of the laboratory (OBX-15)', () => {
  const producer = '11D1^State Lab^CLIA^47^Virus Branch^L';
  const laboratory = one(convert(oru(`OBX|1|ST|1-8^X^LN||a||||||F||||${producer}`)), 'Organization');
  expect(laboratory).toMatchObject({ name: 'State Lab', alias: ['Virus Branch'] });
  expect(laboratory.identifier?.map(({ value }) => value)).toEqual(['11D1', '47']);
});
