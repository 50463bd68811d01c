import { createHash } from 'node:crypto';
import { parseCheckpoint, parseNote } from '../../../../src/lib/audit/merkle';
import { logPartition, type Leaf } from '../../../../src/lib/audit/seal/documents';
import {
  stateAfter,
  verifyGrowth,
  verifyTrail,
  type GrowthReader,
  type GrowthVerification,
  type VerifierState,
} from '../../../../src/lib/audit/verify';
import { buildLog, localSigner, signedNote } from '../../../support/audit/log-builder';
import { memoryTrail, type MemoryTrail } from '../../../support/audit/memory-trail';
import type { Doc } from '../../../support/audit/trail-file';

const TENANT = 'north';
const NOW = new Date('2026-03-22T00:00:00Z');
const MMD = { maximumMergeDelayMs: 120_000, now: NOW };
let trail: MemoryTrail;
/** What a verifier kept when there were three checkpoints, and when there were all six. */
let early: VerifierState;
let late: VerifierState;

const grow = (
  lastState: VerifierState | undefined,
  reader = trail.growthReader(TENANT),
): Promise<GrowthVerification> =>
  verifyGrowth({ tenantId: TENANT, reader, keys: trail.keys(TENANT), lastState, ...MMD });

async function seen(): Promise<VerifierState> {
  const [reader, keys] = [trail.reader(TENANT), trail.keys(TENANT)];
  const state = stateAfter(await verifyTrail({ tenantId: TENANT, reader, keys, ...MMD }));
  if (!state) throw new Error('The trail is not clean.');
  return state;
}

const found = ({ findings }: GrowthVerification): string[] =>
  findings.flatMap(({ check, verdict, ids }) => ids.map((id) => `${check} ${verdict} ${id}`)).sort();

beforeAll(async () => {
  trail = await memoryTrail({ [TENANT]: 700, south: 3 });
  await trail.rollBackAll();
  early = await seen();
  trail.restore();
  late = await seen();
});
beforeEach(() => trail.restore());

const documents = (kind: string): Doc[] =>
  trail.file
    .documents('log')
    .filter((doc) => doc.pk === logPartition(TENANT, '2026') && doc['kind'] === kind)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
function checkpoint(seq: number): Doc {
  const doc = documents('checkpoint').find((each) => each['seq'] === seq);
  if (!doc) throw new Error('There is no such checkpoint.');
  return doc;
}
const setNote = (seq: number, note: string | undefined): Promise<void> =>
  trail.file.setNote(TENANT, { year: '2026', seq }, note);

/** Puts a checkpoint of our own making, rightly signed and published, in the place of one. */
async function resign(
  seq: number,
  change: { root?: string; size?: number; time?: string; previous?: string },
): Promise<string> {
  const doc = checkpoint(seq);
  const body = parseCheckpoint(parseNote(String(doc['note']))?.text ?? '');
  if (!body) throw new Error('It is none.');
  const note = await signedNote(trail.signer, { ...body, ...change });
  const { root = body.root, size = body.size, time = body.time, previous = body.previous } = change;
  trail.file.put('log', { ...doc, root, size, previous, sealedAt: time, note });
  await setNote(seq, note);
  return note;
}
const hashOf = (note: string): string => createHash('sha256').update(note).digest('hex');

describe('what was added', () => {
  it('continues what was seen, and is what the verifier keeps then', async () => {
    const verification = await grow(early);
    expect(found(verification)).toEqual([]);
    expect(verification.counts.checkpoints).toBe(4);
    expect(stateAfter(verification, early)).toEqual({ ...late, verifiedAt: NOW.toISOString() });
  });

  it('is nothing, and that is proved without a tile', async () => {
    const verification = await grow(late);
    expect([verification.verdict, verification.counts]).toEqual(['intact', { checkpoints: 1, tilesRead: 0 }]);
  });

  it('is everything, for who has seen nothing: the whole chain is checked', async () => {
    const verification = await grow(undefined);
    expect([verification.verdict, verification.counts.checkpoints]).toEqual(['intact', 6]);
    expect(stateAfter(verification)).toEqual(late);
  });

  it('may wait for its published copy', async () => {
    await setNote(6, undefined);
    expect(found(await grow(early))).toEqual(['anchors missing 2026/000000000006']);
    const now = new Date('2026-03-21T05:00:30Z');
    const young = { ...MMD, now, tenantId: TENANT, lastState: early, keys: trail.keys(TENANT) };
    expect(found(await verifyGrowth({ ...young, reader: trail.growthReader(TENANT) }))).toEqual([]);
  });
});

describe('an attack', () => {
  afterEach(async () => {
    // What was found is never what is kept.
    for (const state of [early, late]) {
      const verification = await grow(state);
      if (verification.verdict === 'damaged') expect(stateAfter(verification, state)).toBeUndefined();
    }
  });

  it('the store is set back', async () => {
    trail.file.rollBack();
    expect(found(await grow(late))).toEqual(['checkpoints rolled-back 2026/cp-000000000006']);
    expect(found(await grow(early))).toEqual(
      [4, 5, 6].map((seq) => `checkpoints rolled-back 2026/cp-00000000000${seq}`),
    );
  });

  it('the store and the published copies are set back', async () => {
    await trail.rollBackAll();
    expect(found(await grow(late))).toEqual(['last-state rolled-back 2026/6']);
  });

  it('the whole log is gone', async () => {
    for (const doc of trail.file.documents('log')) trail.file.remove('log', doc);
    for (let seq = 1; seq <= 6; seq++) await setNote(seq, undefined);
    expect(found(await grow(late))).toEqual(['last-state rolled-back 2026/6']);
  });

  it('a checkpoint is missing', async () => {
    trail.file.remove('log', checkpoint(5));
    expect(found(await grow(early))).toEqual(['checkpoints missing 2026/cp-000000000005']);
    await setNote(5, undefined);
    expect(found(await grow(early))).toEqual([
      'anchors missing 2026/000000000005',
      'checkpoints missing 2026/cp-000000000005',
    ]);
  });

  it('the checkpoint that was seen is missing', async () => {
    trail.file.remove('log', checkpoint(3));
    await setNote(3, undefined);
    expect(found(await grow(early))).toEqual([
      'anchors missing 2026/000000000003',
      'checkpoints missing 2026/cp-000000000003',
      'last-state missing 2026/3',
    ]);
  });

  it('a published copy is missing', async () => {
    await setNote(4, undefined);
    expect(found(await grow(early))).toEqual(['anchors missing 2026/000000000004']);
  });

  it('a checkpoint has a wrong signature', async () => {
    const doc = checkpoint(5);
    trail.file.put('log', { ...doc, note: String(doc['note']).replace('time 2026', 'time 2025') });
    expect(found(await grow(early))).toEqual(['checkpoints forged 2026/cp-000000000005']);
  });

  it('a checkpoint is signed by another key', async () => {
    const doc = checkpoint(6);
    const body = parseCheckpoint(parseNote(String(doc['note']))?.text ?? '');
    const note = await signedNote(localSigner(), body as NonNullable<typeof body>);
    trail.file.put('log', { ...doc, note });
    await setNote(6, note);
    expect(found(await grow(early))).toEqual([
      'anchors key-unknown 2026/000000000006',
      'checkpoints key-unknown 2026/cp-000000000006',
    ]);
  });

  it('what was seen is signed anew, with the same root', async () => {
    const note = await resign(3, { time: '2026-03-21T02:00:01.000Z' });
    expect(found(await grow(early))).toEqual([
      'checkpoints chain-broken 2026/cp-000000000004',
      'last-state forked 2026/3',
    ]);
    expect(note).toContain('seq 3');
  });

  it('what was seen has another root', async () => {
    await resign(6, { root: 'ab'.repeat(32) });
    expect(found(await grow(late))).toEqual([
      'checkpoints modified 2026/cp-000000000006',
      'last-state forked 2026/6',
    ]);
  });

  it('a checkpoint continues another one', async () => {
    await resign(6, { previous: 'ab'.repeat(32) });
    expect(found(await grow(early))).toEqual(['checkpoints chain-broken 2026/cp-000000000006']);
  });

  it('the log shrinks, rightly signed', async () => {
    await resign(6, { size: 3 });
    expect(found(await grow(early))).toEqual([
      'checkpoints chain-broken 2026/cp-000000000006',
      'checkpoints modified 2026/cp-000000000006',
    ]);
  });

  it('another history was shown for a while, rightly signed and chained', async () => {
    const four = await resign(4, { root: 'ab'.repeat(32) });
    const five = await resign(5, { previous: hashOf(four) });
    await resign(6, { previous: hashOf(five) });
    expect(found(await grow(early))).toEqual([
      'checkpoints forked 2026/cp-000000000004',
      'checkpoints modified 2026/cp-000000000004',
    ]);
  });

  it('history before what was seen is rewritten by one who has the key: tiles, roots, chain and copies fit', async () => {
    const leaves = documents('segment').flatMap((doc) => doc['leaves'] as Leaf[]);
    leaves[10] = { ...(leaves[10] as Leaf), hash: 'ab'.repeat(32) };
    const each = Math.ceil(leaves.length / 5);
    const rounds = Array.from({ length: 6 }, (_, i) => ({
      leaves: leaves.slice(i * each, (i + 1) * each),
      at: String(checkpoint(i + 1)['sealedAt']),
    }));
    const kept = [1, 2, 3].map((seq) => checkpoint(seq));
    const forged = await buildLog(TENANT, '2026', rounds, trail.signer);
    for (const doc of forged.documents) trail.file.put('log', doc);
    for (const doc of kept) trail.file.put('log', doc);
    let previous = String(kept[2]?.['note']);
    for (const seq of [4, 5, 6]) previous = await resign(seq, { previous: hashOf(previous) });
    expect(found(await grow(early))).toEqual(['checkpoints forked 2026/cp-000000000003']);
  });

  it('a tile that the proof needs is gone, or another one', async () => {
    const asked: string[] = [];
    const reader = trail.growthReader(TENANT);
    const noting = { ...reader, tile: (year: string, id: string) => (asked.push(id), reader.tile(year, id)) };
    await grow(early, noting);
    const tile = documents('tile').find(({ id }) => id === asked[0]);
    if (!tile) throw new Error('No tile was read.');
    trail.file.remove('log', tile);
    expect(found(await grow(early))).toEqual(
      expect.arrayContaining([
        `tiles missing 2026/${tile.id}`,
        'checkpoints unprovable 2026/cp-000000000003',
      ]),
    );
    const hashes = Buffer.from(String(tile['hashes']), 'base64').fill(7);
    trail.file.put('log', { ...tile, hashes: hashes.toString('base64') });
    expect(found(await grow(early))).toContain('checkpoints unprovable 2026/cp-000000000003');
    trail.file.put('log', { ...tile, added: 1 });
    expect(found(await grow(early))).toContain(`tiles modified 2026/${tile.id}`);
  });
});

describe('what it reads', () => {
  /** Of a log with so many leaves that gained ten more since it was verified. */
  async function readsOf(before: number): Promise<{ notes: number; others: number; tiles: number }> {
    const signer = localSigner();
    const leaves = Array.from({ length: before + 10 }, (_, n): Leaf => ({
      id: `event-${n}`,
      day: '20260305',
      hash: hashOf(`${n}`),
    }));
    const rounds = [leaves.slice(0, before), leaves.slice(before)];
    const at = (n: number): string => `2026-03-21T0${n}:00:00.000Z`;
    const log = await buildLog(
      TENANT,
      '2026',
      rounds.map((part, n) => ({ leaves: part, at: at(n) })),
      signer,
    );
    const byId = new Map(log.documents.map((doc) => [doc.id, doc]));
    const counted = { notes: 0, others: 0, tiles: 0 };
    const reader: GrowthReader = {
      years: () => (counted.others++, Promise.resolve(['2026'])),
      anchorsFrom: (_, from) => (counted.others++, Promise.resolve([1, 2].filter((seq) => seq >= from))),
      anchor: ({ seq }) => (counted.notes++, Promise.resolve(log.notes[seq - 1])),
      async *checkpointsFrom(_, from) {
        await Promise.resolve();
        counted.others++;
        yield log.documents.filter((doc) => doc['kind'] === 'checkpoint' && Number(doc['seq']) >= from);
      },
      tile: (_, id) => (counted.tiles++, Promise.resolve(byId.get(id))),
    };
    const [note = ''] = log.notes;
    const body = parseCheckpoint(parseNote(note)?.text ?? '');
    const known = { seq: 1, size: before, root: String(body?.root), noteHash: hashOf(note) };
    const lastState: VerifierState = {
      ...{ v: 1, tenantId: TENANT, verifiedAt: at(0), keys: [] },
      logs: { '2026': known },
    };
    const keys = { keyName: signer.keyName, signing: [signer.spki] };
    const verification = await verifyGrowth({ tenantId: TENANT, reader, keys, lastState, ...MMD });
    expect([found(verification), verification.counts]).toEqual([
      [],
      { checkpoints: 2, tilesRead: counted.tiles },
    ]);
    return counted;
  }

  it.each([100, 1_000, 20_000])('is as good as nothing for %i leaves', async (leaves) => {
    const { notes, others, tiles } = await readsOf(leaves);
    expect([notes, others]).toEqual([2, 3]);
    // A tile for each level of 256, of which the newest frontier holds most.
    expect(tiles).toBeLessThanOrEqual(Math.ceil(Math.log2(leaves) / 8));
  });
});
