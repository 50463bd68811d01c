import type { AuditContent } from './content';

const MOST = 1_000;
const KEPT_MS = 15 * 60_000;

/**
 * Which correlation id a workflow began with, so that its later events can be found by it although they state the
 * workflow alone. A help and no promise: another process has not seen the beginning, so what it resolves goes into the
 * preset's note, which is no part of what the source states.
 */
export function createCorrelationCache(now: () => number): (content: AuditContent) => string | undefined {
  const known = new Map<string, { readonly correlationId: string; readonly until: number }>();
  return ({ tenantId, workflow, correlationId }) => {
    if (workflow === undefined) return undefined;
    // No separator of a tenant id stands in the key twice: a tenant id holds no `|`.
    const key = `${tenantId}|${workflow.id}`;
    const hit = known.get(key);
    if (correlationId === undefined) return hit && hit.until > now() ? hit.correlationId : undefined;
    known.delete(key);
    known.set(key, { correlationId, until: now() + KEPT_MS });
    // In the order of their ends, because all live equally long: the first are the oldest.
    for (const [name, { until }] of known) {
      if (known.size <= MOST && until > now()) break;
      known.delete(name);
    }
    return undefined;
  };
}
