import { all, codes, convert, msh, one, oru, pid } from './helpers';

const ids = (conversion: ReturnType<typeof convert>): (string | undefined)[] =>
  all(conversion, 'Observation').map(({ id }) => id);

describe('orders', () => {
  test('OBR is a report and the request that it answers', () => {
    const conversion = convert([
      msh('ORU^R01'),
      pid,
      'ORC|RE|P1^CPOE|F1^LAB||CM||||20240105080000-0500|||9^Order^Olga^^^^^^X',
      'OBR|1|P1^CPOE|F1^LAB|24323-8^Panel^LN|||20240105093000-0500|20240105094000-0500||||||||||||||20240105101000-0500||CH|F',
      'NTE|1||Fasting sample',
    ]);
    const report = one(conversion, 'DiagnosticReport');
    const request = one(conversion, 'ServiceRequest');
    expect(report).toMatchObject({
      status: 'final',
      basedOn: [{ reference: `urn:uuid:${request.id}` }],
      effectivePeriod: { start: '2024-01-05T09:30:00-05:00', end: '2024-01-05T09:40:00-05:00' },
      issued: '2024-01-05T10:10:00-05:00',
      extension: [{ valueAnnotation: { text: 'Fasting sample' } }],
    });
    expect(request).toMatchObject({
      status: 'completed',
      intent: 'order',
      requester: { display: 'Olga Order' },
    });
    expect(conversion.mentions).toContain(`urn:uuid:${request.id}`);
  });

  test.each([
    ['F', 'final'],
    ['C', 'corrected'],
    ['M', 'preliminary'],
    ['A', 'partial'],
    ['N', 'registered'],
    ['Z', 'unknown'],
    ['', 'unknown'],
  ])('OBR-25 %s is %s', (sent, status) => {
    const conversion = convert([msh('ORU^R01'), pid, `OBR|1||F1|1^x^L${'|'.repeat(21)}${sent}`]);
    expect(one(conversion, 'DiagnosticReport').status).toBe(status);
  });

  test('the same order number for two patients is two orders', () => {
    const of = (mrn: string): string | undefined =>
      one(convert([msh('ORU^R01'), `PID|||${mrn}^^^X^MR`, 'OBR|1||1|1^x^L']), 'DiagnosticReport').id;
    expect(of('1')).not.toBe(of('2'));
  });

  test('without any order number the message is the order', () => {
    const of = (controlId: string): string | undefined =>
      one(convert([msh('ORU^R01', controlId), pid, 'OBR|1|||1^x^L']), 'DiagnosticReport').id;
    expect(of('1')).toBe(of('1'));
    expect(of('1')).not.toBe(of('2'));
  });

  test('a result message without OBR keeps its patient and says what is missing', () => {
    const conversion = convert([msh('ORU^R01'), pid, 'OBX|1|NM|1^x^L||5||||||F']);
    expect(one(conversion, 'Observation').valueQuantity).toEqual({ value: 5 });
    expect(codes(conversion)).toContain('NO_RESULTS');
  });

  test('several patients in one message stay apart', () => {
    const conversion = convert([
      msh('ORU^R01'),
      'PID|||1^^^X^MR',
      'OBR|1||F1|1^x^L',
      'OBX|1|ST|1^x^L||first||||||F',
      'PID|||2^^^X^MR',
      'OBR|1||F2|1^x^L',
      'OBX|1|ST|1^x^L||second||||||F',
    ]);
    const [one_, two] = all(conversion, 'Patient');
    expect(
      all(conversion, 'Observation').map(({ subject, valueString }) => [subject?.reference, valueString]),
    ).toEqual([
      [`urn:uuid:${one_?.id}`, 'first'],
      [`urn:uuid:${two?.id}`, 'second'],
    ]);
  });
});

describe('observations', () => {
  test('same code, other sub-id or repetition: different observations', () => {
    const conversion = convert(
      oru(
        'OBX|1|ST|1^x^L|1.1|a||||||F',
        'OBX|2|ST|1^x^L|1.2|b||||||F',
        'OBX|3|ST|1^x^L||c||||||F',
        'OBX|4|ST|1^x^L||d||||||F',
      ),
    );
    expect(new Set(ids(conversion)).size).toBe(4);
    expect(one(conversion, 'DiagnosticReport').result).toHaveLength(4);
  });

  test('a correction hits the observation it corrects', () => {
    const first = convert(oru('OBX|1|NM|1^x^L||5||||||F'));
    const [, ...rest] = oru('OBX|7|NM|1^x^L||6||||||C');
    expect(ids(convert([msh('ORU^R01', 'C2'), ...rest]))).toEqual(ids(first));
  });

  test('an OBX after SPM stays a result, of that specimen', () => {
    const conversion = convert(oru('SPM|1|^S1&LAB||BLD^Blood^HL70487', 'OBX|1|NM|1^x^L||5||||||F'));
    const specimen = one(conversion, 'Specimen');
    const observation = one(conversion, 'Observation');
    expect(observation.specimen).toEqual({ reference: `urn:uuid:${specimen.id}` });
    expect(one(conversion, 'DiagnosticReport')).toMatchObject({
      result: [{ reference: `urn:uuid:${observation.id}` }],
      specimen: [{ reference: `urn:uuid:${specimen.id}` }],
    });
  });

  test('with one specimen the results before it are of it; with two nobody says', () => {
    const specimens = (...segments: readonly string[]): unknown[] =>
      all(convert(oru('OBX|1|NM|1^x^L||5||||||F', ...segments)), 'Observation').map(
        ({ specimen }) => specimen,
      );
    expect(specimens('SPM|1|^S1')[0]).toBeDefined();
    expect(specimens('SPM|1|^S1', 'SPM|2|^S2')[0]).toBeUndefined();
  });

  test('notes go to what they follow', () => {
    const conversion = convert(
      oru(
        'NTE|1||of the order',
        'OBX|1|NM|1^x^L||5||||||F',
        'NTE|1||of the first',
        'OBX|2|NM|2^y^L||6||||||F',
        'NTE|1||of the second~line two',
        'SPM|1|^S1',
        'NTE|1||of the specimen',
      ),
    );
    expect(all(conversion, 'Observation').map(({ note }) => note?.map(({ text }) => text))).toEqual([
      ['of the first'],
      ['of the second\nline two'],
    ]);
    expect(one(conversion, 'Specimen').note).toEqual([{ text: 'of the specimen' }]);
    expect(one(conversion, 'DiagnosticReport').extension?.[0]?.valueAnnotation?.text).toBe('of the order');
  });

  test('OBX-14, else the time of the order', () => {
    const conversion = convert(oru('OBX|1|NM|1^x^L||5||||||F|||20240104', 'OBX|2|NM|2^y^L||5||||||F'));
    expect(all(conversion, 'Observation').map(({ effectiveDateTime }) => effectiveDateTime)).toEqual([
      '2024-01-04',
      '2024-01-05T09:30:00-05:00',
    ]);
  });

  test('who and how: performers, method, site, device', () => {
    const conversion = convert(
      oru(
        'OBX|1|NM|1^x^L||5||||||F||||33D0^Lab^CLIA|8^Obs^Olga^^^^^^X|M1^Method^L|D1^ANALYZER|20240105|LA|I1^LAB||Acme Lab^^^^^^^^^A1|1 Road^^City^^^^H|7^Dir^Dan^^^^^^X',
      ),
    );
    const observation = one(conversion, 'Observation');
    expect(observation.performer?.map(({ display }) => display)).toEqual([
      'Olga Obs',
      'Lab',
      'Acme Lab',
      'Dan Dir',
    ]);
    expect(observation.method?.coding?.[0]?.code).toBe('M1');
    expect(observation.bodySite?.coding?.[0]?.code).toBe('LA');
    expect(one(conversion, 'Device').identifier?.[0]?.value).toBe('D1');
    expect(all(conversion, 'Organization').find(({ name }) => name === 'Acme Lab')?.address).toEqual([
      { line: ['1 Road'], city: 'City' },
    ]);
  });

  test('no code: an Observation that says so, never none', () => {
    const conversion = convert(oru('OBX|1|ST|||orphan||||||F'));
    expect(one(conversion, 'Observation')).toMatchObject({
      valueString: 'orphan',
      code: { extension: [{ valueCode: 'unknown' }] },
    });
    expect(codes(conversion)).toEqual(['CODE_MISSING']);
  });

  test('the specimen of OBR-15, before SPM existed', () => {
    const conversion = convert([
      msh('ORU^R01'),
      pid,
      `OBR|1||F1|1^x^L${'|'.repeat(11)}BLD&Blood&HL70070^^left arm`,
    ]);
    expect(one(conversion, 'Specimen')).toMatchObject({
      type: {
        coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0070', code: 'BLD', display: 'Blood' }],
      },
      note: [{ text: 'left arm' }],
    });
  });
});
