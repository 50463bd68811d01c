import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { Rejection, defaultProfile, selectProfile, senderProfileSchema } from '../../../src/lib/convert';
import { grammar, parseGroups, type Group } from '../../../src/lib/convert/messages/grammar';
import { ORU_R01 } from '../../../src/lib/convert/messages/structures';
import { validateBundle } from '../../../src/lib/fhir';
import { parseMessage, readHeader } from '../../../src/lib/hl7';
import { adt, all, codes, convert, msh, one, oru, pid, profile } from './helpers';

describe('rejections', () => {
  const rejection = (
    segments: readonly string[],
    withProfile = profile(),
  ): Pick<Rejection, 'code' | 'location'> => {
    try {
      convert(segments, withProfile);
    } catch (error) {
      if (error instanceof Rejection) return { code: error.code, location: error.location };
      throw error;
    }
    throw new Error('was not rejected');
  };

  test.each([
    ['no control id', [msh('ADT^A01', ''), pid], 'NO_CONTROL_ID', 'MSH[1]-10'],
    ['no type', [msh(''), pid], 'NO_MESSAGE_TYPE', 'MSH[1]-9'],
    ['other type', [msh('QBP^Q11'), pid], 'UNSUPPORTED_MESSAGE_TYPE', 'MSH[1]-9[1].1'],
    ['other event', [msh('ADT^A99'), pid], 'UNSUPPORTED_EVENT', 'MSH[1]-9[1].2'],
    ['hostile type', [msh('__proto__^constructor'), pid], 'UNSUPPORTED_MESSAGE_TYPE', 'MSH[1]-9[1].1'],
    ['no PID', [msh('ADT^A01'), 'PV1|1|I'], 'NO_PATIENT', 'PID[1]'],
    ['no PID in a result', [msh('ORU^R01'), 'OBR|1'], 'NO_PATIENT', 'PID[1]'],
    ['no identifier', [msh('ADT^A01'), 'PID|1||^^^X^MR||Sample'], 'NO_PATIENT_ID', 'PID[1]-3'],
    ['test data', [msh('ADT^A01').replace('|P|', '|T|'), pid], 'PROCESSING_ID', 'MSH[1]-11'],
  ])('%s', (_name, segments, code, location) => {
    expect(rejection(segments)).toEqual({ code, location });
  });

  test('test data is taken where the profile wants it; no MSH-11 counts as production', () => {
    const test = [msh('ADT^A01').replace('|P|', '|T|'), pid];
    expect(all(convert(test, profile({ processingIds: ['P', 'T'] })), 'Patient')).toHaveLength(1);
    expect(codes(convert([msh('ADT^A01').replace('|P|', '||'), pid]))).toEqual(['PROCESSING_ID_MISSING']);
  });

  test('a rejection holds no value of the message', () => {
    try {
      convert([msh('ADT^A01'), 'PID|1||^^^X^MR||Secretname']);
    } catch (error) {
      expect(String(error)).not.toContain('Secretname');
    }
    expect.assertions(1);
  });
});

describe('profiles', () => {
  const header = readHeader(parseMessage(`${msh('ADT^A01', '1', 'LAB|GENERAL')}\r${pid}`));

  test('the most specific match wins', () => {
    const named = (
      name: string,
      tenant: string,
      application: string,
      facility: string,
    ): typeof defaultProfile => profile({ name, match: { tenant, application, facility } });
    const profiles = [
      named('any', '*', '*', '*'),
      named('tenant', 'demo', '*', '*'),
      named('facility', '*', '*', 'GENERAL'),
      named('application', '*', 'LAB', '*'),
      named('other', 'demo', 'RIS', '*'),
    ];
    expect(selectProfile(profiles, 'demo', header).name).toBe('application');
    expect(selectProfile(profiles.slice(0, 3), 'demo', header).name).toBe('facility');
    expect(selectProfile([], 'demo', header)).toBe(defaultProfile);
  });

  test('a message without a profile is read like one whose profile says nothing', () => {
    const { name, match } = defaultProfile;
    expect(senderProfileSchema.parse({ name, match })).toEqual(defaultProfile);
  });

  test.each([
    [{ timeZone: 'Mars/Olympus' }, 'IANA'],
    [{ namespaces: { X: 'not a uri' } }, 'absolute URI'],
    [{ processingIds: ['X'] }, 'processingIds'],
    [{ colour: 'red' }, 'colour'],
  ])('%j is refused with a clear message', (changes, text) => {
    const base = { name: 'x', match: { tenant: '*', application: '*', facility: '*' } };
    const result = senderProfileSchema.safeParse({ ...base, ...changes });
    expect(result.success).toBe(false);
    expect(JSON.stringify(result.error?.issues)).toContain(text);
  });

  test('the files under config/profiles are valid', () => {
    const folder = join(__dirname, '../../../config/profiles');
    const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
    expect(files.length).toBeGreaterThan(1);
    for (const file of files) senderProfileSchema.parse(JSON.parse(readFileSync(join(folder, file), 'utf8')));
  });
});

describe('groups', () => {
  const shape = (group: Group): string =>
    [
      ...group.segments.map(({ name }) => name),
      ...group.groups.map((child) => `${child.name}(${shape(child)})`),
    ].join(' ');
  const parse = (names: string): string => {
    const message = parseMessage(
      names
        .split(' ')
        .map((name) => (name === 'MSH' ? msh('ORU^R01') : `${name}|1`))
        .join('\r'),
    );
    const { root, unknown } = parseGroups(ORU_R01, message);
    return `${shape(root)}${unknown.length > 0 ? ` ! ${unknown.map(({ name }) => name).join(' ')}` : ''}`;
  };

  test.each([
    [
      'MSH PID PV1 ORC OBR NTE OBX NTE OBX SPM',
      'MSH PATIENT_RESULT(PATIENT(PID VISIT(PV1)) ORDER_OBSERVATION(ORC OBR NTE OBSERVATION(OBX NTE) OBSERVATION(OBX) SPECIMEN(SPM)))',
    ],
    [
      'MSH PID OBR OBX OBR OBX',
      'MSH PATIENT_RESULT(PATIENT(PID) ORDER_OBSERVATION(OBR OBSERVATION(OBX)) ORDER_OBSERVATION(OBR OBSERVATION(OBX)))',
    ],
    [
      'MSH PID OBR SPM OBX OBX',
      'MSH PATIENT_RESULT(PATIENT(PID) ORDER_OBSERVATION(OBR SPECIMEN(SPM SPECIMEN_OBSERVATION(OBX) SPECIMEN_OBSERVATION(OBX))))',
    ],
    [
      'MSH PID OBR OBX PV1 PD1 OBX',
      'MSH PATIENT_RESULT(PATIENT(PID PD1 VISIT(PV1) PATIENT_OBSERVATION(OBX)) ORDER_OBSERVATION(OBR OBSERVATION(OBX)))',
    ],
    ['MSH PID ZZZ OBR QQQ', 'MSH PATIENT_RESULT(PATIENT(PID) ORDER_OBSERVATION(OBR)) ! ZZZ QQQ'],
    [
      'MSH PID OBR PID OBR',
      'MSH PATIENT_RESULT(PATIENT(PID) ORDER_OBSERVATION(OBR)) PATIENT_RESULT(PATIENT(PID) ORDER_OBSERVATION(OBR))',
    ],
  ])('%s', (names, expected) => expect(parse(names)).toBe(expected));

  test('no segment is ever lost or taken twice', () => {
    const names = ['PID', 'PV1', 'PD1', 'NK1', 'NTE', 'ORC', 'OBR', 'OBX', 'SPM', 'TQ1', 'ZXX', 'DSC', 'EVN'];
    const count = (group: Group): number =>
      group.segments.length + group.groups.reduce((sum, child) => sum + count(child), 0);
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...names), { maxLength: 25 }), (order) => {
        const message = parseMessage([msh('ORU^R01'), ...order.map((name) => `${name}|1`)].join('\r'));
        const { root, unknown } = parseGroups(ORU_R01, message);
        expect(count(root) + unknown.length).toBe(order.length + 1);
      }),
    );
  });

  test('a grammar reads as the standard writes it', () => {
    const { root } = grammar('X', 'MSH A? B*( C D* )');
    expect([...root.segments]).toEqual([
      ['MSH', false],
      ['A', false],
    ]);
    expect(root.groups[0]).toMatchObject({ name: 'B', repeats: true });
  });
});

describe('ledger', () => {
  const fates = (segments: readonly string[]): Record<string, string> =>
    Object.fromEntries(
      convert(segments).ledger.entries.map(({ location, fate, detail }) => [
        location,
        `${fate} ${detail ?? ''}`.trim(),
      ]),
    );

  test('every populated field has a fate; half-read values show their other half', () => {
    const found = fates([
      msh('ADT^A08'),
      'PID|1||1^^^X^MR~2^^^X^PI||Sample^Ada^^^^^L^^ignored|||F||||||||||||||||||||||Y',
      'ZZZ|1',
    ]);
    expect(found['PID[1]-1[1]']).toMatch(/^kept /);
    expect(found['PID[1]-3[2]']).toBe('carried Patient.identifier');
    expect(found['PID[1]-5[1]']).toBe('carried Patient.name');
    expect(found['PID[1]-5[1].9']).toBe('unknown');
    expect(found['ZZZ[1]-1[1]']).toBe('unknown');
  });

  test('counts add up to the entries and survive JSON', () => {
    const { ledger } = convert(oru('OBX|1|NM|1^x^L||5||||||F', 'ZZZ|a|b'));
    const { carried, kept, unknown, entries } = ledger;
    expect(carried + kept + unknown).toBe(entries.length);
    expect(JSON.parse(JSON.stringify(ledger))).toEqual({ carried, kept, unknown, entries });
  });

  test('holds positions, never values', () => {
    const conversion = convert(oru('OBX|1|NM|1^x^L||Secretvalue||||||?|||99999999'));
    expect(JSON.stringify([conversion.ledger, conversion.diagnostics])).not.toContain('Secretvalue');
  });
});

describe('hostile input', () => {
  test('names of Object.prototype are data', () => {
    const hostile = '__proto__^constructor^toString';
    const conversion = convert(
      adt(
        'A08',
        `PID|||${hostile}^__proto__^__proto__||${hostile}^^^^__proto__|||__proto__||||${hostile}^^^^hasOwnProperty||||__proto__|constructor`,
      ),
    );
    expect(one(conversion, 'Patient').name?.[0]).toEqual({
      family: '__proto__',
      given: ['constructor', 'toString'],
    });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(Object.getPrototypeOf(one(conversion, 'Patient'))).toBe(Object.prototype);
  });

  test('a mutated message becomes valid R4 or is refused, never a crash', () => {
    const base = oru('OBX|1|NM|1^x^L||5|mg/dL^^UCUM|1-5|H|||F|||20240105', 'SPM|1|^S1', 'NTE|1||x').join(
      '\r',
    );
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.nat(base.length),
            fc.constantFrom('|', '^', '~', '&', '\\', '\r', '""', 'é', '\u0000', ''),
          ),
          {
            maxLength: 8,
          },
        ),
        (edits) => {
          let text = base;
          for (const [at, insert] of edits)
            if (at > 90) text = text.slice(0, at) + insert + text.slice(at + 1);
          try {
            expect(validateBundle(convert(text).bundle)).toEqual([]);
          } catch (error) {
            if (!(error instanceof Rejection) || error.code === 'CONVERSION_FAILED') throw error;
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
