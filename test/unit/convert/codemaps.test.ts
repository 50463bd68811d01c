import { all, adt, convert, msh, one, pid, segment } from './helpers';

const codings = (concept: { coding?: { system?: string; code?: string }[] } | undefined): string[] =>
  (concept?.coding ?? []).map(({ system, code }) => `${system?.replace(/^.*\//, '')}#${code}`);

describe('codes of HL7 tables that R4 has other codes for keep the original beside them', () => {
  const patientWith = (fields: Record<number, string>) =>
    one(
      convert(adt('A01', segment('PID', { 3: '100^^^H', 5: 'Sample^Ada', ...fields }), 'PV1|1|I')),
      'Patient',
    );
  const religionOf = (code: string): string[] =>
    codings(
      patientWith({ 17: code }).extension?.find(({ url }) => url.endsWith('patient-religion'))
        ?.valueCodeableConcept,
    );

  it('religion (0006)', () => {
    expect(religionOf('CAT')).toEqual(['v3-ReligiousAffiliation#1041', 'v2-0006#CAT']);
    expect(religionOf('BUD')).toEqual(['v2-0006#BUD']);
    expect(religionOf('constructor')).toEqual(['v2-0006#constructor']);
  });

  it('marital status (0002): unknown is a null flavor, separated is not legally separated', () => {
    expect(codings(patientWith({ 16: 'U' }).maritalStatus)).toEqual(['v3-NullFlavor#UNK', 'v2-0002#U']);
    expect(codings(patientWith({ 16: 'A' }).maritalStatus)).toEqual(['v2-0002#A']);
    expect(codings(patientWith({ 16: 'T' }).maritalStatus)).toEqual(['v2-0002#T']);
  });

  it('service, arrangement and reason of a visit (0069, 0009, 0062)', () => {
    const conversion = convert([
      msh('ADT^A01'),
      'EVN||20240105101000-0500||01',
      pid,
      segment('PV1', { 2: 'I', 10: 'URO', 15: 'A2~B6', 19: 'V1' }),
    ]);
    const encounter = one(conversion, 'Encounter');
    expect(codings(encounter.serviceType)).toEqual(['service-type#222', 'v2-0069#URO']);
    expect(encounter.hospitalization?.specialArrangement?.map(codings)).toEqual([
      ['encounter-special-arrangements#wheel', 'v2-0009#A2'],
      ['v2-0009#B6'],
    ]);
    const [reason] = all(conversion, 'Provenance').flatMap((provenance) => provenance.reason ?? []);
    expect(codings(reason)).toEqual(['v3-ActReason#PATRQT', 'v2-0062#01']);
  });

  it('method of administration (0165)', () => {
    const rx = ['ORC|NW|P1', 'RXO|1^Drug^L|1||mg', 'RXR|PO|||CH'];
    const { dosageInstruction } = one(convert([msh('OMP^O09'), pid, ...rx]), 'MedicationRequest');
    expect(codings(dosageInstruction?.[0]?.method)).toEqual(['sct#419747000', 'v2-0165#CH']);
  });
});

describe('ORC-1 and ORC-28', () => {
  const request = (control: string, confidentiality = '') =>
    one(
      convert([
        msh('OMG^O19'),
        pid,
        segment('ORC', { 1: control, 2: 'P1', 28: confidentiality }),
        'OBR|1|P1||24323-8^Panel^LN',
      ]),
      'ServiceRequest',
    );

  it('approves a refill, and replaces what was replaced as requested', () => {
    expect(request('AF').status).toBe('active');
    expect(request('RQ').status).toBe('revoked');
  });

  it('tells levels of confidentiality and kinds of sensitive information apart', () => {
    const label = (code: string): string[] => codings({ coding: request('NW', code).meta?.security ?? [] });
    expect(label('R')).toEqual(['v3-Confidentiality#R']);
    expect(label('AID')).toEqual(['v3-ActCode#HIV']);
    expect(label('ETH')).toEqual(['v3-ActCode#ETHUD']);
    expect(label('U')).toEqual(['v2-0177#U']);
  });
});
