import { senderProfileSchema } from '../../../src/lib/convert';
import { all, adt, codes, convert, msh, one, pid, profile, segment } from './helpers';

const siu = (event: string, filler: string, ...more: readonly string[]): ReturnType<typeof convert> =>
  convert([
    msh(`SIU^${event}`),
    segment('SCH', { 2: 'F1^CLINIC', 9: '30', 10: 'min', 11: '^^^20240201090000-0500', 25: filler }),
    pid,
    ...more,
  ]);

describe('appointments', () => {
  test.each([
    ['S12', '', 'booked'],
    ['S12', 'Pending', 'pending'],
    ['S14', 'Complete', 'fulfilled'],
    ['S15', 'Booked', 'cancelled'],
    ['S17', 'Booked', 'entered-in-error'],
    ['S26', '', 'noshow'],
  ])('%s with SCH-25 %j is %s', (event, filler, status) => {
    expect(one(siu(event, filler), 'Appointment').status).toBe(status);
  });

  test('a status that nobody says is not invented', () => {
    const conversion = siu('S14', '');
    const appointment = one(conversion, 'Appointment');
    expect(appointment.status).toBeUndefined();
    expect(appointment._status?.extension?.[0]?.valueCode).toBe('unknown');
    expect(codes(conversion)).toContain('STATUS_MISSING');
  });

  test('the end is the start and the length, in the offset that was sent', () => {
    const { start, end, minutesDuration } = one(siu('S12', ''), 'Appointment');
    expect([start, end, minutesDuration]).toEqual([
      '2024-02-01T09:00:00-05:00',
      '2024-02-01T09:30:00-05:00',
      30,
    ]);
  });

  test('resources are participants; one that is withdrawn (action D) is not', () => {
    const conversion = siu('S12', '', 'AIP|1|A|300^Doe|D', 'AIP|2|D|301^Roe|D', 'AIL|1|A|WARD');
    expect(one(conversion, 'Appointment').participant.map(({ actor }) => actor?.display)).toEqual([
      undefined,
      'Doe',
      'WARD',
    ]);
    expect(conversion.ledger.entries.find(({ location }) => location === 'AIP[2]-3[1]')?.fate).toBe('kept');
  });

  test('the number of a service is its place in the list, or kept', () => {
    const { ledger } = siu('S12', '', 'RGS|1', 'AIS|1||1^One^L', 'AIS|2||2^Two^L', 'AIS|9||3^Three^L');
    const fates = ledger.entries
      .filter(({ location }) => /^AIS\[\d\]-1\[/.test(location))
      .map(({ fate }) => fate);
    expect(fates).toEqual(['carried', 'carried', 'kept']);
  });

  test('the same appointment has the same id at every event', () => {
    expect(one(siu('S15', ''), 'Appointment').id).toBe(one(siu('S12', ''), 'Appointment').id);
  });
});

describe('documents', () => {
  const mdm = (
    event: string,
    fields: Record<number, string>,
    ...more: readonly string[]
  ): ReturnType<typeof convert> =>
    convert([msh(`MDM^${event}`), pid, segment('TXA', { 2: 'DS', 12: 'D2^DOCS', ...fields }), ...more]);

  test.each([
    ['T01', '', 'current'],
    ['T02', 'OB', 'superseded'],
    ['T11', 'AV', 'entered-in-error'],
  ])('%s with TXA-19 %j is %s', (event, availability, status) => {
    expect(one(mdm(event, { 19: availability }), 'DocumentReference').status).toBe(status);
  });

  const parent = { system: 'urn:medrelay:demo:DOCS', value: 'D1' };

  test('T06 appends to the parent, which stays as it is', () => {
    expect(one(mdm('T06', { 13: 'D1^DOCS' }), 'DocumentReference').relatesTo).toEqual([
      { code: 'appends', target: { type: 'DocumentReference', identifier: parent } },
    ]);
  });

  test.each(['T09', 'T10'])('%s: the parent, known by the id of its own message, is superseded', (event) => {
    const conversion = mdm(event, { 13: 'D1^DOCS' });
    const original = one(mdm('T02', { 12: 'D1^DOCS' }), 'DocumentReference');
    const [document, replaced] = all(conversion, 'DocumentReference');
    expect(document).toMatchObject({
      status: 'current',
      relatesTo: [{ code: 'replaces', target: { reference: `urn:uuid:${original.id}`, identifier: parent } }],
    });
    expect(replaced).toMatchObject({ id: original.id, status: 'superseded', masterIdentifier: parent });
    expect(one(conversion, 'Provenance').target).toHaveLength(2);
  });

  test('a document that replaces itself, or nothing that is named, supersedes none', () => {
    const itself = mdm('T10', { 13: 'D2^DOCS' });
    expect(one(itself, 'DocumentReference')).toMatchObject({ status: 'current' });
    expect(itself.ledger.entries.find(({ location }) => location === 'TXA[1]-13[1]')?.fate).toBe('kept');
    const unnamed = mdm('T10', {});
    expect(one(unnamed, 'DocumentReference').relatesTo).toBeUndefined();
    expect(codes(unnamed)).toContain('REPLACED_UNKNOWN');
  });

  test('the lines of a text are one attachment', () => {
    const conversion = mdm('T02', {}, 'OBX|1|TX|A||one||||||F', 'OBX|2|TX|A||two||||||F');
    const [content] = one(conversion, 'DocumentReference').content;
    expect(Buffer.from(content?.attachment.data ?? '', 'base64').toString()).toBe('one\ntwo');
    expect(all(conversion, 'Observation')).toEqual([]);
  });

  test('no TXA, no document', () => {
    expect(() => convert([msh('MDM^T02'), pid])).toThrow(
      expect.objectContaining({ code: 'SEGMENT_MISSING' }),
    );
  });
});

describe('money', () => {
  const dft = (...more: readonly string[]): ReturnType<typeof convert> =>
    convert([msh('DFT^P03'), pid, ...more]);

  test.each(['CD', 'PY', 'AJ', 'CO'])('a transaction %s is no charge', (type) => {
    const conversion = dft(`FT1|1|T1||20240101||${type}|X`);
    expect(all(conversion, 'ChargeItem')).toEqual([]);
    expect(codes(conversion)).toEqual(['TRANSACTION_NOT_A_CHARGE']);
  });

  test('a charge has no status of its own', () => {
    expect(one(dft('FT1|1|T1||20240101||CG|X'), 'ChargeItem').status).toBe('unknown');
  });

  test('a guarantor who is the patient changes nothing that PID says', () => {
    const gt1 = segment('GT1', { 2: 'G1', 3: 'Other^Name', 8: '19900101', 11: 'SEL' });
    const conversion = convert(adt('A04', `${pid}||||||||||ACC1`, gt1));
    const patient = one(conversion, 'Patient');
    expect(all(conversion, 'RelatedPerson')).toEqual([]);
    expect(patient).toMatchObject({ birthDate: '1980-01-02', name: [{ family: 'Sample' }] });
    expect(one(conversion, 'Account').guarantor?.[0]?.party.reference).toBe(`urn:uuid:${patient.id}`);
    expect(conversion.ledger.entries.find(({ location }) => location === 'GT1[1]-8[1]')?.fate).toBe('kept');
  });

  test('another guarantor is a related person', () => {
    const gt1 = segment('GT1', { 3: 'Sample^Bob', 11: 'SPO', 51: 'Acme' });
    const person = one(convert(adt('A04', pid, gt1)), 'RelatedPerson');
    expect(person.name?.[0]?.family).toBe('Sample');
    expect(person.extension?.map(({ url }) => url)).toEqual(['urn:medrelay:extension:employer']);
  });

  test('BAR: P06 ends the account', () => {
    const conversion = convert([msh('BAR^P06'), `${pid}||||||||||ACC1`]);
    expect(one(conversion, 'Account').status).toBe('inactive');
  });
});

describe('problems', () => {
  const ppr = (event: string, fields: Record<number, string>): ReturnType<typeof convert> =>
    convert([msh(`PPR^${event}`), pid, segment('PRB', { 1: 'AD', 3: 'P^Problem^L', 4: 'I1', ...fields })]);
  const status = (conversion: ReturnType<typeof convert>): (string | undefined)[] => {
    const { clinicalStatus, verificationStatus } = one(conversion, 'Condition');
    return [clinicalStatus?.coding?.[0]?.code, verificationStatus?.coding?.[0]?.code];
  };

  test('only words of R4 become a status', () => {
    expect(status(ppr('PC1', { 14: 'active', 13: 'confirmed' }))).toEqual(['active', 'confirmed']);
    expect(status(ppr('PC1', { 14: 'LOCAL', 13: 'LOCAL' }))).toEqual([undefined, undefined]);
  });

  test('medicines ordered for a problem (RXO, RXE)', () => {
    const conversion = convert([
      msh('PPR^PC1'),
      pid,
      'PRB|AD|20240101|P^Problem^L|I1',
      'ORC|NW|P1',
      'RXO|D1^Drug^L|1||mg',
      'RXR|PO',
      'NTE|1||with food',
    ]);
    const [prescription] = all(conversion, 'MedicationRequest');
    expect(prescription?.medicationCodeableConcept?.coding?.[0]?.code).toBe('D1');
    expect(
      one(conversion, 'Condition').extension?.map(({ valueReference }) => valueReference),
    ).toContainEqual({
      reference: `urn:uuid:${prescription?.id}`,
    });
    expect(codes(conversion)).not.toContain('SEGMENT_UNKNOWN');
  });

  test('a resolution resolves; PC3 and DE take it back', () => {
    expect(status(ppr('PC2', { 9: '20240101' }))).toEqual(['resolved', undefined]);
    expect(status(ppr('PC3', { 14: 'active' }))).toEqual([undefined, 'entered-in-error']);
    expect(status(ppr('PC2', { 1: 'DE' }))).toEqual([undefined, 'entered-in-error']);
  });
});

describe('master files', () => {
  test('M05: the location that PL names', () => {
    const conversion = convert([msh('MFN^M05'), 'MFI|LOC', 'MFE|MDC', 'LOC|WARD^1^A|Ward one']);
    const place = one(conversion, 'Location');
    expect(place).toMatchObject({ status: 'inactive', description: 'Ward one' });
    const admitted = convert(adt('A01', pid, segment('PV1', { 2: 'I', 3: 'WARD^1^A', 19: 'V1' })));
    expect(one(admitted, 'Location').id).toBe(place.id);
  });

  test('other files are refused', () => {
    expect(() => convert([msh('MFN^M08'), 'MFI|OM1'])).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_EVENT' }),
    );
  });
});

describe('what a sender profile explains', () => {
  const withZ = profile({
    zSegments: {
      ZPI: {
        on: 'Patient',
        fields: {
          2: { extension: 'https://example.org/vip', type: 'boolean' },
          3: { extension: 'https://example.org/since', type: 'date' },
        },
      },
      ZIN: { on: 'Coverage', fields: { 1: { extension: 'https://example.org/plan', type: 'string' } } },
    },
  });

  test('Z segments become extensions of the resource before them', () => {
    const in1 = (plan: string): string => segment('IN1', { 2: plan, 4: 'Acme' });
    const conversion = convert(
      adt('A04', pid, 'ZPI|1|Y|20240101', in1('P1'), 'ZIN|one', in1('P2'), 'ZIN|two'),
      withZ,
    );
    expect(one(conversion, 'Patient').extension).toEqual([
      { url: 'https://example.org/vip', valueBoolean: true },
      { url: 'https://example.org/since', valueDate: '2024-01-01' },
    ]);
    expect(all(conversion, 'Coverage').map(({ extension }) => extension?.[0]?.valueString)).toEqual([
      'one',
      'two',
    ]);
    const fates = Object.fromEntries(
      conversion.ledger.entries.map(({ location, fate }) => [location, fate] as const),
    );
    expect([fates['ZPI[1]-1[1]'], fates['ZPI[1]-2[1]'], fates['ZIN[2]-1[1]']]).toEqual([
      'unknown',
      'carried',
      'carried',
    ]);
  });

  test('a Z segment without its resource stays in the raw message, and says so', () => {
    const conversion = convert(adt('A04', pid, 'ZIN|one'), withZ);
    expect(codes(conversion)).toEqual(['Z_SEGMENT_WITHOUT_RESOURCE']);
    expect(conversion.ledger.entries.find(({ location }) => location === 'ZIN[1]-1[1]')?.fate).toBe('kept');
  });

  test('codes of the sender are read as codes of the table', () => {
    const own = profile({ codes: { 'PID-8': { '1': 'M' }, 'PV1-2': { STAT: 'I' } } });
    const conversion = convert(
      adt('A01', pid.replace('|F', '|1'), segment('PV1', { 2: 'STAT', 19: 'V1' })),
      own,
    );
    expect(one(conversion, 'Patient').gender).toBe('male');
    expect(one(conversion, 'Encounter').class.code).toBe('IMP');
  });

  test.each([
    ['a name that is no Z segment', { zSegments: { PID: { on: 'Patient', fields: {} } } }],
    [
      'an unknown type',
      { zSegments: { ZPI: { on: 'Patient', fields: { 1: { extension: 'urn:x:y', type: 'text' } } } } },
    ],
    [
      'a relative extension',
      { zSegments: { ZPI: { on: 'Patient', fields: { 1: { extension: 'vip', type: 'string' } } } } },
    ],
    ['no field', { codes: { PID: { a: 'b' } } }],
  ])('%s is refused', (_name, changes) => {
    const match = { tenant: '*', application: '*', facility: '*' };
    expect(senderProfileSchema.safeParse({ name: 'x', match, ...changes }).success).toBe(false);
  });
});

test('an access restriction that is withdrawn (ARV-2 D) is not made', () => {
  const made = (action: string): number =>
    one(convert(adt('A08', pid, `ARV|1|${action}|DEM|PAT`)), 'Patient').extension?.length ?? 0;
  expect([made('A'), made('D')]).toEqual([1, 0]);
});

test('death: cause, autopsy and coroner are observations', () => {
  const conversion = convert(
    adt('A03', pid, segment('PV1', { 2: 'I', 19: 'V1' }), 'PDA|I21^Infarction^I10|ICU|Y||5^Cert|Y|||N'),
  );
  expect(all(conversion, 'Observation').map(({ status, valueBoolean }) => [status, valueBoolean])).toEqual([
    ['final', undefined],
    ['final', true],
    ['final', false],
  ]);
});
