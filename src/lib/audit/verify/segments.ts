import { segmentId } from '../seal/documents';
import type { Findings } from './findings';
import { LeafTable } from './leaf-table';
import { asSegment, idOf } from './log-documents';
import type { Pages } from './types';

interface Extent {
  readonly id: string;
  readonly from: number;
  readonly to: number;
  readonly sealedAt: string | undefined;
}

interface Log {
  readonly year: string;
  readonly pk: string;
  /** Of the newest checkpoint; and of the newest one that the store still has. */
  readonly size: number;
  readonly storedSize: number;
}

export interface Segments {
  readonly leaves: LeafTable;
  readonly extents: readonly Extent[];
  /** Names of the segments that hold a leaf between two indexes, `to` not included. */
  namesBetween(from: number, to: number): string[];
}

/** So far beyond all that is signed no sealer gets: what somebody numbers so must not make a table of 10^12 leaves. */
const FAR = 100_000;
const STATED = /^seg-(\d{12})$/;

/** Leaves in the order of the tree. A segment that is damaged or gone leaves a hole, which tiles may fill. */
export async function readSegments(
  pages: Pages,
  { year, pk, size, storedSize }: Log,
  findings: Findings,
): Promise<Segments> {
  const leaves = new LeafTable();
  const extents: Extent[] = [];
  /** A damaged segment is there, so the hole that it leaves is not one that is missing. */
  const damaged = new Map<number, string>();
  const named = (id: string): string => `${year}/${id}`;
  let next = 0;

  const close = (to: number, verdict: 'missing' | 'rolled-back' = 'missing'): void => {
    if (next >= to) return;
    const id = damaged.get(next) ?? segmentId(next);
    if (!damaged.has(next)) findings.add('segments', verdict, named(id));
    extents.push({ id: named(id), from: next, to, sealedAt: undefined });
    leaves.grow(to);
    next = to;
  };

  for await (const page of pages) {
    for (const candidate of page) {
      const segment = asSegment(candidate, pk);
      const id = idOf(candidate);
      if (!segment) {
        findings.add('segments', 'modified', named(id));
        const start = STATED.exec(id)?.[1];
        if (start !== undefined) damaged.set(Number(start), id);
        continue;
      }
      const { firstIndex, sealedAt } = segment;
      if (firstIndex < next || firstIndex > Math.max(next, size) + FAR) {
        findings.add('segments', 'extra', named(id));
        continue;
      }
      close(firstIndex);
      segment.leaves.forEach((leaf, i) =>
        leaves.set(firstIndex + i, leaf.id, Buffer.from(leaf.hash, 'hex'), leaf.day),
      );
      next = firstIndex + segment.leaves.length;
      extents.push({ id: named(id), from: firstIndex, to: next, sealedAt });
    }
  }
  close(storedSize);
  close(size, 'rolled-back');
  return {
    leaves,
    extents,
    namesBetween: (from, to) =>
      extents.filter((extent) => extent.from < to && extent.to > from).map(({ id }) => id),
  };
}
