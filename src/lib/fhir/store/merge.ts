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
  // Two patients have one relation: a reversed merge replaces the merge, on both sides.
  link: ({ other }) => (other as { reference?: unknown } | undefined)?.reference,
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

/** An element that a message deletes (`telecom`, `hospitalization.admitSource`), or one link of a list. */
export interface Deleted {
  readonly element: string;
  /** The link's reference. */
  readonly other?: string;
}

export interface Merged {
  readonly resource: StoredResource;
  readonly stated: Stamps;
}

/**
 * What a resource must say and the message does not know: the status of a visit that an update only mentions, a class
 * that PV1-2 leaves out, a document that is elsewhere. It fills the gap of a new resource, and is never an answer to what is known.
 */
function isSilence(property: string, value: unknown): boolean {
  if (property === 'status') return value === 'unknown';
  if (property === 'content') return asList(value).every(({ attachment }) => isAbsent(attachment));
  return isElements(value) && isAbsent(value) && Object.keys(value).length === 1;
}

const isAbsent = (value: unknown): boolean =>
  isElements(value) &&
  asList(value['extension']).some(
    ({ url }) => url === 'http://hl7.org/fhir/StructureDefinition/data-absent-reason',
  );

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
  deletions: readonly Deleted[],
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
  for (const { element, other } of deletions) {
    if (other === undefined) {
      if (accept(element)) remove(merged, element.split('.'));
    } else if (accept(`${element}${JSON.stringify(other)}`, element)) removePart(merged, element, other);
  }
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
    if (path === '' && isSilence(property, value)) {
      if (!Object.keys(merged).some((known) => elementName(known) === name)) merged[property] = value;
      continue;
    }
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
  // The list as it was said, or, where it only is a part of it, in its place: saying it again changes nothing.
  if (stored.every((item) => accepted.has(nameOf(item)))) {
    return incoming.filter((item) => accepted.has(nameOf(item)));
  }
  const places = new Set([...stored.map(nameOf), ...accepted]);
  return [...places].flatMap((part) =>
    (accepted.has(part) ? incoming : stored).filter((item) => nameOf(item) === part),
  );
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

function removePart(elements: Elements, name: string, other: string): void {
  const rest = asList(elements[name]).filter((item) => partsOfLists[name]?.(item) !== other);
  if (rest.length > 0) elements[name] = rest;
  else delete elements[name];
}

const elementsOf = (resource: StoredResource): Elements => resource as unknown as Elements;
const asList = (value: unknown): readonly Elements[] =>
  Array.isArray(value) ? value.filter(isElements) : [];
const isElements = (value: unknown): value is Elements =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
