import type { Mac, Ready } from '../../security';

/** What is checked. An id of `events` is an event's; those of the others begin with the year of their log. */
export type Check = 'events' | 'segments' | 'tiles' | 'checkpoints' | 'anchors' | 'keys' | 'last-state';

/** docs/audit.md says of each what it means and what to do. */
export type Verdict =
  /** Its content is not what was sealed, or not what its own hash says. */
  | 'modified'
  /** It was sealed, or must exist, and is not there. */
  | 'missing'
  /** It is there, older than the maximum merge delay and the newest checkpoint, and in no tree. */
  | 'extra'
  /** Sealing is behind: it is older than the maximum merge delay, and younger than the newest checkpoint. */
  | 'unsealed'
  /** Its MAC is not one of this tenant's key, or its signature not one of the key that it names. */
  | 'forged'
  /** It lies under a tenant, day or partition that its own content does not demand. */
  | 'misplaced'
  /** A second document of one event. */
  | 'duplicate'
  /** One event with two leaves. */
  | 'duplicate-leaf'
  /** No key that we know: the MAC's, or that of any of a checkpoint's signatures. */
  | 'key-unknown'
  /** Every MAC of a key is wrong although the content is what was sealed: the key was exchanged. */
  | 'key-replaced'
  /** Two signed statements about one log that cannot both be true. */
  | 'forked'
  /** The log ends before what was published, or before what was verified last time. */
  | 'rolled-back'
  /** A checkpoint does not continue the one before it. */
  | 'chain-broken'
  /** Sealed by segments that no checkpoint covers although the maximum merge delay has passed. */
  | 'unsigned'
  /** Cannot be judged, because the part of the log that would hold its leaf is not there. */
  | 'unprovable';

export interface Finding {
  readonly check: Check;
  readonly verdict: Verdict;
  readonly ids: readonly string[];
}

export interface Checkpoint {
  readonly seq: number;
  readonly size: number;
  /** hex */
  readonly root: string;
  /** hex SHA-256 of its signed note */
  readonly noteHash: string;
}

/** What a verifier keeps between runs, where nobody who can write to the trail can write. */
export interface VerifierState {
  readonly v: 1;
  readonly tenantId: string;
  readonly verifiedAt: string;
  /** Newest checkpoint by year of the log. */
  readonly logs: Readonly<Record<string, Checkpoint>>;
  /** `SHA256:...` of the public keys whose signatures were accepted. */
  readonly keys: readonly string[];
}

export interface AnchorName {
  readonly year: string;
  readonly seq: number;
}

/** Pages, so that a million documents cost a thousand turns of the event loop. */
export type Pages = AsyncIterable<readonly unknown[]>;

/** One tenant's trail as it is stored. Nothing that comes from here is believed. */
export interface TrailReader {
  /** Every published checkpoint note. */
  anchors(): Promise<readonly AnchorName[]>;
  /** Its text. */
  anchor(name: AnchorName): Promise<string | undefined>;
  /** The years in which the tenant has a log. */
  years(): Promise<readonly string[]>;
  /** Every document of a kind, by id. */
  log(year: string, kind: 'segment' | 'tile' | 'checkpoint'): Pages;
  /** Every document in the tenant's partitions or with the tenant's name: of these days (`yyyymmdd`), or all. */
  events(days: readonly string[] | undefined): Pages;
}

export interface TrailKeys {
  /** As signature lines name the signer. */
  readonly keyName: string;
  /** SPKI in DER of every version of the signing key. */
  readonly signing: readonly Uint8Array[];
  /** False for a wrong MAC; KEY_... when there is no such key. */
  readonly verifyMac: (mac: Mac, leafHash: Uint8Array) => Ready<boolean>;
  /** Ids of the secrets that were destroyed; undefined for who may not see them. */
  readonly shredded?: ReadonlySet<string> | undefined;
}

/** What every level of verification says. */
export interface LogVerification {
  readonly tenantId: string;
  readonly verdict: 'intact' | 'damaged';
  readonly findings: readonly Finding[];
  readonly verifiedAt: string;
  /** Newest checkpoint by year. */
  readonly logs: Readonly<Record<string, Checkpoint & { readonly time: string }>>;
  /** Fingerprints of the keys that signed. */
  readonly keys: readonly string[];
}

/** Of the whole trail, from its content up. */
export interface Verification extends LogVerification {
  readonly counts: {
    readonly checkpoints: number;
    readonly leaves: number;
    readonly eventsHashed: number;
    /** Recorded within the maximum merge delay: not sealed yet, MAC checked. */
    readonly pending: number;
  };
  /** No findings: protected text that was made unreadable on purpose. Undefined for who may not see it. */
  readonly shredded: Shredded | undefined;
}

export interface Shredded {
  /** Whose secret was destroyed. */
  readonly persons: number;
  readonly fields: number;
  /** With such a field. */
  readonly events: readonly string[];
}

/** Of the log alone, and of what was added since the last verification. */
export interface GrowthVerification extends LogVerification {
  readonly counts: {
    /** Looked at: the last one that was seen, and those after it. */
    readonly checkpoints: number;
    readonly tilesRead: number;
  };
}

/** What was added to a tenant's logs, without what was there before. */
export interface GrowthReader extends Pick<TrailReader, 'anchor'> {
  /** The years of which something is stored or published. */
  years(): Promise<readonly string[]>;
  /** The numbers of the published checkpoints of a year, from one on. */
  anchorsFrom(year: string, seq: number): Promise<readonly number[]>;
  /** Checkpoint documents of a year from a number on, by id. */
  checkpointsFrom(year: string, seq: number): Pages;
  tile(year: string, id: string): Promise<unknown>;
}

/** The documents of a tenant's logs that one proof needs. */
export interface ProofSource {
  /** Of the log that has sealed the event; a lookup in an index. */
  yearOf(eventId: string): Promise<string | undefined>;
  newestCheckpoint(year: string): Promise<unknown>;
  /** The full tile of level 0 that names the event, or the partial one of this id. */
  tileNaming(year: string, eventId: string, partial: string): Promise<unknown>;
  tile(year: string, id: string): Promise<unknown>;
}
