import * as fc from 'fast-check';
import {
  BUILT_IN,
  compilePreset,
  createAudit,
  eventName,
  presetSchema,
  type AuditEventInput,
  type Preset,
} from '../../../../src/lib/audit';
import { matcher } from '../../../../src/lib/audit/presets/pattern';
import { createWorld, event } from '../fakes';

const dcm = 'http://dicom.nema.org/resources/ontology/DCM';
const rest = { system: 'http://terminology.hl7.org/CodeSystem/audit-event-type', code: 'rest' };
const interaction = (code: string) => [{ system: 'http://hl7.org/fhir/restful-interaction', code }];
const patient = {
  type: { system: 'http://terminology.hl7.org/CodeSystem/audit-entity-type', code: '1' },
  role: { system: 'http://terminology.hl7.org/CodeSystem/object-role', code: '1' },
  what: 'Patient/7',
};
const read: Partial<AuditEventInput> = {
  type: rest,
  subtype: interaction('read'),
  agents: [{ who: 'user/7f3', requestor: true }],
  entities: [patient],
};

function builtIn(name: string): Preset {
  const preset = BUILT_IN.get(name);
  if (!preset) throw new Error(`There is no preset ${name}.`);
  return preset;
}

/** What the store holds after recording with this preset. */
async function noteOf(overrides: Partial<AuditEventInput>, preset = builtIn('healthcare-default')) {
  const world = { ...createWorld(), presetOf: () => compilePreset(preset) };
  await createAudit(world).record(event({ sourceKey: 'one', ...overrides }));
  const [document] = world.stored.values();
  if (!document?.preset) throw new Error('The event carries no note of its preset.');
  return { ...document.preset, document };
}

describe('patterns', () => {
  it.each([
    ['fhir.*', 'fhir.read', true],
    ['fhir.*', 'fhir.search-type', true],
    ['fhir.*', 'fhir', false],
    ['fhir.*', 'my-fhir.read', false],
    ['fhir', 'fhir.read', false],
    ['*', 'anything.at.all', true],
    ['*.search*', 'fhir.search-type', true],
    ['a*b*a', 'aba', true],
    ['ab*ba', 'aba', false],
    ['security.integrity.*', 'security.integrity.conflict', true],
    ['fhir.r?ad', 'fhir.read', false],
  ])('%s and %s: %s', (pattern, name, expected) => {
    expect(matcher([pattern])(name)).toBe(expected);
  });

  it('agrees with the regular expression it stands for', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(text, text, (pattern, written) => {
        const name = written.replaceAll('*', 'a');
        const expression = pattern.replaceAll('.', '\\.').replace(/\*+/g, '.*');
        expect(matcher([pattern])(name)).toBe(new RegExp(`^${expression}$`).test(name));
      }),
      { numRuns: 2_000 },
    );
  });
});

it.each([
  [{ type: rest, subtype: interaction('read') }, 'fhir.read'],
  [{ type: { system: dcm, code: '110114' }, subtype: [{ system: dcm, code: '110122' }] }, 'auth.login'],
  [{ type: { system: dcm, code: '110107' } }, 'import'],
  [{ type: { system: 'urn:x', code: 'merge' } }, 'merge'],
])('names %j %s', (codes, name) => expect(eventName(codes)).toBe(name));

describe('the built-in presets', () => {
  it('are valid by their own schema', () => {
    for (const preset of BUILT_IN.values()) expect(presetSchema.parse(preset)).toEqual(preset);
  });

  it('fill what the event does not state, and overrule nothing', async () => {
    expect(await noteOf(read)).toMatchObject({
      name: 'healthcare-default',
      filled: { classification: 'PHI', frameworks: ['HIPAA'] },
      flags: [],
    });
    const { filled, document } = await noteOf({ ...read, classification: 'Public', frameworks: ['GDPR'] });
    expect(filled).toEqual({});
    expect(document).toMatchObject({ classification: 'Public', frameworks: ['GDPR'] });
  });

  it.each<[string, Partial<AuditEventInput>]>([
    ['patient-missing', { entities: [] }],
    ['requestor-missing', { agents: [{ who: 'service/x', requestor: false }] }],
    ['principal-shared', { agents: [{ who: 'user/Admin', requestor: true }] }],
    [
      'disclosure-purpose-missing',
      { subtype: [...interaction('read'), { system: 'urn:iso', code: 'disclose' }].reverse() },
    ],
    ['occurred-in-future', { occurredAt: '2999-01-01T00:00:00Z' }],
  ])('flag %s and record the event all the same', async (flag, overrides) => {
    expect((await noteOf({ ...read, ...overrides })).flags).toContain(flag);
    expect((await noteOf(read)).flags).not.toContain(flag);
  });

  it('ask more of an enterprise', async () => {
    const enterprise = builtIn('healthcare-enterprise');
    expect((await noteOf(read, enterprise)).flags).toEqual(['purpose-missing', 'correlation-missing']);
    const odd = { type: { system: 'urn:x', code: 'coffee' } };
    expect((await noteOf(odd, enterprise)).flags).toEqual(['type-not-allowed']);
  });
});

it('is no part of what the source states: another preset makes no second statement', async () => {
  const world = createWorld();
  const first = await createAudit(world).record(event());
  const presetOf = () => compilePreset({ ...builtIn('healthcare-enterprise'), version: '2' });
  expect(await createAudit({ ...world, presetOf }).record(event())).toEqual({ ...first, duplicate: true });
});

describe('classes that may not wait in the journal', () => {
  const btg = [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code: 'BTG' }];
  const classes: [string, Partial<AuditEventInput>][] = [
    ['break-glass', { purpose: btg }],
    ['42CFRPart2', { frameworks: ['42CFRPart2'] }],
    ['bulk-export', { type: { system: dcm, code: '110106' } }],
  ];
  it.each(classes)(
    '%s: queued while the store is away, refused when the queue is away too',
    async (_, overrides) => {
      const world = createWorld();
      world.fate = (sink) => (sink === 'store' ? 'fail' : 'ok');
      expect(await createAudit(world).record(event(overrides))).toMatchObject({ state: 'queued' });
      world.fate = (sink) => (sink === 'journal' ? 'ok' : 'fail');
      await expect(createAudit(world).record(event({ ...overrides, sourceKey: 'x' }))).rejects.toMatchObject({
        code: 'AUDIT_NOT_DURABLE',
      });
      expect(world.journaled.size).toBe(0);
      const presetOf = () => compilePreset({ ...builtIn('healthcare-default'), failClosed: [] });
      expect(
        await createAudit({ ...world, presetOf }).record(event({ ...overrides, sourceKey: 'y' })),
      ).toMatchObject({ state: 'journaled' });
    },
  );
});
