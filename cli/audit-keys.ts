import { randomUUID } from 'node:crypto';
import { userInfo } from 'node:os';
import { kinds, patientEntity, securityEntity } from '../src/lib/audit';
import type { Services } from '../src/lib/services';

interface KeyAct {
  readonly act: 'keys.rewrap' | 'keys.shred';
  readonly state: 'started' | 'completed';
  /** The person whose secret it is about. */
  readonly subject?: string;
  readonly reason?: string;
}

/** What a custodian does to keys, recorded before it begins and when it is done. */
export async function auditKeys(
  { audit }: Services,
  tenantId: string,
  { act, state, subject, reason }: KeyAct,
): Promise<void> {
  const keys = securityEntity('audit/keys');
  await audit.record({
    tenantId,
    source: 'cli',
    sourceKey: `${act}/${state}/${randomUUID()}`,
    occurredAt: new Date().toISOString(),
    ...(act === 'keys.shred' ? kinds.destroy : kinds.securityConfigured),
    outcome: '0',
    outcomeCode: `${act}.${state}`,
    agents: [{ who: `os-user/${userInfo().username}`, requestor: true }],
    entities: [
      reason === undefined ? keys : { ...keys, detail: [{ type: 'reason', value: reason }] },
      ...(subject === undefined ? [] : [patientEntity(subject)]),
    ],
  });
}
