import { createHash } from 'node:crypto';
import { dcm, kinds, securityEntity } from '../codes';
import type { CheckpointSigner } from '../seal';
import type { Audit } from '../types';
import type { TrailReader } from '../verify';
import { writeEvidence, type EvidenceSummary } from './bundle';

export interface EvidencePorts {
  reader(tenantId: string): TrailReader;
  readonly signer: Pick<CheckpointSigner, 'publicKeys'>;
  readonly audit: Audit;
  now(): Date;
}

export interface EvidenceOrder {
  readonly tenantId: string;
  readonly from: string;
  readonly to: string;
  /** Who asked for it: `os-user/...`, a principal's id. */
  readonly by: string;
}

/** Bundles for auditors. */
export interface Evidence {
  /** Resolves when the bundle is written and its export is recorded: only then may it be handed over. */
  export(
    order: EvidenceOrder,
    write: (chunk: Uint8Array) => Promise<void>,
  ): Promise<EvidenceSummary & { readonly sha256: string }>;
}

export function createEvidence({ reader, signer, audit, now }: EvidencePorts): Evidence {
  return {
    async export({ tenantId, from, to, by }, write) {
      const at = now();
      const hash = createHash('sha256');
      const summary = await writeEvidence(
        { tenantId, from, to, reader: reader(tenantId), signing: await signer.publicKeys(), now: at },
        async (chunk) => {
          hash.update(chunk);
          await write(chunk);
        },
      );
      const sha256 = hash.digest('hex');
      await audit.record({
        tenantId,
        source: 'evidence',
        sourceKey: `export/${sha256}`,
        occurredAt: at.toISOString(),
        ...kinds.export,
        subtype: [dcm.auditLogUsed],
        outcome: '0',
        agents: [
          { who: by, requestor: true },
          { who: 'medrelay/evidence', requestor: false },
        ],
        entities: [
          {
            ...securityEntity(`audit/${tenantId}`),
            detail: [
              { type: 'from', value: summary.from },
              { type: 'to', value: summary.to },
              { type: 'sha256', value: sha256 },
            ],
          },
        ],
        ext: { events: summary.events },
      });
      return { ...summary, sha256 };
    },
  };
}
