import { randomUUID } from 'node:crypto';
import { safeError } from '../../security';
import { kinds, restKind, systems, type Interaction, type Parties } from '../codes';
import type { Audit, AuditEntity, AuditEventInput } from '../types';

export interface FhirOperation {
  readonly tenantId: string;
  readonly source: string;
  readonly interaction: Interaction;
  readonly parties: Parties;
  /** What is asked for: all that is known before it is done. */
  readonly entities: readonly AuditEntity[];
  readonly purpose?: AuditEventInput['purpose'];
  readonly correlationId?: string;
}

/** What came of it: whose data it was is often known only then. An outcome that is not given is success. */
export interface Done<T> {
  readonly result: T;
  /** Instead of those of the attempt; one success for each, because an event has a limited size. */
  readonly about?: readonly Pick<AuditEventInput, 'entities' | 'subject'>[];
  /** Nothing failed, and yet it did not come about: a code such as RESOURCE_NOT_FOUND. */
  readonly refusal?: string;
}

/**
 * Work on FHIR resources with its trail: the attempt before anything is touched, then success or failure under the same
 * operation id (`workflow.id`). Fail-closed: nothing is touched before the attempt is durable, and no result is given
 * before its event is. A failure is told by its code, never by its text, which may quote a patient.
 */
export async function auditedFhirOperation<T>(
  audit: Pick<Audit, 'record'>,
  operation: FhirOperation,
  handler: () => Promise<Done<T>>,
): Promise<T> {
  const id = randomUUID();
  const { tenantId, source, purpose, correlationId, entities } = operation;
  const started = performance.now();
  const stated = restKind(operation.interaction, operation.parties);
  const event = (step: string, n = 0): Omit<AuditEventInput, 'type' | 'action' | 'outcome'> => ({
    tenantId,
    source,
    sourceKey: `${id}/${step}/${n}`,
    occurredAt: new Date().toISOString(),
    agents: stated.agents,
    entities,
    workflow: { id, step },
    ...(purpose && { purpose }),
    ...(correlationId !== undefined && { correlationId }),
  });
  const ended = (step: string, n = 0) => ({
    ...event(step, n),
    ...stated,
    ext: { durationMs: Math.round(performance.now() - started) },
  });

  await audit.record({ ...event('attempt'), ...attempt, outcome: '0' });
  let done: Done<T>;
  try {
    done = await handler();
  } catch (error) {
    const { code } = safeError(error);
    // Where this cannot be recorded either, the attempt without an end stays as its trace.
    await audit.record({ ...ended('failure'), outcome: '8', outcomeCode: code }).catch(() => undefined);
    throw error;
  }
  const { result, refusal, about = [{ entities }] } = done;
  for (const [n, each] of about.entries()) {
    const outcome =
      refusal === undefined ? { outcome: '0' as const } : { outcome: '4' as const, outcomeCode: refusal };
    await audit.record({ ...ended(refusal === undefined ? 'success' : 'failure', n), ...each, ...outcome });
  }
  return result;
}

/** Not the interaction itself: an attempt must not count as one. */
const attempt = {
  type: kinds.appStarted.type,
  subtype: [{ system: systems.own, code: 'operation.attempt' }],
  action: 'E',
} as const;
