import { checkBundle } from './bundle';
import { checkContained } from './contained';
import { Findings, type Issue } from './issue';
import { children, isNode, type Node, text } from './node';
import { isResourceType, planOf, type Property, type TypePlan } from './plan';
import { isAbsoluteUri } from './primitives';
import { type BundleIndex, checkReference, indexOf, type Scope, scopeOf } from './references';

export type { Issue } from './issue';

/** No R4 resource nests this deep; a hostile one would end the process with a full stack. */
const MAX_DEPTH = 200;

interface Run {
  readonly findings: Findings;
  readonly scope: Scope;
  readonly bundle: BundleIndex | undefined;
}

/** Systems that R4 wants absolute: a local name would mean something else at every reader. */
const WITH_SYSTEM = new Set(['Identifier', 'Coding', 'Quantity', 'SimpleQuantity']);

function checkResource(value: unknown, outer: Run, isContained: boolean): void {
  const { findings } = outer;
  if (!isNode(value)) return findings.report('json-type', 'must be a resource');
  const type = text(value, 'resourceType');
  const plan = isResourceType(type) ? planOf(type) : undefined;
  if (!plan) return findings.report('resource-type', 'resourceType is not a resource type of R4');
  const run: Run = {
    findings,
    // References inside a contained resource are resolved against its container.
    scope: isContained ? outer.scope : scopeOf(value),
    bundle: type === 'Bundle' ? indexOf(value) : outer.bundle,
  };
  checkNode(value, plan, run);
  if (!isContained) checkContained(value, run.scope, findings);
  if (type === 'Bundle') checkBundle(value, findings);
}

/** `isIdContent`: besides a value, the sibling of a primitive may hold an id alone. */
function checkNode(node: Node, plan: TypePlan, run: Run, isIdContent = false): void {
  const { findings } = run;
  let hasContent = plan.kind === 'resource';
  let chosen: Map<string, string> | undefined;
  for (const key of Object.keys(node)) {
    const value = node[key];
    // JSON.stringify leaves undefined out; so does the check.
    if (value === undefined || (key === 'resourceType' && plan.kind === 'resource')) continue;
    let property = plan.properties.get(key);
    if (property) checkProperty(value, property, node, run);
    else {
      property = key.startsWith('_') ? plan.properties.get(key.slice(1)) : undefined;
      if (!property?.isPrimitive) {
        findings.report('unknown-element', 'is not an element of this type', nameForPath(key));
        continue;
      }
      checkSibling(value, property, node, run);
    }
    hasContent ||= key !== 'id' || isIdContent;
    if (property.group !== undefined) {
      chosen ??= new Map();
      const other = chosen.get(property.group);
      if (other !== undefined && other !== property.name)
        findings.report('choice', 'only one type of a choice may be given', property.group);
      chosen.set(property.group, property.name);
    }
  }
  if (!hasContent) findings.report('ele-1', 'an element has a value or children');
  for (const { label, anyOf } of plan.required)
    if (!anyOf.some((p) => node[p.name] !== undefined || (p.isPrimitive && node[p.sibling] !== undefined)))
      findings.report('required', 'a required element is missing', label);
  for (const { key, safeMessage, holds } of plan.invariants)
    if (!holds(node)) findings.report(key, safeMessage);
}

/** A name from the input is shown when it can only be a name. */
const nameForPath = (key: string): string => (/^_?[A-Za-z]\w{0,63}$/.test(key) ? key : '?');

function checkProperty(value: unknown, property: Property, node: Node, run: Run): void {
  const { findings } = run;
  findings.enter(property.name);
  if (property.isForbidden) findings.report('cardinality', 'is not allowed here');
  else if (value === null) findings.report('null', 'null only fills the gaps of a list of primitives');
  else if (property.isList !== Array.isArray(value))
    findings.report('json-type', property.isList ? 'must be a list' : 'must not be a list');
  else if (!Array.isArray(value)) checkValue(value, property, run);
  else if (value.length === 0) findings.report('empty-array', 'a list is left out when it is empty');
  else {
    const siblings = node[property.sibling];
    for (let index = 0; index < value.length; index++) {
      const item: unknown = value[index];
      findings.enter(index);
      if (item !== null && item !== undefined) checkValue(item, property, run);
      else if (!property.isPrimitive || !Array.isArray(siblings) || !isNode(siblings[index]))
        findings.report('null', 'null stands for a value that has only an id or extensions');
      findings.leave();
    }
  }
  findings.leave();
}

/** `_name` holds the id and extensions of a primitive (R4 json.html#primitive). */
function checkSibling(value: unknown, property: Property, node: Node, run: Run): void {
  const { findings } = run;
  const element = planOf('Element');
  const given = node[property.name];
  const hasValue = given !== undefined;
  const one = (sibling: unknown, isAlone: boolean): void => {
    if (!isNode(sibling) || !element) return findings.report('json-type', 'must hold id and extension');
    checkNode(sibling, element, run, !isAlone);
  };
  findings.enter(property.sibling);
  if (!property.isList) one(value, !hasValue);
  else if (!Array.isArray(value)) findings.report('json-type', 'must be a list');
  else if (value.length === 0) findings.report('empty-array', 'a list is left out when it is empty');
  else {
    const values = Array.isArray(given) ? given : [];
    if (hasValue && values.length !== value.length)
      findings.report('sibling-length', 'must have an item for every value');
    value.forEach((sibling: unknown, index) => {
      findings.enter(index);
      const isAlone = values[index] === null || values[index] === undefined;
      if (sibling !== null && sibling !== undefined) one(sibling, isAlone);
      else if (!hasValue) findings.report('null', 'null stands beside a value');
      findings.leave();
    });
  }
  findings.leave();
}

function checkValue(value: unknown, property: Property, run: Run): void {
  const { findings } = run;
  const plan = planOf(property.type);
  if (!plan) return;
  if (plan.format) {
    const fault = plan.format(value);
    if (fault) return findings.report(fault.rule, fault.safeMessage);
    if (property.isUri && (value as string).startsWith('#')) run.scope.used.add(value as string);
    if (property.binding) checkCode(value as string, property, findings);
    return;
  }
  if (findings.depth > MAX_DEPTH) return findings.report('depth', 'is nested too deep');
  if (plan.kind === 'resource') return checkResource(value, run, property.name === 'contained');
  if (!isNode(value)) return findings.report('json-type', 'must be an object');
  checkNode(value, plan, run);
  if (property.binding) checkConcept(value, property, findings);
  if (property.type === 'Reference') {
    const fault = checkReference(value, property.targets, run.scope, run.bundle);
    if (fault) findings.report(fault.rule, fault.safeMessage);
  } else if (property.isOuterExtension) {
    if (typeof value['url'] === 'string' && !isAbsoluteUri(value['url']))
      findings.report('extension-url', 'the url of an extension is absolute', 'url');
  } else if (WITH_SYSTEM.has(property.type)) {
    if (typeof value['system'] === 'string' && !isAbsoluteUri(value['system']))
      findings.report('absolute-system', 'a system is an absolute URI', 'system');
  }
}

function checkCode(code: string, { binding }: Property, findings: Findings): void {
  if (binding && !binding.codes.has(code) && !binding.open?.test(code))
    findings.report('binding', 'is not a code of the required value set');
}

/** A CodeableConcept meets a required binding with one of its codings; text alone does not. */
function checkConcept(value: Node, { binding, type }: Property, findings: Findings): void {
  const codings = type === 'CodeableConcept' ? children(value, 'coding') : [value];
  const isMember = (coding: Node): boolean =>
    binding?.bySystem.get(text(coding, 'system'))?.has(text(coding, 'code')) === true;
  if (!codings.some(isMember) && value['extension'] === undefined)
    findings.report('binding', 'has no coding of the required value set');
}

/** Every fault of an R4 resource; `path` names it where the reader would look for it (default: its type). */
export function validateResource(resource: unknown, path?: string): Issue[] {
  const type = isNode(resource) ? text(resource, 'resourceType') : '';
  const findings = new Findings(path ?? (isResourceType(type) ? type : 'Resource'));
  checkResource(resource, { findings, scope: scopeOf({}), bundle: undefined }, false);
  return findings.issues;
}

/** As `validateResource`, for what must be a Bundle: references to entries are resolved too. */
export function validateBundle(bundle: unknown): Issue[] {
  if (isNode(bundle) && bundle['resourceType'] === 'Bundle') return validateResource(bundle);
  return [{ rule: 'resource-type', path: 'Bundle', safeMessage: 'must be a Bundle' }];
}
