import type { FieldCipher } from '../../security';
import { MAX_MERGE_DELAY_MS, type AnchorStore, type CheckpointSigner } from '../seal';
import { daysBetween } from '../evidence/days';
import { verifyGrowth } from './growth';
import { proveEvent, type EventProof } from './proof';
import type {
  GrowthReader,
  GrowthVerification,
  ProofSource,
  TrailReader,
  Verification,
  VerifierState,
} from './types';
import { verifyTrail, type VerifyOptions } from './verify';

export interface TrailCheck extends Pick<VerifyOptions, 'lastState' | 'progress'> {
  /** Only events of the days that this time touches are hashed; the log is checked whole. */
  readonly range?: { readonly from: string; readonly to: string };
}

export interface TrailPorts {
  reader(tenantId: string): TrailReader;
  proofSource(tenantId: string): ProofSource;
  growthReader(tenantId: string): GrowthReader;
  /** Ids of a tenant's destroyed secrets; undefined when this identity may not see them. */
  shredded(tenantId: string): Promise<ReadonlySet<string> | undefined>;
  readonly anchors: Pick<AnchorStore, 'tenants'>;
  readonly signer: Pick<CheckpointSigner, 'keyName' | 'publicKeys'>;
  readonly cipher: Pick<FieldCipher, 'verifyMac'>;
  /** Those that the configuration knows. */
  configuredTenants(): Iterable<string>;
  now(): Date;
}

/** Reading a trail to judge it: for the command line, reports and exports. */
export interface Trail {
  readonly reader: TrailPorts['reader'];
  /** Whose trail there is, or must be: one that was taken out of the configuration keeps its log. */
  tenants(): Promise<string[]>;
  verify(tenantId: string, check: TrailCheck): Promise<Verification>;
  /** Only what was added to the log since, and that it continues what was there. */
  verifyGrowth(tenantId: string, lastState: VerifierState | undefined): Promise<GrowthVerification>;
  prove(tenantId: string, eventId: string): Promise<EventProof>;
}

/** The sealer runs each minute: what two of its turns have passed over is overdue. */
const OVERDUE_MS = 2 * MAX_MERGE_DELAY_MS;

export function createTrail(ports: TrailPorts): Trail {
  const { signer, cipher } = ports;
  const signing = async () => ({ keyName: signer.keyName, signing: await signer.publicKeys() });
  return {
    reader: (tenantId) => ports.reader(tenantId),
    async tenants() {
      return [...new Set([...ports.configuredTenants(), ...(await ports.anchors.tenants())])].sort();
    },
    verify: async (tenantId, { range, ...check }) =>
      verifyTrail({
        ...check,
        ...(range && { days: daysBetween(range.from, range.to).days }),
        tenantId,
        reader: ports.reader(tenantId),
        keys: {
          ...(await signing()),
          verifyMac: (mac, leafHash) => cipher.verifyMac(tenantId, mac, leafHash),
          shredded: await ports.shredded(tenantId),
        },
        maximumMergeDelayMs: OVERDUE_MS,
        now: ports.now(),
      }),
    verifyGrowth: async (tenantId, lastState) =>
      verifyGrowth({
        tenantId,
        reader: ports.growthReader(tenantId),
        keys: await signing(),
        lastState,
        maximumMergeDelayMs: OVERDUE_MS,
        now: ports.now(),
      }),
    prove: async (tenantId, eventId) =>
      proveEvent(ports.proofSource(tenantId), tenantId, eventId, await signing()),
  };
}
