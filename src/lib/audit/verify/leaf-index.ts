import type { Findings } from './findings';
import type { LeafTable } from './leaf-table';
import type { Dispute } from './tree';

/** One log's part of a tenant's leaves. */
export interface LogLeaves {
  readonly year: string;
  readonly leaves: LeafTable;
  readonly disputes: ReadonlyMap<number, readonly Dispute[]>;
  readonly hasHoles: boolean;
  isProven(index: number): boolean;
  segmentOf(index: number): string | undefined;
}

const SEALED = 1;
const SEALED_AGAIN = 2;
const OTHER = 4;

/** The leaves of all of a tenant's logs by event id, and which of them an event was seen for. */
export class LeafIndex {
  private readonly positions = new Map<string, number>();
  private readonly starts: number[] = [];
  private readonly seen: Uint8Array;
  private byHash: Map<string, number> | undefined;
  /** Leaves of which a segment tells a wrong id or day. */
  private readonly misnamed = new Set<number>();
  private readonly renamed = new Map<number, string>();
  readonly hasHoles: boolean;
  readonly length: number;

  constructor(
    private readonly logs: readonly LogLeaves[],
    /** Days that are checked; undefined for all. */
    private readonly days: ReadonlySet<string> | undefined,
    findings: Findings,
  ) {
    let length = 0;
    for (const { leaves } of logs) {
      this.starts.push(length);
      for (let i = 0; i < leaves.length; i++) {
        const id = leaves.id(i);
        if (id === undefined) continue;
        if (this.positions.has(id)) findings.add('segments', 'duplicate-leaf', id);
        else this.positions.set(id, length + i);
      }
      length += leaves.length;
    }
    this.length = length;
    this.seen = new Uint8Array(length);
    this.hasHoles = logs.some((log) => log.hasHoles);
  }

  byId(id: string): number | undefined {
    return this.positions.get(id);
  }

  /** By its id; but an event with the content of another leaf is that leaf's, whatever id the log tells of it. */
  find(id: string, hash: Buffer): number | undefined {
    const at = this.positions.get(id);
    if (at !== undefined && this.hash(at).equals(hash)) return at;
    return this.hashes().get(hash.toString('latin1')) ?? at;
  }

  hash(at: number): Buffer {
    const { log, index } = this.at(at);
    return log.leaves.hash(index);
  }

  isProven(at: number): boolean {
    const { log, index } = this.at(at);
    return log.isProven(index);
  }

  /** An event with the content that was sealed. */
  sawSealed(at: number, id: string, day: string): void {
    const { log, index } = this.at(at);
    const stated = log.leaves.day(index);
    if (stated !== undefined && stated !== day) this.misnamed.add(at);
    this.seen[at] = (this.seen[at] ?? 0) | (this.isSeen(at, SEALED) ? SEALED_AGAIN : SEALED);
    // Segment and tile may disagree about the id of a leaf: the event's own content tells.
    if (log.leaves.id(index) === id) return;
    this.misnamed.add(at);
    this.renamed.set(at, id);
  }

  /** An event of that id with another content. */
  sawOther(at: number): void {
    this.seen[at] = (this.seen[at] ?? 0) | OTHER;
  }

  conclude(findings: Findings): void {
    for (let at = 0; at < this.length; at++) {
      const { log, index } = this.at(at);
      const id = log.leaves.id(index);
      if (id === undefined) continue;
      const [sealed, other] = [this.isSeen(at, SEALED), this.isSeen(at, OTHER)];
      const segment = log.segmentOf(index);
      if (this.misnamed.has(at) && segment !== undefined) findings.add('segments', 'modified', segment);
      for (const { tile, id: tiled } of log.disputes.get(index) ?? []) {
        // Where the segment lies about the id, the tile that says otherwise is right.
        if (!this.renamed.has(at) || this.renamed.get(at) !== tiled)
          findings.add('tiles', 'modified', `${log.year}/${tile}`);
      }
      if (sealed && (other || this.isSeen(at, SEALED_AGAIN))) findings.add('events', 'duplicate', id);
      else if (other) findings.add('events', 'modified', id);
      else if (!sealed && this.isChecked(log.leaves.day(index))) findings.add('events', 'missing', id);
    }
  }

  private isChecked(day: string | undefined): boolean {
    return this.days === undefined || (day !== undefined && this.days.has(day));
  }

  private isSeen(at: number, what: number): boolean {
    return ((this.seen[at] ?? 0) & what) !== 0;
  }

  private hashes(): Map<string, number> {
    if (this.byHash) return this.byHash;
    this.byHash = new Map();
    for (let at = 0; at < this.length; at++) this.byHash.set(this.hash(at).toString('latin1'), at);
    return this.byHash;
  }

  private at(at: number): { log: LogLeaves; index: number } {
    // A tenant has one log a year: a handful.
    let n = this.logs.length - 1;
    while (n > 0 && (this.starts[n] ?? 0) > at) n--;
    const log = this.logs[n];
    if (!log) throw new RangeError('No leaf at this position');
    return { log, index: at - (this.starts[n] ?? 0) };
  }
}
