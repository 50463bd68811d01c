import { createHash } from 'node:crypto';
import type { LogDocument, SealPorts } from '../src/lib/audit';
import { buildLog, type Signer } from '../test/support/audit/log-builder';

export const TENANT = 'north';
export const YEAR = '2026';
const PK = `${TENANT}|${YEAR}`;

export const idOf = (n: number): string => `event-${String(n).padStart(10, '0')}`;

/** The log of so many events, with a checkpoint for each ten thousand: its documents as JSON by key, and its notes. */
export interface SealedTree {
  readonly documents: ReadonlyMap<string, string>;
  readonly notes: readonly string[];
}

const ROUND = 10_000;

export async function sealedTree(size: number, signer: Signer): Promise<SealedTree> {
  const leaves = Array.from({ length: size }, (_, n) => ({
    id: idOf(n),
    day: '20260305',
    hash: createHash('sha256').update(`leaf ${n}`).digest('hex'),
  }));
  const rounds = Array.from({ length: Math.ceil(size / ROUND) }, (_, n) => ({
    leaves: leaves.slice(n * ROUND, (n + 1) * ROUND),
    at: new Date(Date.parse('2026-03-06T00:00:00Z') + n * 60_000).toISOString(),
  }));
  const { documents, notes } = await buildLog(TENANT, YEAR, rounds, signer);
  return { documents: new Map(documents.map((each) => [keyOf(each), JSON.stringify(each)])), notes };
}

const keyOf = ({ pk, id }: { readonly pk: string; readonly id: string }): string => `${pk}/${id}`;

/** What the sealer needs beside events: its stores in memory, beginning with a tree, and what it writes to them. */
export function sealStores({ documents, notes: before }: SealedTree): Pick<SealPorts, 'log' | 'anchors'> & {
  readonly written: { documents: number; bytes: number };
} {
  const own = new Map<string, string>();
  const notes = [...before];
  const written = { documents: 0, bytes: 0 };
  const newest: Partial<Record<LogDocument['kind'], LogDocument>> = {};
  const read = (key: string): LogDocument | undefined => {
    const text = own.get(key) ?? documents.get(key);
    return text === undefined ? undefined : (JSON.parse(text) as LogDocument);
  };
  const last = <K extends LogDocument['kind']>(kind: K): Extract<LogDocument, { kind: K }> | undefined =>
    newest[kind] as Extract<LogDocument, { kind: K }> | undefined;
  for (const key of documents.keys())
    if (key.startsWith(`${PK}/seg-`) || key.startsWith(`${PK}/cp-`)) remember(read(key));

  function remember(document: LogDocument | undefined): void {
    if (!document) return;
    const known = newest[document.kind];
    if (!known || known.id < document.id) newest[document.kind] = document;
  }

  return {
    written,
    log: {
      create(document) {
        const key = keyOf(document);
        if (own.has(key) || documents.has(key)) return Promise.resolve('exists');
        const text = JSON.stringify(document);
        own.set(key, text);
        written.documents += 1;
        written.bytes += text.length;
        remember(document);
        return Promise.resolve('created');
      },
      read: (pk, id) => Promise.resolve(read(`${pk}/${id}`)),
      newestCheckpoint: () => Promise.resolve(last('checkpoint')),
      newestSegment: () => Promise.resolve(last('segment')),
      segmentsFrom: (_, firstIndex) => {
        const segment = last('segment');
        return Promise.resolve(segment && segment.firstIndex >= firstIndex ? [segment] : []);
      },
      segmentsOfBatch: () => Promise.resolve([]),
      segmentAt: () => Promise.resolve(undefined),
      tilesNaming: () => Promise.resolve([]),
      newestBatch: () => Promise.resolve(last('cursor')),
      batchesOf: () => Promise.resolve([]),
      newestSeal: () => Promise.resolve(last('checkpoint')?.sealedAt),
    },
    anchors: {
      publish({ seq }, text) {
        if (notes[seq - 1] !== undefined) return Promise.resolve('exists');
        notes[seq - 1] = text;
        return Promise.resolve('created');
      },
      read: ({ seq }) => Promise.resolve(notes[seq - 1]),
      newestFrom: ({ seq }) => Promise.resolve(notes.length >= seq ? notes.length : undefined),
      tenants: () => Promise.resolve([TENANT]),
      years: () => Promise.resolve([YEAR]),
    },
  };
}
