import fc from 'fast-check';
import { validateBundle, validateResource } from '../../../src/lib/fhir';
import { planOf } from '../../../src/lib/fhir/validate/plan';
import { changed, fixtureNames, fixtures, type Json } from './fixtures';

type Step = string | number;
interface Place {
  readonly path: readonly Step[];
  readonly type: string;
}

/** Every element of a resource with its type, by the table. */
function places(node: Json, typeName: string, path: readonly Step[] = []): Place[] {
  return Object.entries(node).flatMap(([key, value]) => {
    const property = planOf(typeName)?.properties.get(key);
    if (!property) return [];
    const items = Array.isArray(value)
      ? value.map((item: unknown, i): [Step[], unknown] => [[...path, key, i], item])
      : [];
    const found: [Step[], unknown][] = Array.isArray(value) ? items : [[[...path, key], value]];
    return found.flatMap(([at, item]): Place[] => {
      if (typeof item !== 'object' || item === null) return [{ path: at, type: property.type }];
      const inner = item as Json;
      const type = property.type === 'Resource' ? String(inner['resourceType']) : property.type;
      return [{ path: at, type }, ...places(inner, type, at)];
    });
  });
}

const sites = fixtureNames.flatMap((name) => {
  const resource = fixtures[name];
  const type = String(resource['resourceType']);
  return [{ path: [], type }, ...places(resource, type)].map((place) => ({ name, ...place }));
});
const at = (node: unknown, path: readonly Step[]): unknown =>
  path.reduce((value, step) => (value as Record<Step, unknown>)[step], node);
const objects = sites.filter((site) => {
  const value = at(fixtures[site.name], site.path);
  return typeof value === 'object' && value !== null;
});
const requiredOnes = objects.flatMap((site) => {
  const node = at(fixtures[site.name], site.path) as Json;
  return (planOf(site.type)?.required ?? []).flatMap(({ anyOf }) =>
    anyOf
      .filter((p) => node[p.name] !== undefined && node[p.sibling] === undefined)
      .map((p) => ({ ...site, path: [...site.path, p.name] })),
  );
});
const dates = sites.filter((site) => ['date', 'dateTime', 'instant'].includes(site.type));

describe('mutations of valid resources', () => {
  it('misses no removed required element', () => {
    expect(requiredOnes.length).toBeGreaterThan(60);
    fc.assert(
      fc.property(fc.constantFrom(...requiredOnes), ({ name, path }) => {
        const rules = validateResource(changed(fixtures[name], path)).map((issue) => issue.rule);
        expect(rules).toContain('required');
      }),
      { numRuns: 300 },
    );
  });

  it('misses no added element', () => {
    const name = fc.stringMatching(/^[a-z]{1,8}Zz$/);
    fc.assert(
      fc.property(
        fc.constantFrom(...objects),
        fc.oneof(name, fc.constant('__proto__x')),
        fc.jsonValue(),
        (site, key, value) => {
          const issues = validateResource(changed(fixtures[site.name], [...site.path, key], value ?? 1));
          expect(issues.map((issue) => issue.rule)).toContain('unknown-element');
        },
      ),
      { numRuns: 300 },
    );
  });

  it('misses no corrupted date', () => {
    expect(dates.length).toBeGreaterThan(20);
    const corruption = fc.constantFrom<(date: string) => string>(
      (date) => `${date}x`,
      (date) => ` ${date}`,
      (date) => date.replaceAll('-', '/') + '/',
      (date) => date.slice(0, 3),
      (date) => `${date.slice(0, 4)}-13`,
      (date) => `${date.slice(0, 4)}-02-30`,
      (date) => `${date.slice(0, 4)}-02-01T10:00:00`,
      () => '20240101',
      () => '',
    );
    fc.assert(
      fc.property(fc.constantFrom(...dates), corruption, ({ name, path }, corrupt) => {
        const broken = changed(fixtures[name], path, corrupt(String(at(fixtures[name], path))));
        expect(validateResource(broken).map((issue) => issue.rule)).toContain('format');
      }),
      { numRuns: 300 },
    );
  });

  it('never throws, whatever the value and wherever it stands', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...sites.filter((s) => s.path.length > 0)),
        fc.jsonValue(),
        ({ name, path }, value) => {
          expect(Array.isArray(validateResource(changed(fixtures[name], path, value)))).toBe(true);
        },
      ),
      { numRuns: 1000 },
    );
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true }), (value) => {
        expect(validateResource(value).length).toBeGreaterThan(0);
        expect(validateBundle(value).length).toBeGreaterThan(0);
      }),
      { numRuns: 1000 },
    );
  });

  it('survives nesting, hostile names and megabytes', () => {
    let deep: Json = { url: 'http://example.org/x', valueString: 'x' };
    for (let i = 0; i < 20_000; i++) deep = { url: 'http://example.org/x', extension: [deep] };
    expect(validateResource({ resourceType: 'Patient', extension: [deep] }).map((i) => i.rule)).toContain(
      'depth',
    );
    const contained: unknown = JSON.parse(
      '{"resourceType":"Basic","id":"a","contained":'.repeat(3000) + '1' + '}'.repeat(3000),
    );
    expect(
      validateResource({ resourceType: 'Basic', code: { text: 'x' }, contained: [contained] }),
    ).not.toEqual([]);
    const hostile: unknown = JSON.parse(
      '{"resourceType":"Patient","__proto__":{"gender":"male"},"constructor":1,"_toString":{}}',
    );
    expect(validateResource(hostile).map((issue) => issue.rule)).toEqual(Array(3).fill('unknown-element'));
    const huge = 'A'.repeat(8_000_000);
    expect(validateResource({ resourceType: 'Binary', contentType: 'text/plain', data: huge })).toEqual([]);
    for (const [fixture, path] of [
      [fixtures.observation, ['effectiveDateTime']],
      [fixtures.observation, ['status']],
      [fixtures.observation, ['subject', 'reference']],
      [fixtures.patient, ['id']],
      [fixtures.patient, ['identifier', 0, 'system']],
    ] as const)
      expect(validateResource(changed(fixture, path, huge))).not.toEqual([]);
  });
});
