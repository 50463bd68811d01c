import { canonicalOf, sealContent } from '../../../src/lib/audit/document';
import { contentOf } from '../../../src/lib/audit/content';
import { dayOf } from '../../../src/lib/audit/identity';
import { checkpointId, logPartition, type Leaf } from '../../../src/lib/audit/seal/documents';
import type { AnchorName, GrowthReader, Pages, TrailKeys, TrailReader } from '../../../src/lib/audit/verify';
import { createFieldCipher, type DataKeyStore } from '../../../src/lib/security';
import { xorWrap } from '../../unit/security/fakes';
import type { AttackedTrail } from './attacks';
import { buildLog, localSigner } from './log-builder';
import { richEvent } from './rich-event';
import { copyOf, type Container, type Doc, type TrailFile } from './trail-file';

export interface MemoryTrail extends AttackedTrail {
  readonly tenants: readonly string[];
  reader(tenantId: string): TrailReader;
  growthReader(tenantId: string): GrowthReader;
  keys(tenantId: string): TrailKeys;
  /** Undoes every attack. */
  restore(): void;
}

const YEAR = '2026';
const keyOf = ({ pk, id }: Pick<Doc, 'pk' | 'id'>): string => JSON.stringify([pk, id]);
const noteKeyOf = (tenantId: string, { year, seq }: AnchorName): string => `${tenantId}/${year}/${seq}`;

type State = Record<Container, Map<string, Doc>> & { notes: Map<string, string> };
const emptyState = (): State => ({ events: new Map(), log: new Map(), keys: new Map(), notes: new Map() });
const copyState = (state: State): State => ({
  events: new Map(state.events),
  log: new Map(state.log),
  keys: new Map(state.keys),
  notes: new Map(state.notes),
});

/** A trail as the product writes it, in memory: small enough to be damaged in a hundred ways in a second. */
export async function memoryTrail(
  sizes: Readonly<Record<string, number>>,
  rounds = 6,
  eventOf = richEvent,
): Promise<MemoryTrail> {
  let state = emptyState();
  let old = emptyState();
  const signer = localSigner();
  const tenants = Object.keys(sizes);
  const store: DataKeyStore = {
    read: (tenantId, id) => {
      const doc = state.keys.get(keyOf({ pk: tenantId, id }));
      return Promise.resolve(doc && { id, keyId: String(doc['keyId']), wrapped: String(doc['wrapped']) });
    },
    createIfAbsent: (tenantId, key) => {
      const name = keyOf({ pk: tenantId, id: key.id });
      if (!state.keys.has(name)) state.keys.set(name, { ...key, pk: tenantId });
      return Promise.resolve(key);
    },
  };
  const cipher = createFieldCipher({ keyWrap: xorWrap(), store });

  for (const [tenantId, size] of Object.entries(sizes)) {
    const leaves: Leaf[] = [];
    for (let n = 0; n < size; n++) {
      const content = contentOf(eventOf(tenantId, n));
      const receivedAt = new Date(Date.parse('2026-03-20T00:00:00Z') + n * 1000).toISOString();
      const document = await sealContent(cipher, canonicalOf(content), {
        receivedAt,
        recordedBy: { app: 'test', instance: 'i', seq: n },
      });
      const stored = copyOf(document) as unknown as Doc;
      state.events.set(keyOf(stored), { ...stored, _ts: Math.floor(Date.parse(receivedAt) / 1000) });
      leaves.push({ id: document.id, day: dayOf(document.occurredAt), hash: document.leafHash });
    }
    // The last round seals nothing: an empty period.
    const each = Math.ceil(size / (rounds - 1));
    const log = await buildLog(
      tenantId,
      YEAR,
      Array.from({ length: rounds }, (_, i) => ({
        leaves: leaves.slice(i * each, (i + 1) * each),
        at: new Date(Date.parse('2026-03-21T00:00:00Z') + i * 3_600_000).toISOString(),
      })),
      signer,
    );
    for (const [i, note] of log.notes.entries())
      state.notes.set(noteKeyOf(tenantId, { year: YEAR, seq: i + 1 }), note);
    for (const doc of log.documents) {
      state.log.set(keyOf(doc), doc);
      if (String(doc['sealedAt'] ?? '') < '2026-03-21T02:30:00Z') old.log.set(keyOf(doc), doc);
    }
    for (const leaf of leaves.slice(0, 3 * each))
      for (const [key, doc] of state.events) if (doc.id === leaf.id) old.events.set(key, doc);
  }
  old.keys = new Map(state.keys);
  for (const [key, note] of state.notes) if (Number(key.split('/')[2]) <= 3) old.notes.set(key, note);
  // Tiles have no time of their own: those of the later rounds are the ones beyond the old size.
  for (const [key, doc] of old.log) {
    const oldSize = Math.ceil((sizes[doc.pk.split('|')[0] ?? ''] ?? 0) / (rounds - 1)) * 3;
    const reach = (Number(doc['index']) * 256 + Number(doc['width'])) * 256 ** Number(doc['level']);
    if (doc['kind'] === 'tile' && reach > oldSize) old.log.delete(key);
  }
  const clean = copyState(state);
  old = copyState(old);

  const file: TrailFile = {
    documents: (container) => [...state[container].values()],
    put: (container, document) => void state[container].set(keyOf(document), document),
    remove: (container, document) => void state[container].delete(keyOf(document)),
    note: (tenantId, name) => Promise.resolve(state.notes.get(noteKeyOf(tenantId, name))),
    setNote(tenantId, name, note) {
      if (note === undefined) state.notes.delete(noteKeyOf(tenantId, name));
      else state.notes.set(noteKeyOf(tenantId, name), note);
      return Promise.resolve();
    },
    rollBack() {
      state = { ...copyState(old), notes: state.notes };
    },
  };

  const reader = (tenantId: string): TrailReader => ({
    anchors: () =>
      Promise.resolve(
        [...state.notes.keys()]
          .map((key) => key.split('/'))
          .filter(([tenant]) => tenant === tenantId)
          .map(([, year = '', seq]) => ({ year, seq: Number(seq) })),
      ),
    anchor: (name) => file.note(tenantId, name),
    years: () =>
      Promise.resolve([
        ...new Set(
          file
            .documents('log')
            .map(({ pk }) => pk.split('|'))
            .filter(([tenant]) => tenant === tenantId)
            .map(([, year = '']) => year),
        ),
      ]),
    log: (year, kind) =>
      pages(
        file
          .documents('log')
          .filter((doc) => doc.pk === logPartition(tenantId, year) && doc['kind'] === kind)
          .sort((a, b) => (a.id < b.id ? -1 : 1)),
      ),
    events: (days) =>
      pages(
        file.documents('events').filter(({ pk, tenantId: named }) => {
          if (days) return days.some((day) => pk.startsWith(`${tenantId}|${day}|`));
          return pk.startsWith(`${tenantId}|`) || named === tenantId;
        }),
      ),
  });

  return {
    tenants,
    file,
    year: YEAR,
    signer,
    rollBackAll() {
      state = copyState(old);
      return Promise.resolve();
    },
    restore() {
      state = copyState(clean);
    },
    keys: (tenantId) => {
      const fresh = createFieldCipher({ keyWrap: xorWrap(), store });
      return {
        keyName: signer.keyName,
        signing: [signer.spki],
        verifyMac: (mac, hash) => fresh.verifyMac(tenantId, mac, hash),
        shredded: new Set(
          file.documents('keys').flatMap(({ id, shreddedAt }) => (shreddedAt === undefined ? [] : [id])),
        ),
      };
    },
    reader,
    growthReader: (tenantId) => ({
      ...{ anchor: reader(tenantId).anchor, years: reader(tenantId).years },
      async anchorsFrom(year, from) {
        const published = await reader(tenantId).anchors();
        return published.flatMap((name) => (name.year === year && name.seq >= from ? [name.seq] : []));
      },
      checkpointsFrom: (year, from) => checkpointsFrom(reader(tenantId).log(year, 'checkpoint'), from),
      tile: (year, id) =>
        Promise.resolve(
          file.documents('log').find((doc) => doc.id === id && doc.pk === logPartition(tenantId, year)),
        ),
    }),
  };
}

/** As they come over the wire: text, parsed anew. */
async function* pages(documents: readonly Doc[]): Pages {
  await Promise.resolve();
  for (let i = 0; i < documents.length; i += 100)
    yield JSON.parse(JSON.stringify(documents.slice(i, i + 100))) as unknown[];
}

async function* checkpointsFrom(all: Pages, from: number): Pages {
  for await (const page of all) yield page.filter((each) => (each as Doc).id >= checkpointId(from));
}
