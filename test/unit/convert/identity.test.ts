import fc from 'fast-check';
import { messageIdentity, resourceId, uuidV5 } from '../../../src/lib/convert';
import { joinKey, localSystem } from '../../../src/lib/convert/identity';
import { parseMessage, readHeader } from '../../../src/lib/hl7';
import { adt, convert, msh, newYork, one, oru, pid, profile } from './helpers';

const patient = (pidSegment: string, sender = 'A|B', withProfile = newYork, tenant = 'demo'): string =>
  one(convert([msh('ADT^A08', 'C1', sender), pidSegment], withProfile, tenant), 'Patient').id ?? '';

describe('keys', () => {
  test('uuidV5 is a version 5 UUID, always the same', () => {
    expect(uuidV5('x')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(uuidV5('x')).toBe(uuidV5('x'));
    expect(resourceId('a', 'Patient', 'k')).not.toBe(resourceId('b', 'Patient', 'k'));
  });

  test('different parts never give the same key or system', () => {
    const parts = fc.array(fc.string(), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        fc.pre(a.length !== b.length || a.some((part, i) => part !== b[i]));
        expect(joinKey(...a)).not.toBe(joinKey(...b));
      }),
    );
    expect(localSystem('t', 'a:b', 'c')).not.toBe(localSystem('t', 'a', 'b:c'));
  });

  test('a message is named by tenant, sender and control id', () => {
    const header = readHeader(parseMessage(`${msh('ADT^A08', 'C|1'.replace('|', '\\F\\'), 'A|B')}\r${pid}`));
    expect(messageIdentity('demo', header)).toEqual({
      key: 'demo|A|B|C\\|1',
      id: uuidV5('message|demo|A|B|C\\|1'),
    });
  });
});

describe('the patient', () => {
  const mr = (value: string, authority: string): string => `PID|||${value}^^^${authority}^MR`;

  test('one authority and value from two senders is one patient', () => {
    expect(patient(mr('1', 'G&1.2.3&ISO'), 'A|B')).toBe(patient(mr('1', 'OTHER&1.2.3&ISO'), 'C|D'));
    expect(patient(mr('1', 'GENERAL'), 'A|B')).toBe(patient(mr('1', 'GENERAL'), 'C|D'));
  });

  test('two local numbers are two patients, and so are two tenants', () => {
    expect(patient(mr('1', ''), 'A|B')).not.toBe(patient(mr('1', ''), 'C|D'));
    expect(patient(mr('1', 'GENERAL'))).not.toBe(patient(mr('1', 'GENERAL'), 'A|B', newYork, 'other'));
  });

  test('the order of types decides, not the order of the repetitions', () => {
    expect(patient('PID|||7^^^X^PI~1^^^X^MR')).toBe(patient('PID|||1^^^X^MR~8^^^X^PI'));
    const byPi = profile({ identifierTypeOrder: ['PI'] });
    expect(patient('PID|||1^^^X^MR~8^^^X^PI', 'A|B', byPi)).toBe(patient('PID|||8^^^X^PI', 'A|B', byPi));
  });

  test('PID-2 and PID-4 stand in for an empty PID-3', () => {
    expect(patient('PID||1^^^X')).toBe(patient('PID|||1^^^X'));
    expect(patient('PID||||1^^^X')).toBe(patient('PID|||1^^^X'));
  });

  test.each([
    ['NS&1.2.3&ISO', 'urn:oid:1.2.3'],
    ['&1.2.3', 'urn:oid:1.2.3'],
    ['1.2.840.1', 'urn:oid:1.2.840.1'],
    ['SSA&2.16.840.1.113883.4.1&ISO', 'http://hl7.org/fhir/sid/us-ssn'],
    ['NS&2F0E2D84-7C1B-4B3E-9A59-0D9D9B4F6A11&UUID', 'urn:uuid:2f0e2d84-7c1b-4b3e-9a59-0d9d9b4f6a11'],
    ['NS&https://mrn.example.org&URI', 'https://mrn.example.org'],
    ['NS&Lab.Example.org&DNS', 'dns:lab.example.org'],
    ['LOCAL', 'urn:medrelay:demo:LOCAL'],
    ['MAPPED', 'https://example.org/mapped'],
    ['__proto__', 'urn:medrelay:demo:__proto__'],
    ['NS&not an oid&ISO', 'urn:medrelay:demo:NS'],
    ['', 'urn:medrelay:demo:A%20b:B%3AC'],
  ])('authority %s', (authority, system) => {
    const conversion = convert(
      [msh('ADT^A08', 'C1', 'A b|B:C'), `PID|||1^^^${authority}^MR`],
      profile({ namespaces: { MAPPED: 'https://example.org/mapped' } }),
    );
    expect(one(conversion, 'Patient').identifier?.[0]?.system).toBe(system);
  });
});

describe('replay', () => {
  test('the same message gives the same bytes', () => {
    const message = oru('OBX|1|NM|1^x^L||5||||||F', 'OBX|2|NM|1^x^L||6||||||F');
    expect(JSON.stringify(convert(message).bundle)).toBe(JSON.stringify(convert(message).bundle));
  });

  test('one person named in several roles is one entry', () => {
    const doctor = '77^Ames^Ada^^^Dr^^^NPI&1.2.9&ISO';
    const conversion = convert(adt('A01', pid, `PV1|1|I|||||${doctor}|${doctor}|||||||||${doctor}||V1^^^X`));
    expect(one(conversion, 'Practitioner').name?.[0]?.family).toBe('Ames');
    expect(one(conversion, 'Encounter').participant).toHaveLength(3);
  });

  test('what one mention leaves out another adds', () => {
    const conversion = convert(
      adt('A01', pid, 'PV1|1|I|||||77^^^^^^^^X|77^Ames^Ada^^^^^^X|||||||||||V1^^^X'),
    );
    expect(one(conversion, 'Practitioner').name?.[0]?.family).toBe('Ames');
  });

  test('a bare name is nobody in particular', () => {
    const conversion = convert(adt('A01', pid, 'PV1|1|I|||||^Smith^John||||||||||||V1^^^X'));
    expect(one(conversion, 'Encounter').participant?.[0]?.individual).toEqual({ display: 'John Smith' });
  });
});
