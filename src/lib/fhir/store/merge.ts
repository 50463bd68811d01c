import type { StoredResource } from './documents';

type Elements = Record<string, unknown>;

/** Stated whole by every message that speaks of them: what is absent now is gone. */
const statedWhole = new Set(['DiagnosticReport', 'MessageHeader', 'Observation', 'Provenance']);

/**
 * Complex elements that messages fill from several fields over time (A01 sends `period.start` and the admission,
 * A03 `period.end` and the disposition), so they merge by element. Codings, names and addresses are replaced whole:
 * half an old address beside half a new one is a wrong address.
 */
const mergedInside = new Set(['hospitalization', 'period']);

/** R4 choice elements of the resources that merge: a new `deceasedBoolean` drops a stored `deceasedDateTime`. */
const choices = [
  'abatement',
  'deceased',
  'effective',
  'medication',
  'multipleBirth',
  'occurrence',
  'onset',
  'performed',
  'value',
];

/**
 * HL7 v2 snapshot semantics (v2.5.1 ch. 2.5.3): an empty field says nothing, so a stored element stays; `""` says
 * delete, and arrives here in `deletions` as element names; a list is replaced as a whole.
 */
export function mergeSnapshot(
  stored: StoredResource,
  incoming: StoredResource,
  deletions: readonly string[],
): StoredResource {
  if (statedWhole.has(incoming.resourceType)) return incoming;
  const merged = mergeElements(elementsOf(stored), elementsOf(incoming), true);
  for (const path of deletions) remove(merged, path.split('.'));
  return merged as unknown as StoredResource;
}

function mergeElements(stored: Elements, incoming: Elements, isRoot: boolean): Elements {
  const merged: Elements = { ...incoming };
  const stated = new Set(Object.keys(incoming).map(elementName));
  for (const [name, value] of Object.entries(stored)) {
    const now = incoming[name];
    if (isRoot && mergedInside.has(name) && isElements(value) && isElements(now)) {
      merged[name] = mergeElements(value, now, false);
    } else if (!stated.has(elementName(name)) && name !== 'meta') {
      merged[name] = value;
    }
  }
  return merged;
}

/** `_birthDate` belongs to `birthDate`; every type of a choice belongs to the choice. */
function elementName(property: string): string {
  const name = property.startsWith('_') ? property.slice(1) : property;
  return (
    choices.find((choice) => name.startsWith(choice) && /^[A-Z]/.test(name.slice(choice.length))) ?? name
  );
}

function remove(elements: Elements, [name, ...rest]: readonly string[]): void {
  if (name === undefined) return;
  if (rest.length > 0) {
    const inner = elements[name];
    if (!isElements(inner)) return;
    const copy = { ...inner };
    remove(copy, rest);
    elements[name] = copy;
    return;
  }
  for (const property of Object.keys(elements)) {
    if (elementName(property) === elementName(name)) delete elements[property];
  }
}

const elementsOf = (resource: StoredResource): Elements => resource as unknown as Elements;
const isElements = (value: unknown): value is Elements =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
