import { Rejection, type SenderProfile } from '../../../src/lib/convert';
import { validateBundle } from '../../../src/lib/fhir';
import { adt, all, codes, convert, msh, one, pid, profile, segment } from './helpers';

const pv1 = segment('PV1', {
  2: 'I',
  3: 'WARD^101^A^HOSP',
  6: 'ER^1^1^HOSP',
  19: 'V1^^^GENERAL',
  36: '01',
  37: 'HOME',
  44: '20240101080000-0500',
});
const other = 'PID|2||200^^^GENERAL&1.2.3&ISO^MR||Swap^Sue';
const otherVisit = segment('PV1', { 2: 'I', 3: 'ER^1^1^HOSP', 19: 'V2^^^GENERAL' });

const refusal = (segments: readonly string[], withProfile?: SenderProfile): string => {
  try {
    convert(segments, withProfile);
    return 'converted';
  } catch (error) {
    return error instanceof Rejection ? error.code : 'crashed';
  }
};

describe('what an event makes of the visit', () => {
  test.each([
    ['A01', 'in-progress'],
    ['A02', 'in-progress'],
    ['A03', 'finished'],
    ['A04', 'arrived'],
    ['A05', 'planned'],
    ['A06', 'in-progress'],
    ['A07', 'in-progress'],
    ['A08', 'in-progress'], // PV1-44
    ['A09', 'in-progress'],
    ['A10', 'in-progress'],
    ['A11', 'cancelled'],
    ['A12', 'in-progress'],
    ['A13', 'in-progress'],
    ['A14', 'planned'],
    ['A15', 'in-progress'],
    ['A16', 'in-progress'],
    ['A21', 'onleave'],
    ['A22', 'in-progress'],
    ['A23', 'entered-in-error'],
    ['A25', 'in-progress'],
    ['A26', 'in-progress'],
    ['A27', 'cancelled'],
    ['A28', 'in-progress'], // PV1-44
    ['A29', 'in-progress'], // PV1-44
    ['A31', 'in-progress'], // PV1-44
    ['A32', 'in-progress'],
    ['A33', 'in-progress'],
    ['A38', 'cancelled'],
    ['A52', 'in-progress'],
    ['A53', 'onleave'],
    ['A54', 'in-progress'], // PV1-44
    ['A55', 'in-progress'], // PV1-44
    ['A60', 'in-progress'], // PV1-44
    ['A61', 'in-progress'], // PV1-44
    ['A62', 'in-progress'], // PV1-44
  ])('%s: %s', (event, status) => {
    const conversion = convert(adt(event, pid, pv1));
    expect(one(conversion, 'Encounter').status).toBe(status);
    expect(validateBundle(conversion.bundle)).toEqual([]);
    expect(conversion.bundle.entry?.every(({ request }) => request?.method === 'PUT')).toBe(true);
    expect(one(conversion, 'Provenance').activity?.coding?.[0]?.code).toBe(event);
  });

  test('a discharge time does not bring a cancelled visit to its end', () => {
    const ended = `${pv1}|20240102`;
    expect(one(convert(adt('A11', pid, ended)), 'Encounter').status).toBe('cancelled');
    expect(one(convert(adt('A23', pid, ended)), 'Encounter').status).toBe('entered-in-error');
    expect(one(convert(adt('A08', pid, ended)), 'Encounter').status).toBe('finished');
  });

  test('A13 reopens: what the discharge said is deleted, and PV1 does not say it again', () => {
    const conversion = convert(adt('A13', pid, `${pv1}|20240102`));
    const encounter = one(conversion, 'Encounter');
    expect(encounter.period).toEqual({ start: '2024-01-01T08:00:00-05:00' });
    expect(encounter.hospitalization).toBeUndefined();
    expect(conversion.deletions).toEqual(
      ['period.end', 'hospitalization.dischargeDisposition', 'hospitalization.destination'].map(
        (element) => ({
          entry: `urn:uuid:${encounter.id}`,
          element,
        }),
      ),
    );
    expect(conversion.ledger.entries.find(({ location }) => location === 'PV1[1]-45[1]')?.fate).toBe('kept');
  });

  test('A02: where the patient is since when, and until when they were elsewhere', () => {
    const moved = [msh('ADT^A02'), 'EVN||20240105|||||', pid, pv1];
    moved[1] = segment('EVN', { 2: '20240105', 6: '20240105093000-0500' });
    const at = '2024-01-05T09:30:00-05:00';
    expect(one(convert(moved), 'Encounter').location).toMatchObject([
      { status: 'active', period: { start: at } },
      { status: 'completed', period: { end: at } },
    ]);
  });

  test('who is on leave has the bed kept; a cancelled visit says nothing of places', () => {
    expect(one(convert(adt('A21', pid, pv1)), 'Encounter').location?.[0]?.status).toBe('reserved');
    expect(one(convert(adt('A11', pid, pv1)), 'Encounter').location?.[0]?.status).toBeUndefined();
  });
});

test('places, beds and episodes of a visit; the facility where the event happened', () => {
  const conversion = convert([
    msh('ADT^A01'),
    segment('EVN', { 2: '20240105', 3: '20240104', 7: 'NORTH^1.2.3^ISO' }),
    pid,
    segment('PV1', {
      2: 'I',
      3: 'WARD^101^A^HOSP^^N',
      19: 'V1',
      20: 'SELF',
      40: 'O',
      41: 'AC',
      43: 'HALL^^^HOSP',
      47: '12.50',
      53: 'Cardiac care',
      54: 'E1^^^GENERAL',
    }),
  ]);
  const encounter = one(conversion, 'Encounter');
  expect(encounter.location?.map(({ location, status }) => [location.display, status])).toEqual([
    ['WARD 101 A', 'active'],
    ['HALL', 'completed'],
  ]);
  expect(encounter.episodeOfCare).toMatchObject([{ identifier: { value: 'E1' }, display: 'Cardiac care' }]);
  expect(all(conversion, 'Location')[0]).toMatchObject({
    operationalStatus: { code: 'O' },
    type: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0305', code: 'N' }] }],
  });
  expect(one(conversion, 'Provenance').location).toEqual({
    identifier: { system: 'urn:ietf:rfc:3986', value: 'urn:oid:1.2.3' },
    display: 'NORTH',
  });
  expect(conversion.ledger.unknown).toBe(0);
  expect(validateBundle(conversion.bundle)).toEqual([]);
});

describe('deletes touch only what they name', () => {
  test('A29: the person is not in use; doctors, wards and the visit are untouched', () => {
    const conversion = convert(adt('A29', pid, `${pv1}`.replace('||||ER', '|||ER')));
    expect(one(conversion, 'Patient').active).toBe(false);
    expect(all(conversion, 'Location').every((location) => !('status' in location))).toBe(true);
    expect(conversion.deletions).toEqual([]);
  });

  test('A23: the visit alone', () => {
    expect(one(convert(adt('A23', pid, pv1)), 'Patient').active).toBeUndefined();
  });

  test('A28 brings a person back into use', () => {
    expect(one(convert(adt('A28', pid)), 'Patient').active).toBe(true);
  });
});

describe('two patients, beds, and messages without an event', () => {
  test('A17: two patients, two visits, each in its own bed', () => {
    const conversion = convert(adt('A17', pid, pv1, other, otherVisit));
    const [first, second] = all(conversion, 'Patient');
    const [one1, two] = all(conversion, 'Encounter');
    expect(one1?.subject?.reference).toBe(`urn:uuid:${first?.id}`);
    expect(two?.subject?.reference).toBe(`urn:uuid:${second?.id}`);
    expect(two?.location?.[0]?.location.display).toBe('ER 1 1');
    expect(all(conversion, 'Provenance')[0]?.target).toHaveLength(4);
    expect(validateBundle(conversion.bundle)).toEqual([]);
  });

  test('A20: the status of a bed, with no patient', () => {
    const conversion = convert([msh('ADT^A20'), 'EVN||20240105', 'NPU|WARD^101^A^HOSP|H']);
    expect(one(conversion, 'Location')).toMatchObject({
      name: 'WARD 101 A',
      operationalStatus: { system: 'http://terminology.hl7.org/CodeSystem/v2-0116', code: 'H' },
    });
    expect(all(conversion, 'Patient')).toEqual([]);
    expect(validateBundle(conversion.bundle)).toEqual([]);
    expect(conversion.ledger.unknown).toBe(0);
    expect(refusal([msh('ADT^A20'), 'EVN||20240105'])).toBe('SEGMENT_MISSING');
  });

  test('v2.1: the event of EVN-1, else what the message states', () => {
    const discharged = [msh('ADT'), 'EVN|A03|20240105', pid, pv1];
    const conversion = convert(discharged);
    expect(one(conversion, 'Encounter').status).toBe('finished');
    expect(one(conversion, 'Provenance').activity?.coding?.[0]?.code).toBe('A03');
    expect(conversion.ledger.entries.find(({ location }) => location === 'EVN[1]-1[1]')?.fate).toBe(
      'carried',
    );
    expect(one(convert([msh('ADT'), pid, pv1]), 'Encounter').status).toBe('in-progress');
  });

  test('A06 with MRG: the visit and the account have new numbers', () => {
    const conversion = convert(
      adt(
        'A06',
        `${pid}||||||||||ACC2^^^GENERAL`,
        'MRG|100^^^GENERAL&1.2.3&ISO^MR||ACC1^^^GENERAL||V0^^^GENERAL',
        pv1,
      ),
    );
    const [now, before] = all(conversion, 'Encounter');
    expect([now?.status, before?.status]).toEqual(['in-progress', 'entered-in-error']);
    expect(before).toMatchObject({
      identifier: [{ use: 'old', value: 'V0' }],
      partOf: { reference: `urn:uuid:${now?.id}` },
    });
    expect(all(conversion, 'Account').map(({ status }) => status)).toEqual(['active', 'inactive']);
    expect(all(conversion, 'Patient')).toHaveLength(1);
    expect(validateBundle(conversion.bundle)).toEqual([]);
  });
});

describe('event policy', () => {
  test('an unknown event is refused, unless the profile has it read as a snapshot', () => {
    expect(refusal(adt('A99', pid, pv1))).toBe('UNSUPPORTED_EVENT');
    for (const key of ['ADT^A99', 'ADT^*']) {
      const conversion = convert(adt('A99', pid, pv1), profile({ events: { [key]: 'generic' } }));
      expect(codes(conversion)).toContain('EVENT_GENERIC');
      expect(one(conversion, 'Encounter').status).toBe('in-progress');
    }
    const exact = profile({ events: { 'ADT^*': 'generic', 'ADT^A99': 'reject' } });
    expect(refusal(adt('A99', pid, pv1), exact)).toBe('UNSUPPORTED_EVENT');
  });

  test('a known event is refused where the profile says so, and by name only', () => {
    expect(refusal(adt('A20', pid), profile({ events: { 'ADT^A20': 'reject' } }))).toBe('UNSUPPORTED_EVENT');
    expect(refusal(adt('A08', pid), profile({ events: { 'ADT^*': 'reject' } }))).toBe('converted');
  });

  test('a policy names an event', () => {
    expect(() => profile({ events: { A99: 'generic' } })).toThrow(/ADT\^A20/);
  });
});

test('names and numbers with all that v2 says of them', () => {
  const conversion = convert(
    adt(
      'A08',
      'PID|||1^5^M11^GENERAL^MR||Sample^Ada^^^^^L^A^^^G~Muster^Eva^^^^^L^X',
      'PV1||I|||||D1^Ames^Ada^^^Dr^^^GENERAL^L^7^ISO^DN^NORTH^P^^^F||||||||||||V1',
    ),
  );
  const { identifier, name } = one(conversion, 'Patient');
  expect(identifier?.[0]?.extension).toEqual([
    { url: 'http://hl7.org/fhir/StructureDefinition/identifier-checkDigit', valueString: '5' },
    { url: 'urn:medrelay:extension:check-digit-scheme', valueCode: 'M11' },
  ]);
  expect(name?.map(({ extension }) => extension?.map(({ valueCode }) => valueCode))).toEqual([
    ['ABC', 'G'],
    undefined,
  ]);
  const doctor = one(conversion, 'Practitioner');
  expect(doctor.identifier?.[0]).toMatchObject({ assigner: { display: 'NORTH' } });
  expect(doctor.identifier?.[0]?.extension).toHaveLength(2);
  expect(doctor.name?.[0]?.extension?.map(({ valueCode }) => valueCode)).toEqual(['SYL', 'F']);
  expect(conversion.ledger.entries.filter(({ fate }) => fate === 'unknown')).toEqual([
    { location: 'PID[1]-5[2].8', fate: 'unknown' },
  ]);
  expect(validateBundle(conversion.bundle)).toEqual([]);
});

test('the name one is called by, a number in parts and whole, the version of a race code', () => {
  const conversion = convert(
    adt(
      'A08',
      segment('PID', {
        3: '1^^^GENERAL^MR',
        5: 'Sample^Ada^^^^^L^^^^^^^^Addie',
        10: '2106-3^White^CDCREC^^^^1.1',
        13: '^PRN^PH^^1^617^5551212^^^^^+1 (617) 555-1212~^PRN^PH^^^617^5550000^^^^^911',
      }),
    ),
  );
  const found = one(conversion, 'Patient');
  expect(found.name?.[1]).toEqual({ use: 'nickname', text: 'Addie' });
  expect(found.telecom?.map(({ value }) => value)).toEqual(['+1 (617) 555-1212', '911']);
  expect(found.extension?.[0]?.extension?.[0]?.valueCoding?.version).toBe('1.1');
  expect(
    conversion.ledger.entries.filter(({ fate }) => fate === 'unknown').map(({ location }) => location),
  ).toEqual(['PID[1]-13[2].6', 'PID[1]-13[2].7']);
  expect(validateBundle(conversion.bundle)).toEqual([]);
});
