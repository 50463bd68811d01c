import fc from 'fast-check';
import { parseDtm, parseTm } from '../../../src/lib/convert/datatypes/dtm';
import { zoneOffset } from '../../../src/lib/convert/datatypes/time-zone';
import { adt, codes, convert, newYork, one, oru, profile } from './helpers';

/** Observation.effectiveDateTime of an OBX-14. */
function effective(text: string, withProfile = newYork): { value: string | undefined; codes: string[] } {
  const conversion = convert(oru(`OBX|1|ST|1^x^L||v||||||F|||${text}`), withProfile);
  return { value: one(conversion, 'Observation').effectiveDateTime, codes: codes(conversion) };
}

const noZone = profile();

describe('DTM', () => {
  test.each([
    ['2023', '2023'],
    ['202311', '2023-11'],
    ['20231102', '2023-11-02'],
    ['20231102101112-0800', '2023-11-02T10:11:12-08:00'],
    ['20231102101112.1234+0530', '2023-11-02T10:11:12.1234+05:30'],
    ['20110103143428-0800', '2011-01-03T14:34:28-08:00'],
    ['20240229', '2024-02-29'],
  ])('%s keeps its precision and its zone', (sent, expected) => {
    expect(effective(sent, noZone).value).toBe(expected);
  });

  test('minutes get zero seconds, which R4 demands with a time', () => {
    expect(effective('202311021011-0500').value).toBe('2023-11-02T10:11:00-05:00');
  });

  test('hours alone become a date, with a diagnostic', () => {
    expect(effective('2023110210-0500')).toEqual({ value: '2023-11-02', codes: ['DTM_HOUR_ONLY'] });
  });

  test('a time without a zone takes the zone of the profile at that date', () => {
    expect(effective('20240101103000').value).toBe('2024-01-01T10:30:00-05:00');
    expect(effective('20240701103000').value).toBe('2024-07-01T10:30:00-04:00');
  });

  test('without a zone anywhere the date alone is true, said once per message', () => {
    const conversion = convert(
      oru('OBX|1|ST|1^x^L||v||||||F|||20240101103000', 'OBX|2|ST|2^y^L||v||||||F|||20240101103000'),
      noZone,
    );
    expect(codes(conversion)).toEqual(['TIME_ZONE_UNKNOWN']);
    expect(JSON.stringify(conversion.bundle)).not.toContain('T10:30');
  });

  test('24:00 is the next midnight; across a year too', () => {
    expect(effective('20231231240000-0500').value).toBe('2024-01-01T00:00:00-05:00');
    expect(parseDtm('20231231240100')).toBeUndefined();
  });

  test.each([
    '20230230',
    '20231301',
    '2023-01-01',
    '20230101256000',
    '00000000',
    'yesterday',
    '20230101120000+1500',
  ])('%s is invalid: reported, never invented', (sent) => {
    const result = effective(sent);
    expect(result.codes).toEqual(['DTM_INVALID']);
    // OBX-14 falls back to OBR-7, as if it were absent.
    expect(result.value).toBe('2024-01-05T09:30:00-05:00');
  });

  test('an invalid date is kept in the ledger', () => {
    const conversion = convert(['MSH|^~\\&|A|B|||||ADT^A08|1|P|2.5', 'PID|||1^^^X^MR||||19801345']);
    expect(one(conversion, 'Patient').birthDate).toBeUndefined();
    expect(conversion.ledger.entries.find(({ location }) => location === 'PID[1]-7[1]')?.fate).toBe('kept');
  });

  test('every valid calendar time survives with its parts', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1800-01-01'), max: new Date('2200-01-01'), noInvalidDate: true }),
        fc.integer({ min: 4, max: 14 }),
        (moment, length) => {
          const digits = moment.toISOString().replace(/\D/g, '').slice(0, 14);
          const text = digits.slice(0, length - (length % 2));
          const parsed = parseDtm(text);
          const { year, month = '', day = '', hour = '', minute = '', second = '' } = parsed ?? { year: '' };
          expect(`${year}${month}${day}${hour}${minute}${second}`).toBe(text);
        },
      ),
    );
  });

  test('never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => void [parseDtm(text), parseTm(text)]));
  });
});

describe('instants', () => {
  test('Bundle.timestamp only where MSH-7 gives an instant', () => {
    const at = (time: string): string | undefined =>
      convert([`MSH|^~\\&|A|B|||${time}||ADT^A08|1|P|2.5`, 'PID|||1^^^X^MR'], noZone).bundle.timestamp;
    expect(at('20240105101500-0500')).toBe('2024-01-05T10:15:00-05:00');
    expect(at('20240105101500')).toBeUndefined();
    expect(at('20240105')).toBeUndefined();
  });

  test('Provenance.recorded says why it is empty', () => {
    const conversion = convert(['MSH|^~\\&|A|B|||2024||ADT^A08|1|P|2.5', 'PID|||1^^^X^MR'], noZone);
    const provenance = one(conversion, 'Provenance') as unknown as Record<string, unknown>;
    expect(provenance['recorded']).toBeUndefined();
    expect(provenance['_recorded']).toEqual({
      extension: [
        { url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' },
      ],
    });
  });
});

describe('birth time', () => {
  const born = (text: string): ReturnType<typeof one<'Patient'>> =>
    one(convert(adt('A08', `PID|||1^^^X^MR||||${text}`)), 'Patient');

  test('a time of birth is an extension of the date', () => {
    const patient = born('198001021530');
    expect(patient.birthDate).toBe('1980-01-02');
    expect(patient._birthDate?.extension?.[0]?.valueDateTime).toBe('1980-01-02T15:30:00-05:00');
  });

  test('padding is no time of birth', () => {
    expect(born('19610615000000')).toMatchObject({ birthDate: '1961-06-15' });
    expect(born('19610615000000')._birthDate).toBeUndefined();
  });
});

describe('zones', () => {
  test('a skipped hour takes the offset before the change', () => {
    expect(zoneOffset('America/New_York', '2024-03-10T02:30')).toEqual({ offset: '-05:00', doubt: 'gap' });
    expect(effective('20240310023000')).toEqual({
      value: '2024-03-10T02:30:00-05:00',
      codes: ['LOCAL_TIME_SKIPPED'],
    });
  });

  test('an hour that happens twice is the first of the two', () => {
    expect(zoneOffset('America/New_York', '2024-11-03T01:30')).toEqual({
      offset: '-04:00',
      doubt: 'overlap',
    });
    expect(effective('20241103013000').codes).toEqual(['LOCAL_TIME_TWICE']);
  });

  test.each([
    ['America/New_York', '2024-03-10T01:59', '-05:00'],
    ['America/New_York', '2024-03-10T03:00', '-04:00'],
    ['America/New_York', '2024-11-03T02:00', '-05:00'],
    ['Europe/Berlin', '2024-03-31T03:00', '+02:00'],
    ['Asia/Kolkata', '2024-01-01T00:00', '+05:30'],
    ['Etc/UTC', '2024-01-01T00:00', '+00:00'],
    ['Australia/Lord_Howe', '2024-07-01T00:00', '+10:30'],
  ])('%s at %s is %s', (zone, local, offset) => {
    expect(zoneOffset(zone, local)).toEqual({ offset });
  });
});

describe('TM', () => {
  test.each([
    ['1030', '10:30:00'],
    ['103015', '10:30:15'],
    ['103015.25', '10:30:15.25'],
    ['0000', '00:00:00'],
  ])('%s', (sent, expected) => expect(parseTm(sent)).toBe(expected));

  test.each(['10', '2400', '1060', '103015+0100', '10:30'])('%s is no R4 time', (sent) => {
    expect(parseTm(sent)).toBeUndefined();
  });
});
