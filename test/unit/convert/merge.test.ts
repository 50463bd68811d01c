import * as fc from 'fast-check';
import type { Patient } from 'fhir/r4';
import type { Conversion } from '../../../src/lib/convert';
import { validateBundle } from '../../../src/lib/fhir';
import { adt, all, codes, convert, segment } from './helpers';

const cx = (value: string, type = 'MR'): string => `${value}^^^GENERAL^${type}`;
const person = (mrn: string, account = ''): string =>
  segment('PID', { 3: cx(mrn), 5: `Name${mrn}^Given`, 18: account === '' ? '' : `${account}^^^GENERAL` });
const mrg = (mrn: string, fields: Readonly<Record<number, string>> = {}): string =>
  segment('MRG', { 1: cx(mrn), ...fields });
const visit = (number: string): string =>
  segment('PV1', { 2: 'I', 19: `${number}^^^GENERAL`, 44: '20240101' });

const patientOf = (conversion: Conversion, mrn: string): Patient | undefined =>
  all(conversion, 'Patient').find(({ identifier }) => identifier?.some(({ value }) => value === mrn));
const links = (conversion: Conversion, mrn: string): unknown =>
  patientOf(conversion, mrn)?.link?.map(({ other, type }) => [
    type,
    all(conversion, 'Patient').find(({ id }) => other.reference === `urn:uuid:${id}`)?.identifier?.[0]?.value,
  ]);

const valid = (conversion: Conversion): Conversion => {
  expect(validateBundle(conversion.bundle)).toEqual([]);
  expect(conversion.ledger.unknown).toBe(0);
  return conversion;
};

describe('patients', () => {
  test.each(['A18', 'A30', 'A34', 'A36', 'A39', 'A40', 'A47'])(
    '%s: the survivor first, linked both ways',
    (event) => {
      const conversion = valid(convert(adt(event, person('1'), mrg('2', { 7: 'Old^Name' }))));
      expect(all(conversion, 'Patient').map(({ identifier }) => identifier?.[0]?.value)).toEqual(['1', '2']);
      expect(patientOf(conversion, '1')).toMatchObject({ active: true });
      expect(patientOf(conversion, '2')).toMatchObject({
        active: false,
        identifier: [{ use: 'old', value: '2' }],
        name: [{ family: 'Old' }],
      });
      expect(links(conversion, '1')).toEqual([['replaces', '2']]);
      expect(links(conversion, '2')).toEqual([['replaced-by', '1']]);
      expect(all(conversion, 'Provenance')[0]?.target).toHaveLength(2);
    },
  );

  test.each([
    ['MRG-1 of the type of PID-3', cx('1'), cx('2'), '2', false],
    ['the profile prefers MR in MRG-1 as in PID-3', cx('1'), `${cx('E2', 'PI')}~${cx('2')}`, '2', false],
    ['only the lesser type is there', `${cx('E1', 'PI')}~${cx('1')}`, cx('E2', 'PI'), 'E2', true],
    ['a type that the profile does not list', cx('1'), cx('S2', 'SS'), 'S2', true],
    ['no type said', cx('1'), cx('2', ''), '2', false],
    ['the better type', cx('E1', 'PI'), cx('2'), '2', false],
  ])('%s', (_, pid3, mrg1, retired, isDoubtful) => {
    const conversion = valid(
      convert(adt('A40', segment('PID', { 3: pid3, 5: 'Name' }), segment('MRG', { 1: mrg1 }))),
    );
    const [survivor, before] = all(conversion, 'Patient');
    // Whatever is to be said of it, both are linked, and the retired one has the id of that number's own messages.
    const own = all(
      convert(adt('A28', segment('PID', { 3: retired === '2' ? cx('2') : mrg1, 5: 'Name' }))),
      'Patient',
    );
    expect(before).toMatchObject({ id: own[0]?.id, active: false, link: [{ type: 'replaced-by' }] });
    expect(survivor).toMatchObject({ active: true, link: [{ type: 'replaces' }] });
    expect(codes(conversion).includes('MERGE_OTHER_IDENTIFIER_TYPE')).toBe(isDoubtful);
  });

  test('A40 with several groups, the same survivor and others', () => {
    const conversion = valid(
      convert(adt('A40', person('1'), mrg('2'), person('1'), mrg('3'), person('4'), mrg('5'))),
    );
    expect(links(conversion, '1')).toEqual([
      ['replaces', '2'],
      ['replaces', '3'],
    ]);
    expect(links(conversion, '5')).toEqual([['replaced-by', '4']]);
  });

  test('a chain in one message', () => {
    const conversion = valid(convert(adt('A40', person('1'), mrg('2'), person('3'), mrg('1'))));
    expect(links(conversion, '1')).toEqual([
      ['replaces', '2'],
      ['replaced-by', '3'],
    ]);
    expect(patientOf(conversion, '1')).toMatchObject({ active: false, identifier: [{ use: 'old' }] });
  });

  test('a merge and its reversal in one message: the last word stands', () => {
    const conversion = valid(convert(adt('A40', person('1'), mrg('2'), person('2'), mrg('1'))));
    expect(links(conversion, '2')).toEqual([['replaces', '1']]);
    expect(links(conversion, '1')).toEqual([['replaced-by', '2']]);
    expect(patientOf(conversion, '2')).toMatchObject({ active: true });
    expect(patientOf(conversion, '2')?.identifier?.[0]?.use).toBeUndefined();
    expect(patientOf(conversion, '1')?.active).toBe(false);
  });

  test('a patient merged with itself has no link; other identifiers are old', () => {
    const conversion = valid(
      convert(adt('A40', person('1'), segment('MRG', { 1: `${cx('1')}~${cx('9', 'PI')}` }))),
    );
    expect(all(conversion, 'Patient')).toHaveLength(1);
    expect(patientOf(conversion, '1')?.link).toBeUndefined();
    expect(patientOf(conversion, '1')?.identifier?.map(({ value, use }) => [value, use])).toEqual([
      ['1', undefined],
      ['9', 'old'],
    ]);
  });

  test.each(['A43', 'A46', 'A48'])('%s: the same patient has old identifiers', (event) => {
    const conversion = valid(
      convert(adt(event, person('1'), mrg('1', { 2: cx('7', 'AN'), 4: cx('8', 'PI') }))),
    );
    expect(all(conversion, 'Patient')).toHaveLength(1);
    expect(
      patientOf(conversion, '1')
        ?.identifier?.filter(({ use }) => use === 'old')
        .map(({ value }) => value),
    ).toEqual(['8', '7']);
  });

  test('a merge that names nobody says so', () => {
    expect(codes(convert(adt('A40', person('1'))))).toContain('MERGE_WITHOUT_MRG');
    expect(codes(convert(adt('A40', person('1'), 'MRG|')))).toContain('MERGE_WITHOUT_PRIOR');
  });

  test('A24 links, A37 takes it back', () => {
    const linked = valid(convert(adt('A24', person('1'), person('2'), person('3'))));
    expect(links(linked, '1')).toEqual([
      ['seealso', '2'],
      ['seealso', '3'],
    ]);
    expect(links(linked, '3')).toEqual([['seealso', '1']]);
    expect(patientOf(linked, '2')?.active).toBeUndefined();
    const unlinked = valid(convert(adt('A37', person('1'), person('2'))));
    const [a, b] = all(unlinked, 'Patient').map(({ id }) => `urn:uuid:${id}`);
    expect(unlinked.deletions).toEqual([
      { entry: a, element: 'link', other: b },
      { entry: b, element: 'link', other: a },
    ]);
    expect(codes(convert(adt('A24', person('1'), person('1'))))).toContain('LINK_WITHOUT_OTHER');
  });
});

describe('accounts and visits', () => {
  test.each(['A35', 'A36', 'A41', 'A49'])('%s: the account before ends in the one of PID-18', (event) => {
    const before = event === 'A36' ? '2' : '1';
    const conversion = valid(convert(adt(event, person('1', 'N'), mrg(before, { 3: 'O^^^GENERAL' }))));
    const [now, old] = all(conversion, 'Account');
    expect(now).toMatchObject({ status: 'active', identifier: [{ value: 'N' }] });
    expect(old).toMatchObject({
      status: 'inactive',
      identifier: [{ use: 'old', value: 'O' }],
      partOf: { reference: `urn:uuid:${now?.id}` },
    });
    expect(all(conversion, 'Patient')).toHaveLength(event === 'A36' ? 2 : 1);
  });

  test.each([
    ['A42', 5],
    ['A50', 5],
    ['A51', 6],
  ])('%s: the visit before was no visit of its own', (event, field) => {
    const conversion = valid(
      convert(
        adt(
          event,
          person('1'),
          mrg('1', { [field]: 'V0^^^GENERAL' }),
          field === 5 ? visit('V1') : segment('PV1', { 2: 'I', 50: 'V1^^^GENERAL' }),
        ),
      ),
    );
    const [now, old] = all(conversion, 'Encounter');
    expect(old).toMatchObject({
      status: 'entered-in-error',
      identifier: [{ use: 'old', value: 'V0' }],
      partOf: { reference: `urn:uuid:${now?.id}` },
    });
    expect(conversion.deletions).toEqual([{ entry: `urn:uuid:${now?.id}`, element: 'partOf' }]);
  });

  test('A51 of a visit with a number changes an identifier, not the visit', () => {
    const conversion = valid(convert(adt('A51', person('1'), mrg('1', { 6: 'X0^^^GENERAL' }), visit('V1'))));
    expect(all(conversion, 'Encounter')).toMatchObject([
      { identifier: [{ value: 'V1' }, { use: 'old', value: 'X0' }] },
    ]);
  });

  test('A44 and A45: account and visits belong to the patient of PID now, and nobody is retired', () => {
    const account = valid(convert(adt('A44', person('1', 'ACC'), mrg('2', { 3: 'ACC^^^GENERAL' }))));
    const visits = valid(
      convert(
        adt(
          'A45',
          person('1'),
          mrg('2', { 5: 'V1^^^GENERAL' }),
          visit('V1'),
          mrg('3', { 5: 'V2^^^GENERAL' }),
          visit('V2'),
        ),
      ),
    );
    for (const [conversion, type] of [
      [account, 'Account'],
      [visits, 'Encounter'],
    ] as const) {
      const [to, ...from] = all(conversion, 'Patient');
      const moved = all(conversion, type);
      expect(conversion.moves).toEqual(
        moved.map(({ id }, i) => ({ entry: `urn:uuid:${id}`, from: `urn:uuid:${from[i]?.id}` })),
      );
      for (const { subject } of moved)
        expect([subject].flat()).toEqual([{ reference: `urn:uuid:${to?.id}` }]);
      expect(from.every(({ active, link }) => active === undefined && link === undefined)).toBe(true);
      expect(conversion.mentions).toEqual(from.map(({ id }) => `urn:uuid:${id}`));
    }
    expect(all(visits, 'Encounter')).toHaveLength(2);
  });

  test('A45 without PV1 moves the visit of MRG-5', () => {
    const conversion = valid(convert(adt('A45', person('1'), mrg('2', { 5: 'V1^^^GENERAL' }))));
    expect(conversion.moves).toHaveLength(1);
    expect(all(conversion, 'Encounter')[0]?.status).toBe('unknown');
  });

  test('an account that a patient merge mentions is not changed, unless both have it', () => {
    const named = valid(convert(adt('A40', person('1'), mrg('2', { 3: 'ACC^^^GENERAL' }))));
    expect(named.mentions).toEqual([`urn:uuid:${all(named, 'Account')[0]?.id}`]);
    const shared = valid(convert(adt('A40', person('1', 'ACC'), mrg('2', { 3: 'ACC^^^GENERAL' }))));
    expect(shared.moves).toHaveLength(1);
  });
});

test('any sequence of merges in a message: no self link, one relation for each pair, both sides agree', () => {
  const mrn = fc.constantFrom('1', '2', '3', '4');
  fc.assert(
    fc.property(
      fc.constantFrom('A18', 'A30', 'A34', 'A36', 'A39', 'A40', 'A47'),
      fc.array(fc.tuple(mrn, mrn), { minLength: 1, maxLength: 8 }),
      (event, pairs) => {
        const segments = adt(event, ...pairs.flatMap(([to, from]) => [person(to), mrg(from)]));
        const conversion = convert(segments);
        expect(validateBundle(conversion.bundle)).toEqual([]);
        expect(convert(segments).bundle).toEqual(conversion.bundle);
        const patients = all(conversion, 'Patient');
        const seen = new Map<string, string>();
        for (const { id, link = [] } of patients) {
          for (const { other, type } of link) {
            const key = `${id} ${other.reference?.slice('urn:uuid:'.length)}`;
            expect(other.reference).not.toBe(`urn:uuid:${id}`);
            expect(seen.has(key)).toBe(false);
            seen.set(key, type);
          }
        }
        for (const [key, type] of seen) {
          const back = seen.get(key.split(' ').reverse().join(' '));
          expect(back).toBe(type === 'replaces' ? 'replaced-by' : 'replaces');
        }
      },
    ),
    { numRuns: 300 },
  );
});
