import { randomUUID } from 'node:crypto';
import { safeError } from '../../security';
import { kinds, systems } from '../codes';
import type { Audit, AuditAgent, AuditEventInput, Coding } from '../types';

export interface ClinicalWorkflow {
  readonly tenantId: string;
  readonly source: string;
  /** A code, such as `critical-result-escalation`. */
  readonly name: string;
  /** Its own id, where others know it already. One run, one id: a second run is a second workflow. */
  readonly id?: string;
  readonly agent: Pick<AuditAgent, 'who' | 'network'>;
  readonly entities: AuditEventInput['entities'];
  readonly correlationId?: string;
}

/** Does one step and records how it ended. `role` is who does it: a care team's role, a service. */
export type Step = <T>(name: string, role: Coding, work: () => Promise<T>) => Promise<T>;

/**
 * A clinical workflow with its trail: started, each step with its role as it ends, then completed or failed with how
 * long it took, all under one id. What is recorded of a failure is its code.
 */
export async function auditClinicalWorkflow<T>(
  audit: Pick<Audit, 'record'>,
  workflow: ClinicalWorkflow,
  work: (step: Step) => Promise<T>,
): Promise<T> {
  const { tenantId, source, name, id = randomUUID(), agent, entities, correlationId } = workflow;
  let count = 0;

  async function record(what: string, error?: unknown, role?: Coding, started?: number): Promise<void> {
    await audit.record({
      tenantId,
      source,
      // Steps may run at the same time and more than once; their number keeps them apart.
      sourceKey: `${id}/${count++}/${what}`,
      occurredAt: new Date().toISOString(),
      ...kinds.workflow,
      subtype: [...kinds.workflow.subtype, { system: systems.own, code: `workflow.${name}` }],
      outcome: error === undefined ? '0' : '8',
      ...(error !== undefined && { outcomeCode: safeError(error).code }),
      agents: [{ ...agent, requestor: true, ...(role && { role }) }],
      entities,
      workflow: { id, step: what },
      ...(correlationId !== undefined && { correlationId }),
      ...(started !== undefined && { ext: { durationMs: Math.round(performance.now() - started) } }),
    });
  }

  async function timed<R>(
    ends: readonly [done: string, failed: string],
    run: () => Promise<R>,
    role?: Coding,
  ) {
    const started = performance.now();
    let result: R;
    try {
      result = await run();
    } catch (error) {
      // The first error is the one to tell of; a start without an end shows that its record is missing.
      await record(ends[1], error, role, started).catch(() => undefined);
      throw error;
    }
    await record(ends[0], undefined, role, started);
    return result;
  }

  await record('started');
  return timed(['completed', 'failed'], () =>
    work((step, role, run) => timed([`${step}.completed`, `${step}.failed`], run, role)),
  );
}
