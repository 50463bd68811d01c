import { validateResource } from '../../../src/lib/fhir';
import { changed, fixtures, pathOf, type FixtureName } from './fixtures';
import { faults } from './seeded';

/** The kinds of faults that other validators were measured with (35 seeded ones), and those that all of them miss. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  'required elements': ['required'],
  cardinality: ['cardinality', 'json-type'],
  'unknown elements': ['unknown-element', 'resource-type'],
  'types of JSON': ['json-type', 'null'],
  'formats: dates off the calendar, without zone or seconds, ids, uris, base64, empty strings': ['format'],
  'codes and concepts of required value sets': ['binding'],
  'empty lists and objects': ['empty-array', 'ele-1'],
  'two types of a choice': ['choice'],
  'references: form, target type, resolution': [
    'reference-format',
    'reference-target',
    'reference-type',
    'reference-unresolved',
  ],
  'contained resources': ['ref-1', 'dom-2', 'dom-3', 'dom-4', 'dom-5'],
  'Bundles and transactions': [
    'bdl-1',
    'bdl-2',
    'bdl-3',
    'bdl-7',
    'bdl-12',
    'bundle-request',
    'bundle-full-url',
  ],
  'invariants of resources': ['obs-6', 'obs-7', 'ait-1', 'org-1', 'pat-1', 'con-4', 'con-5'],
  'invariants of data types': ['ext-1', 'per-1', 'cpt-2', 'qty-3', 'rng-2', 'rat-1', 'att-1', 'txt-1'],
};

/** As an issue writes it. Of what has no type there is no name. */
const placeOf = (fixture: FixtureName, where: string): string => {
  const root = where === 'resourceType' ? 'Resource' : String(fixtures[fixture]['resourceType']);
  const steps = where === 'resourceType' || where === '' ? [] : pathOf(where);
  return root + steps.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('');
};

describe('seeded faults', () => {
  const seeded = faults.map(
    ([fixture, where, value, rule, of = where]) => [fixture, where, value, rule, of] as const,
  );
  it.each(seeded)('%s: %s = %j breaks %s', (fixture, where, value, rule, of) => {
    const issues = validateResource(changed(fixtures[fixture], pathOf(where), value));
    expect(issues.map((issue) => `${issue.rule} ${issue.path}`)).toContain(`${rule} ${placeOf(fixture, of)}`);
  });

  it('covers every kind of fault that a message may bring about', () => {
    const rules = new Set(faults.map(([, , , rule]) => rule));
    const uncovered = Object.entries(KINDS).filter(([, wanted]) => !wanted.every((rule) => rules.has(rule)));
    expect(uncovered).toEqual([]);
    expect(faults.length).toBeGreaterThan(150);
  });

  it('names the place, from the path the caller knows', () => {
    const broken = changed(fixtures.transaction, pathOf('entry.3.resource.referenceRange.0.low.value'), 'x');
    expect(validateResource(broken)).toMatchObject([
      { rule: 'json-type', path: 'Bundle.entry[3].resource.referenceRange[0].low.value' },
    ]);
    expect(validateResource(changed(fixtures.observation, ['status'], 'F'), 'stored')).toMatchObject([
      { rule: 'binding', path: 'stored.status' },
    ]);
    expect(validateResource({ resourceType: 'Observation' }).map((issue) => issue.path)).toEqual([
      'Observation.code',
      'Observation.status',
    ]);
  });

  it('never quotes what it was given', () => {
    const canary = 'CANARY Doe 1984';
    const broken = {
      ...fixtures.patient,
      [canary]: canary,
      gender: canary,
      birthDate: canary,
      id: canary,
      generalPractitioner: [{ reference: canary }, { reference: `#${canary}` }],
      identifier: [{ system: canary, value: `${canary}\u0000` }],
    };
    const issues = validateResource(broken);
    expect(issues.length).toBeGreaterThanOrEqual(8);
    expect(JSON.stringify(issues)).not.toContain('CANARY');
    expect(JSON.stringify(validateResource({ resourceType: canary }))).not.toContain('CANARY');
  });

  it('reports every issue of an entry once, and stops at a thousand', () => {
    expect(validateResource(changed(fixtures.patient, ['gender'], 'F'))).toHaveLength(1);
    const hostile = { resourceType: 'Patient', name: new Array(5000).fill(7) };
    expect(validateResource(hostile)).toHaveLength(1001);
  });
});
