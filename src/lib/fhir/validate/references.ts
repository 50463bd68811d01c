import { type Node, children, isNode, text } from './node';
import { isResourceType } from './plan';

/** What references can be resolved against: the resource that contains, and the Bundle around it. */
export interface Scope {
  /** Contained id -> resource type. */
  readonly contained: ReadonlyMap<string, string>;
  /** Local references met so far (`#id`), for dom-3. */
  readonly used: Set<string>;
}

export interface BundleIndex {
  readonly type: string;
  /** fullUrl -> resource type. */
  readonly entries: ReadonlyMap<string, string>;
}

const typeOf = (resource: unknown): string => (isNode(resource) ? text(resource, 'resourceType') : '');

export function scopeOf(resource: Node): Scope {
  const contained = new Map(
    children(resource, 'contained').map((inner) => [text(inner, 'id'), typeOf(inner)]),
  );
  contained.set('', typeOf(resource));
  return { contained, used: new Set() };
}

export function indexOf(bundle: Node): BundleIndex {
  const entries = children(bundle, 'entry').map((entry): [string, string] => [
    text(entry, 'fullUrl'),
    typeOf(entry['resource']),
  ]);
  return { type: text(bundle, 'type'), entries: new Map(entries) };
}

export interface ReferenceFault {
  readonly rule: string;
  readonly safeMessage: string;
}

const fault = (rule: string, safeMessage: string): ReferenceFault => ({ rule, safeMessage });
const LOCAL = fault('ref-1', 'a local reference needs a contained resource with that id');
const UNRESOLVED = fault('reference-unresolved', 'no entry of the Bundle has this fullUrl');
const MALFORMED = fault('reference-format', 'is not Type/id, #id, an absolute URL or a urn of an entry');
const CONDITIONAL = fault('reference-format', 'a search as reference is for a transaction only');
const TARGET = fault('reference-target', 'this element may not refer to that type of resource');
const TYPE = fault('reference-type', 'Reference.type differs from the type that is referred to');
const NO_TYPE = fault('reference-type', 'Reference.type is not a resource type of R4');

const RELATIVE = /^([A-Z][A-Za-z]{1,63})\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/;
const CONDITIONAL_URL = /^([A-Z][A-Za-z]{1,63})\?./;
const ABSOLUTE_TYPE = /\/([A-Z][A-Za-z]{1,63})\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/;
const MAX_REFERENCE = 2048;

/** The type referred to, '' when it cannot be known from here, or a fault. */
function resolve(reference: string, scope: Scope, bundle: BundleIndex | undefined): string | ReferenceFault {
  if (reference.startsWith('#')) {
    scope.used.add(reference);
    return scope.contained.get(reference.slice(1)) ?? LOCAL;
  }
  if (reference.startsWith('urn:')) {
    if (!/^urn:(?:uuid|oid):./.test(reference)) return MALFORMED;
    // Alone, a resource cannot say what else its Bundle holds.
    if (!bundle) return '';
    return bundle.entries.get(reference) ?? UNRESOLVED;
  }
  if (reference.length > MAX_REFERENCE) return MALFORMED;
  if (/^[a-z][a-z0-9+.-]*:/i.test(reference)) {
    const type = ABSOLUTE_TYPE.exec(reference)?.[1] ?? '';
    return bundle?.entries.get(reference) ?? (isResourceType(type) ? type : '');
  }
  const conditional = CONDITIONAL_URL.exec(reference)?.[1];
  const type = conditional ?? RELATIVE.exec(reference)?.[1];
  if (type === undefined || !isResourceType(type)) return MALFORMED;
  return conditional !== undefined && bundle?.type !== 'transaction' ? CONDITIONAL : type;
}

export function checkReference(
  node: Node,
  targets: ReadonlySet<string> | undefined,
  scope: Scope,
  bundle: BundleIndex | undefined,
): ReferenceFault | undefined {
  const reference = node['reference'];
  const stated = text(node, 'type');
  if (stated !== '' && !isResourceType(stated)) return NO_TYPE;
  let type = stated;
  if (typeof reference === 'string') {
    const resolved = resolve(reference, scope, bundle);
    if (typeof resolved !== 'string') return resolved;
    if (resolved !== '' && stated !== '' && resolved !== stated) return TYPE;
    type = resolved === '' ? stated : resolved;
  }
  return type !== '' && targets && !targets.has(type) ? TARGET : undefined;
}
