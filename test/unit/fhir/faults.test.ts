import { validateResource } from '../../../src/lib/fhir';
import { changed, fixtures, pathOf } from './fixtures';
import { faults } from './seeded';

describe('seeded faults', () => {
  it.each(faults)('%s: %s = %j breaks %s', (fixture, where, value, rule) => {
    const issues = validateResource(changed(fixtures[fixture], pathOf(where), value));
    expect(issues.map((issue) => issue.rule)).toContain(rule);
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
