import { tileId, type TileName } from '../merkle';

/**
 * What `audit/log` holds. Every document is created once under a name that says what it must be, so that creating it is a
 * compare-and-swap: of two sealers one is first, and the other one reads what was written.
 */
export type LogDocument = SegmentDocument | TileDocument | CheckpointDocument | EndDocument | BatchDocument;

export interface Leaf {
  /** The event's id. */
  readonly id: string;
  /** `yyyymmdd` of its occurrence: with the id it says where the event is. */
  readonly day: string;
  /** hex */
  readonly hash: string;
}

/** Leaves of one tree in their order. Its name holds the index of the first one. */
export interface SegmentDocument {
  readonly id: string;
  readonly pk: string;
  readonly kind: 'segment';
  readonly v: 1;
  readonly firstIndex: number;
  /** The number of the feed's batch that the events came with. */
  readonly batch: number;
  readonly sealedAt: string;
  readonly leaves: readonly Leaf[];
}

/** C2SP tlog-tiles; derived from the segments, so that a proof reads few documents. */
export interface TileDocument extends TileName {
  readonly id: string;
  readonly pk: string;
  readonly kind: 'tile';
  readonly v: 1;
  /** base64 of `width` hashes */
  readonly hashes: string;
  /** Level 0: the events of the leaves. */
  readonly ids?: readonly string[];
}

export interface CheckpointDocument {
  readonly id: string;
  readonly pk: string;
  readonly kind: 'checkpoint';
  readonly v: 1;
  readonly seq: number;
  readonly size: number;
  /** hex */
  readonly root: string;
  /** hex; the roots of the perfect subtrees of `size`, the largest first */
  readonly frontier: readonly string[];
  /** The signed note, which is also the body of its anchor. */
  readonly note: string;
  readonly previous: string;
  readonly sealedAt: string;
}

/** Takes the number after a tree's last checkpoint when the tree of the next year begins: nothing can follow it. */
export interface EndDocument {
  readonly id: string;
  readonly pk: string;
  readonly kind: 'end';
  readonly v: 1;
  readonly seq: number;
  readonly sealedAt: string;
}

/** An event as a batch brings it to its tenant's tree. */
export interface BatchLeaf extends Leaf {
  /** The event's own: what makes a leaf one of ours, whoever wrote the batch. */
  readonly mac: { readonly kid: string; readonly val: string };
  /**
   * Year of its receipt, when that is long ago: it waited in a queue, or somebody wrote it again. Only such an event is
   * looked up among all that are sealed.
   */
  readonly since?: number;
}

export interface TenantBatch {
  readonly id: string;
  readonly leaves: readonly BatchLeaf[];
  /** What will never be sealed, because it is not as we wrote it. */
  readonly refused?: readonly RefusedEvent[];
}

export type Refusal = 'modified' | 'forged' | 'key-unknown';

export interface RefusedEvent {
  /** Of the event, where it has the form of one; else a hash: an intruder's text goes nowhere. */
  readonly id: string;
  readonly why: Refusal;
}

/**
 * One page of the events' change feed, written down before any of it is sealed. From here on what is sealed, and into
 * which year, is the same for everybody; the number is the compare-and-swap.
 */
export interface BatchDocument {
  readonly id: string;
  readonly pk: string;
  readonly kind: 'cursor';
  readonly v: 1;
  readonly n: number;
  /** Where the next page begins. */
  readonly token: string;
  /** Never before the batch before: its year is the year of sealing. */
  readonly at: string;
  readonly tenants: readonly TenantBatch[];
  /** Tenants whose trees could not go on, each with the first batch that it still waits for. */
  readonly behind: readonly { readonly id: string; readonly batch: number }[];
}

const padded = (value: number): string => String(value).padStart(12, '0');

export const logPartition = (tenantId: string, year: string): string => `${tenantId}|${year}`;
export const segmentId = (firstIndex: number): string => `seg-${padded(firstIndex)}`;
export const checkpointId = (seq: number): string => `cp-${padded(seq)}`;
export const batchId = (n: number): string => `batch-${padded(n)}`;
/** The number alone decides, or two sealers could both write batch n; a logical partition ends at 20 GB. */
export const batchPartition = (n: number): string => `cursor|${Math.floor(n / 10_000)}`;
export { tileId };

/** What is published, and under which name in `audit-checkpoints`. */
export interface AnchorName {
  readonly tenantId: string;
  readonly year: string;
  readonly seq: number;
}

export const yearOf = (instant: string): string => instant.slice(0, 4);
