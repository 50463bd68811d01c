import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import tables from '../../../src/lib/fhir/validate/r4-tables.json';
import { invariants } from '../../../src/lib/fhir/validate/invariants';
import { isResourceType, planOf } from '../../../src/lib/fhir/validate/plan';
import { formats } from '../../../src/lib/fhir/validate/primitives';

const fhirTypes = readFileSync(join(require.resolve('@types/fhir/package.json'), '../r4.d.ts'), 'utf8');

describe('the R4 table', () => {
  it('has exactly the resource types of R4', () => {
    const expected = [...fhirTypes.matchAll(/readonly resourceType: '(\w+)'/g)].map((match) => match[1]);
    const actual = Object.keys(tables.types).filter(isResourceType);
    expect(actual.sort()).toEqual(expected.sort());
    expect(actual).toHaveLength(146);
  });

  it('names only types that exist, with every value set present or known as a registry', () => {
    for (const name of Object.keys(tables.types)) {
      const plan = planOf(name);
      for (const property of plan?.properties.values() ?? [])
        expect([property.name, planOf(property.type)?.name]).toEqual([property.name, property.type]);
    }
    const named = new Set(
      [...JSON.stringify(tables.types).matchAll(/\{([\w-]+)\}/g)].map((match) => match[1]),
    );
    const missing = [...named].filter((name) => name !== undefined && !(name in tables.valueSets));
    // BCP 13 and ISO 4217 have a pattern; UCUM and a LOINC answer list are left open.
    expect(missing.sort()).toEqual(['LL379-9', 'currencies', 'mimetypes', 'ucum-units']);
  });

  it('checks every primitive type, and every invariant belongs to a type', () => {
    expect([...formats.keys()].sort()).toEqual([...tables.primitives].sort());
    for (const name of invariants.keys()) expect(planOf(name)).toBeDefined();
  });

  it('agrees with the published TypeScript types on the elements of every resource', () => {
    const declared = new Map(
      [...fhirTypes.matchAll(/export interface (\w+)(?:<[^>]*>)? extends \w+ \{([\s\S]*?)\n\}/g)].map(
        (match) => [
          match[1],
          new Set([...(match[2] ?? '').matchAll(/^ {2}'?([A-Za-z]\w*)'?\??:/gm)].map((line) => line[1])),
        ],
      ),
    );
    for (const name of Object.keys(tables.types).filter(isResourceType)) {
      const own = [...(planOf(name)?.properties.keys() ?? [])].filter(
        (p) => !planOf('DomainResource')?.properties.has(p),
      );
      const known = declared.get(name);
      expect([name, own.filter((property) => !known?.has(property))]).toEqual([name, []]);
    }
  });
});
