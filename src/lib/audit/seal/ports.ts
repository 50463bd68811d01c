import type { Audit } from '../types';
import type {
  AnchorName,
  BatchDocument,
  CheckpointDocument,
  LogDocument,
  SegmentDocument,
  TileDocument,
} from './documents';

/** `audit/log`, of which nothing is ever replaced. `pk` is a tenant's log of one year. */
export interface LogStore {
  /** `exists` when a document of this name is there already, whatever it says. */
  create(document: LogDocument): Promise<'created' | 'exists'>;
  read(pk: string, id: string): Promise<LogDocument | undefined>;
  newestCheckpoint(pk: string): Promise<CheckpointDocument | undefined>;
  newestSegment(pk: string): Promise<SegmentDocument | undefined>;
  /** Those that begin at this index or later, in their order. */
  segmentsFrom(pk: string, firstIndex: number): Promise<SegmentDocument[]>;
  segmentsOfBatch(pk: string, batch: number): Promise<SegmentDocument[]>;
  /** The one that holds the leaf of this index, or would. */
  segmentAt(pk: string, index: number): Promise<SegmentDocument | undefined>;
  /** Tiles of level 0 that name the event; the widest first. */
  tilesNaming(pk: string, eventId: string): Promise<TileDocument[]>;
  newestBatch(): Promise<BatchDocument | undefined>;
  /** Those with something of this tenant from batch n on, in their order. */
  batchesOf(tenantId: string, n: number): Promise<BatchDocument[]>;
  /** When the newest checkpoint of any tenant was signed. */
  newestSeal(): Promise<string | undefined>;
}

/** `audit-checkpoints`: published notes, which nobody can take back. */
export interface AnchorStore {
  publish(name: AnchorName, note: string): Promise<'created' | 'exists'>;
  read(name: AnchorName): Promise<string | undefined>;
  /** The number of the last one of its hundred, if that is this one or comes after it. */
  newestFrom(name: AnchorName): Promise<number | undefined>;
  /** Who has a published checkpoint. */
  tenants(): Promise<string[]>;
  years(tenantId: string): Promise<string[]>;
}

/** The events of all tenants in the order in which the store took them (per partition of the store). */
export interface EventFeed {
  /**
   * What came after `token` (from the beginning, without one), at most about `limit`; without documents when nothing
   * did. The token of the answer is where to go on.
   */
  read(token: string | undefined, limit: number): Promise<{ documents: readonly unknown[]; token: string }>;
}

/** A key whose private part stays with its keeper. */
export interface CheckpointSigner {
  /** As signature lines name it. */
  readonly keyName: string;
  /** ECDSA P-256 over SHA-256 in DER, and the SPKI in DER of the version that signed. */
  sign(text: Uint8Array): Promise<{ readonly signature: Uint8Array; readonly publicKey: Uint8Array }>;
  /** SPKI in DER of every version, for verification. */
  publicKeys(): Promise<readonly Uint8Array[]>;
}

export interface SealPorts {
  readonly log: LogStore;
  readonly anchors: AnchorStore;
  readonly feed: EventFeed;
  readonly signer: CheckpointSigner;
  /** False for a wrong MAC; rejects with KEY_UNKNOWN when there is no such key of this tenant. */
  verifyMac(
    tenantId: string,
    mac: { readonly kid: string; readonly val: string },
    leafHash: Uint8Array,
  ): boolean | Promise<boolean>;
  /** Alarms are events, too. */
  readonly audit: Pick<Audit, 'record'>;
  /** Whose log tells of events that name a tenant we do not have. */
  readonly defaultTenant: string;
  isTenant(id: string): boolean;
  readonly clock: { now(): number; sleep(ms: number): Promise<unknown> };
}
