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

/** What a resource is, and what storage says of it: no message's statement. */
const identity = new Set(['resourceType', 'id', 'meta']);

/**
 * Lists that several fields feed (PID-13 and PID-14, PID-3 and PID-19, PID-10 and PID-22, PV1-7 and PV1-8): each part
 * is an element of its own, so that a message with one of the fields leaves what came from the others.
 */
const partsOfLists: Readonly<Record<string, (item: Elements) => unknown>> = {
  extension: ({ url }) => url,
  identifier: ({ system, type }) => [system, codeOf(type)],
  participant: ({ type }) => (Array.isArray(type) ? type.map(codeOf) : undefined),
  telecom: ({ use }) => use,
};

const codeOf = (concept: unknown): unknown =>
  (concept as { coding?: readonly { code?: unknown }[] } | undefined)?.coding?.[0]?.code;

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

/** Element -> who stated it last and when, comparable as text: see `stampOf`. */
export type Stamps = Readonly<Record<string, string>>;

/**
 * A message that is about a resource outranks, at any time, one that only mentions it: the address in a laboratory's
 * PID never beats the registration's. Among equals the later source time wins.
 */
export const stampOf = (isMention: boolean, sourceTime: string): string =>
  `${isMention ? 0 : 1}|${new Date(sourceTime).toISOString()}`;

export interface Merged {
  readonly resource: StoredResource;
  readonly stated: Stamps;
}

/**
 * HL7 v2 snapshot semantics (v2.5.1 ch. 2.5.3): an empty field says nothing, so a stored element stays; `""` says
 * delete, and arrives here in `deletions` as element names; a list
 * that one field feeds is replaced as a whole. Every element remembers who
 * stated it last, so a message that comes late still adds what nobody newer spoke of, and the outcome does not depend
 * on the order of arrival.
 */
export function mergeStatement(
  stored: Merged,
  incoming: StoredResource,
  deletions: readonly string[],
  stamp: string,
): Merged {
  const merged: Elements = { ...elementsOf(stored.resource) };
  const stated: Record<string, string> = { ...stored.stated };
  const accept: Accept = (element, list = element) => {
    if ((stated[element] ?? '') > stamp || (stated[list] ?? '') > stamp) return false;
    stated[element] = stamp;
    return true;
  };
  // First, for a list may lose one field's part and be given another's.
  for (const path of deletions) if (accept(path)) remove(merged, path.split('.'));
  mergeElements(merged, elementsOf(incoming), '', accept);
  return { resource: merged as unknown as StoredResource, stated };
}

/** Whether nobody who counts more has spoken of the element, or deleted the list that it is a part of. */
type Accept = (element: string, list?: string) => boolean;

export const isStatedWhole = (resourceType: string): boolean => statedWhole.has(resourceType);

/** Changes `merged`. Properties of one element (`birthDate`, `_birthDate`) are accepted or refused together. */
function mergeElements(merged: Elements, incoming: Elements, path: string, accept: Accept): void {
  const decided = new Map<string, boolean>();
  for (const [property, value] of Object.entries(incoming)) {
    if (path === '' && identity.has(property)) continue;
    const name = elementName(property);
    if (path === '' && mergedInside.has(name) && isElements(value)) {
      const inner = isElements(merged[name]) ? { ...merged[name] } : {};
      mergeElements(inner, value, `${name}.`, accept);
      if (Object.keys(inner).length > 0) merged[name] = inner;
      continue;
    }
    const partOf = path === '' ? partsOfLists[name] : undefined;
    if (partOf && Array.isArray(value)) {
      const parts = mergeParts(asList(merged[name]), asList(value), partOf, (part) =>
        accept(`${name}${part}`, name),
      );
      if (parts.length > 0) merged[name] = parts;
      continue;
    }
    let isAccepted = decided.get(name);
    if (isAccepted === undefined) {
      isAccepted = accept(`${path}${name}`);
      decided.set(name, isAccepted);
      if (isAccepted) remove(merged, [name]);
    }
    if (isAccepted) merged[property] = value;
  }
}

function mergeParts(
  stored: readonly Elements[],
  incoming: readonly Elements[],
  partOf: (item: Elements) => unknown,
  accept: (part: string) => boolean,
): readonly Elements[] {
  const nameOf = (item: Elements): string => JSON.stringify(partOf(item) ?? null);
  const accepted = new Set([...new Set(incoming.map(nameOf))].filter((part) => accept(part)));
  return [
    ...stored.filter((item) => !accepted.has(nameOf(item))),
    ...incoming.filter((item) => accepted.has(nameOf(item))),
  ];
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
const asList = (value: unknown): readonly Elements[] =>
  Array.isArray(value) ? value.filter(isElements) : [];
const isElements = (value: unknown): value is Elements =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
