import fc from 'fast-check';
import { parseDecimal } from '../../../src/lib/convert/datatypes/nm';
import { referenceRange } from '../../../src/lib/convert/datatypes/reference-range';
import { all, codes, convert, one, oru } from './helpers';

const obx = (type: string, value: string, rest = '|||||F'): ReturnType<typeof one<'Observation'>> =>
  one(convert(oru(`OBX|1|${type}|1^Test^L||${value}|${rest}`)), 'Observation');

describe('NM', () => {
  test.each([
    ['065.88', 65.88],
    ['+4', 4],
    ['.5', 0.5],
    ['5.', 5],
    ['-0.20E1', -2],
    ['0', 0],
    ['1E3', 1000],
  ])('%s is %d', (sent, value) => expect(parseDecimal(sent)?.value).toBe(value));

  test('digits that JSON drops are said by quantity-precision', () => {
    expect(obx('NM', '1.10').valueQuantity).toEqual({
      value: 1.1,
      _value: {
        extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/quantity-precision', valueInteger: 2 }],
      },
    });
    expect(obx('NM', '1.1').valueQuantity).toEqual({ value: 1.1 });
  });

  test('a comparator where HL7 allows a number only', () => {
    const conversion = convert(oru('OBX|1|NM|1^Test^L||>90|%^%^UCUM|||||F'));
    expect(one(conversion, 'Observation').valueQuantity).toEqual({
      value: 90,
      comparator: '>',
      unit: '%',
      system: 'http://unitsofmeasure.org',
      code: '%',
    });
    expect(codes(conversion)).toEqual(['NM_COMPARATOR']);
  });

  test.each(['NEG', '12,5', '1.2.3', '>', '1234567890123456.7', '--1', '1 000'])('%s stays text', (sent) => {
    const conversion = convert(oru(`OBX|1|NM|1^Test^L||${sent}||||||F`));
    expect(one(conversion, 'Observation')).toMatchObject({ valueString: sent });
    expect(codes(conversion)).toEqual(['NM_NOT_NUMERIC']);
  });

  test('repetitions are components', () => {
    const observation = obx('NM', '27~25', 'mmol/L^^UCUM|||||F');
    expect(observation.valueQuantity).toBeUndefined();
    expect(observation.component?.map(({ valueQuantity }) => valueQuantity?.value)).toEqual([27, 25]);
    expect(observation.component?.[0]?.code).toEqual(observation.code);
  });

  test('what is accepted means the number that was sent', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[+-]?\d{0,12}(\.\d{0,8})?$/), (text) => {
        const decimal = parseDecimal(text);
        if (decimal === undefined) return;
        expect(decimal.value).toBe(Number(text) + 0);
        expect(Object.is(decimal.value, -0)).toBe(false);
        const [, fraction = ''] = text.split('.');
        if (decimal.precision !== undefined) expect(decimal.precision).toBe(fraction.length);
      }),
    );
  });
});

describe('SN', () => {
  test.each([
    ['>^100', { valueQuantity: { value: 100, comparator: '>' } }],
    ['^5', { valueQuantity: { value: 5 } }],
    ['=^5', { valueQuantity: { value: 5 } }],
    ['^1^:^128', { valueRatio: { numerator: { value: 1 }, denominator: { value: 128 } } }],
    ['^1^-^5', { valueRange: { low: { value: 1 }, high: { value: 5 } } }],
    ['<>^5', { valueString: '<>5' }],
    ['^2^+', { valueString: '2+' }],
    ['>^1^-^5', { valueString: '>1-5' }],
    ['^5^-^1', { valueString: '5-1' }],
    ['^neg', { valueString: 'neg' }],
  ])('%s', (sent, expected) => expect(obx('SN', sent)).toMatchObject(expected));
});

describe('other types', () => {
  test('lines of text are joined, empty lines too', () => {
    expect(obx('TX', 'one~~three').valueString).toBe('one\n\nthree');
    expect(obx('FT', 'a\\.br\\b').valueString).toBe('a\nb');
  });

  test('separators that a text forgot to escape stay where they stood', () => {
    const conversion = convert(oru('OBX|1|TX|1^Test^L||a&nbsp;b^^c||||||F'));
    expect(one(conversion, 'Observation').valueString).toBe('a&nbsp;b^^c');
    expect(codes(conversion)).toEqual(['TEXT_NOT_ESCAPED']);
  });

  test('a value of absurdly many parts is carried as sent, at once', () => {
    const value = 'a&'.repeat(50_000);
    const conversion = convert(oru(`OBX|1|TX|1^Test^L||${value}||||||F`));
    expect(one(conversion, 'Observation').valueString).toBe(value);
    expect(codes(conversion)).toContain('VALUE_TOO_MANY_PARTS');
  });

  test('coded values', () => {
    expect(obx('CWE', '260373001^Detected^SCT^P^Pos^L').valueCodeableConcept).toEqual({
      coding: [
        { system: 'http://snomed.info/sct', code: '260373001', display: 'Detected' },
        { system: 'urn:medrelay:demo:LABSYS:GENERAL:L', code: 'P', display: 'Pos' },
      ],
    });
    expect(obx('CE', '^Yellow').valueCodeableConcept).toEqual({ text: 'Yellow' });
    expect(obx('CWE', 'Y^^^^^^^^as written').valueCodeableConcept).toEqual({
      coding: [{ code: 'Y' }],
      text: 'as written',
    });
  });

  test.each([
    ['DT', '20240101', { valueDateTime: '2024-01-01' }],
    ['TS', '20240101103000-0500', { valueDateTime: '2024-01-01T10:30:00-05:00' }],
    ['TM', '1030', { valueTime: '10:30:00' }],
    ['DTM', 'soon', { valueString: 'soon' }],
    ['TM', '1030+0100', { valueString: '1030+0100' }],
    ['DR', '20240101^20240105', { valuePeriod: { start: '2024-01-01', end: '2024-01-05' } }],
    ['NR', '1^5', { valueRange: { low: { value: 1 }, high: { value: 5 } } }],
    ['CQ', '5^mL&mL&UCUM', { valueQuantity: { value: 5, unit: 'mL', code: 'mL' } }],
    ['XPN', 'Berg^Ada^^^Dr', { valueString: 'Dr Ada Berg' }],
    ['XAD', '1 Main St^^Town^ST^12345', { valueString: '1 Main St, Town, ST, 12345' }],
    ['CX', '123^^^HOSP&1.2.3&ISO', { valueString: '123 HOSP 1.2.3 ISO' }],
    ['ID', 'Y', { valueString: 'Y' }],
    ['nm', '5', { valueQuantity: { value: 5 } }],
    ['CWE^^HL70125', 'A^B^L', { valueCodeableConcept: { coding: [{ code: 'A' }] } }],
  ])('%s %s', (type, value, expected) => expect(obx(type, value)).toMatchObject(expected));

  test('a value without a type is text, with a diagnostic', () => {
    const conversion = convert(oru('OBX|1||1^Test^L||12||||||F'));
    expect(one(conversion, 'Observation').valueString).toBe('12');
    expect(codes(conversion)).toEqual(['VALUE_TYPE_MISSING']);
  });
});

describe('documents', () => {
  const document = (value: string, type = 'ED'): ReturnType<typeof convert> =>
    convert(oru(`OBX|1|${type}|11502-2^Report^LN||${value}||||||F`));

  test('an ED is a DocumentReference that the Observation is derived from', () => {
    const conversion = document('LAB^AP^PDF^Base64^JVBERi0xLjQ=');
    const reference = one(conversion, 'DocumentReference');
    expect(reference).toMatchObject({
      status: 'current',
      docStatus: 'final',
      content: [{ attachment: { contentType: 'application/pdf', data: 'JVBERi0xLjQ=' } }],
    });
    expect(one(conversion, 'Observation').derivedFrom).toEqual([{ reference: `urn:uuid:${reference.id}` }]);
  });

  test.each([
    ['^TEXT^PLAIN^A^Grüße', 'R3LDvMOfZQ=='],
    ['^image^PNG^Hex^89504e47', 'iVBORw=='],
    ['^AP^PDF^Base64^JVBERi0xLjQ', 'JVBERi0xLjQ='],
  ])('%s', (value, data) => {
    expect(one(document(value), 'DocumentReference').content[0]?.attachment.data).toBe(data);
  });

  test('data of an unnamed type is octets (att-1)', () => {
    const [content] = one(document('^^^Base64^JVBERi0xLjQ='), 'DocumentReference').content;
    expect(content?.attachment.contentType).toBe('application/octet-stream');
  });

  test('data that does not fit its encoding is kept, and the Observation says it has no value', () => {
    const conversion = document('^AP^PDF^Base64^!!!');
    expect(all(conversion, 'DocumentReference')).toEqual([]);
    expect(one(conversion, 'Observation').dataAbsentReason).toBeDefined();
    expect(codes(conversion)).toEqual(['ED_INVALID']);
  });

  test('an RP is a link', () => {
    const conversion = document('https://pacs.example.org/1^^image^JPEG', 'RP');
    expect(one(conversion, 'DocumentReference').content[0]?.attachment).toEqual({
      contentType: 'image/jpeg',
      url: 'https://pacs.example.org/1',
    });
  });
});

describe('units', () => {
  test.each([
    ['mg/dL^milligram^UCUM', { unit: 'milligram', system: 'http://unitsofmeasure.org', code: 'mg/dL' }],
    ['K/uL', { unit: 'K/uL' }],
    ['x^thousand^L^10*3/uL^^UCUM', { unit: '10*3/uL', system: 'http://unitsofmeasure.org', code: '10*3/uL' }],
    ['beats/min^^ISO', { unit: 'beats/min' }],
  ])('%s', (sent, expected) => {
    expect(obx('NM', '1', `${sent}|||||F`).valueQuantity).toEqual({ value: 1, ...expected });
  });
});

describe('reference range', () => {
  const bounds = (
    text: string,
  ): { low: number | undefined; high: number | undefined; text: string | undefined } => {
    const range = referenceRange(text, undefined);
    return { low: range.low?.value, high: range.high?.value, text: range.text };
  };

  test.each([
    ['3.5-5.1', 3.5, 5.1],
    ['4.3 to 6.2', 4.3, 6.2],
    ['-5 - 5', -5, 5],
    ['<85', undefined, 85],
    ['>=60', 60, undefined],
    ['M: 13-17; F: 12-15', undefined, undefined],
    ['neg', undefined, undefined],
    ['649-1346 cells/mcL', undefined, undefined],
    ['<1 = Susceptible, >= 1 = Resistant', undefined, undefined],
    ['9-5', undefined, undefined],
  ])('%s', (text, low, high) => expect(bounds(text)).toEqual({ low, high, text }));
});

describe('OBX-8', () => {
  const flags = (text: string): (string | undefined)[] | undefined =>
    obx('NM', '1', `||${text}|||F`).interpretation?.map(({ coding }) => coding?.[0]?.code);

  test('several, and the off-scale flags that the guide never matches', () => {
    expect(flags('H~A')).toEqual(['H', 'A']);
    expect(flags('<')).toEqual(['<']);
    expect(flags('> ')).toEqual(['>']);
    expect(obx('NM', '1', '||>|||F').interpretation?.[0]?.coding?.[0]?.system).toBe(
      'http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation',
    );
  });

  test('a code outside the table keeps its own system', () => {
    expect(obx('NM', '1', '||PANIC^^L|||F').interpretation?.[0]?.coding).toEqual([
      { system: 'urn:medrelay:demo:LABSYS:GENERAL:L', code: 'PANIC' },
    ]);
  });
});

describe('OBX-11', () => {
  test.each([
    ['F', 'final'],
    ['P', 'preliminary'],
    ['C', 'corrected'],
    ['A', 'amended'],
    ['D', 'entered-in-error'],
    ['W', 'entered-in-error'],
    ['I', 'registered'],
    ['R', 'preliminary'],
    ['U', 'final'],
    ['F^Final^HL70085', 'final'],
    ['f', 'final'],
    ['?', 'unknown'],
    ['', 'unknown'],
  ])('%s is %s', (sent, status) => expect(obx('ST', 'v', `|||||${sent}`).status).toBe(status));

  test('a status that is missing or unmapped is said', () => {
    expect(codes(convert(oru('OBX|1|ST|1^x^L||v')))).toEqual(['STATUS_MISSING']);
    expect(codes(convert(oru('OBX|1|ST|1^x^L||v||||||?')))).toEqual(['CODE_UNMAPPED']);
  });

  test('X has no value (obs-6): what it carries explains why', () => {
    const observation = obx('TX', 'Specimen hemolyzed', '|||||X');
    expect(observation.status).toBe('cancelled');
    expect(observation.valueString).toBeUndefined();
    expect(observation.dataAbsentReason?.text).toBe('Specimen hemolyzed');
  });

  test('no value: the reason by OBX-11', () => {
    expect(obx('NM', '', '|||||I').dataAbsentReason?.coding?.[0]?.code).toBe('temp-unknown');
    expect(obx('NM', '', '|||||F').dataAbsentReason?.coding?.[0]?.code).toBe('unknown');
    expect(obx('NM', '', '|||||N').dataAbsentReason?.coding?.[0]?.code).toBe('not-asked');
  });

  test('U makes a result final without sending it again: nothing is said about the value', () => {
    const observation = obx('NM', '', '|||||U');
    expect(observation).toMatchObject({ status: 'final' });
    expect(observation.dataAbsentReason).toBeUndefined();
  });
});
