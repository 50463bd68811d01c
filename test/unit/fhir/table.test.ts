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

  describe('agrees with the published TypeScript types', () => {
    const declared = new Map(
      [...fhirTypes.matchAll(/export interface (\w+)(?:<[^>]*>)? extends \w+ \{([\s\S]*?)\n\}/g)].map(
        (match) => [match[1], match[2] ?? ''],
      ),
    );

    it('on the elements of every resource', () => {
      const inherited = planOf('DomainResource')?.properties;
      for (const name of Object.keys(tables.types).filter(isResourceType)) {
        const own = [...(planOf(name)?.properties.keys() ?? [])].filter(
          (property) => !inherited?.has(property),
        );
        const lines = (declared.get(name) ?? '').matchAll(/^ {2}([A-Za-z]\w*)\??:/gm);
        const known = new Set([...lines].map((line) => line[1]));
        expect([name, own.filter((property) => !known.has(property))]).toEqual([name, []]);
      }
    });

    it('on the codes of every bound code', () => {
      let compared = 0;
      for (const name of Object.keys(tables.types)) {
        const parts = name.split('.').map((part) => part.charAt(0).toUpperCase() + part.slice(1));
        const body = declared.get(parts.join('')) ?? '';
        for (const property of planOf(name)?.properties.values() ?? []) {
          const union = new RegExp(`\\n  ${property.name}\\??: \\(?('[^;]*);`).exec(body)?.[1];
          if (property.type !== 'code' || !property.binding || union === undefined) continue;
          const codes = [...union.matchAll(/'([^']*)'/g)].map((match) => match[1]);
          expect([name, property.name, [...property.binding.codes].sort()]).toEqual([
            name,
            property.name,
            codes.sort(),
          ]);
          compared++;
        }
      }
      expect(compared).toBeGreaterThan(280);
    });
  });
});
