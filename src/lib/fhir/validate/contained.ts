import type { Findings } from './issue';
import { child, has, isNode, type Node, text } from './node';
import type { Scope } from './references';

/** dom-2 to dom-5, and ids that a local reference can name. Runs last: by then every local reference has been met. */
export function checkContained(resource: Node, scope: Scope, findings: Findings): void {
  const contained = resource['contained'];
  if (!Array.isArray(contained)) return;
  const ids = new Set<string>();
  contained.forEach((inner: unknown, index) => {
    if (!isNode(inner)) return;
    const report = (rule: string, safeMessage: string): void =>
      findings.report(rule, safeMessage, 'contained', index);
    const meta = child(inner, 'meta');
    const id = text(inner, 'id');
    if (has(inner, 'contained')) report('dom-2', 'a contained resource contains no further ones');
    if (has(meta, 'versionId') || has(meta, 'lastUpdated'))
      report('dom-4', 'a contained resource has no meta.versionId or meta.lastUpdated');
    if (has(meta, 'security')) report('dom-5', 'a contained resource has no security label');
    if (id === '' || ids.has(id)) report('contained-id', 'a contained resource has an id of its own');
    else if (!scope.used.has(`#${id}`) && !pointsOut(inner))
      report('dom-3', 'a contained resource is referred to by, or refers to, its container');
    ids.add(id);
  });
}

/** Nested deeper than this the resource is refused anyway. */
const MAX_DEPTH = 200;

const pointsOut = (value: unknown, depth = 0): boolean => {
  if (depth > MAX_DEPTH) return false;
  if (Array.isArray(value)) return value.some((item) => pointsOut(item, depth + 1));
  if (!isNode(value)) return false;
  return value['reference'] === '#' || Object.values(value).some((item) => pointsOut(item, depth + 1));
};
