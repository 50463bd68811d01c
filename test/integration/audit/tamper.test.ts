import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { logOrigin, parseNote, parseProof, verifyInclusion } from '../../../src/lib/audit/merkle';
import { attacks, foundIn } from '../../support/audit/attacks';
import { wireTrail, type WireTrail } from '../../support/audit/wire-trail';

// The same attacks as in memory (test/unit/audit/verify), on the stand-in's own file; `npm run drill:tamper` makes all of
// them on 10,000 events.

const folder = mkdtempSync(join(tmpdir(), 'medrelay-tamper-'));
let trail: WireTrail;

beforeAll(async () => {
  trail = await wireTrail(folder, { north: 290, south: 40 });
}, 240_000);
afterAll(async () => {
  await trail.stop();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(() => trail.restore());

it('finds nothing in a clean trail', () => {
  expect(trail.clean.map(({ verdict, counts }) => [verdict, counts])).toEqual([
    ['intact', { checkpoints: expect.any(Number), leaves: 290, eventsHashed: 290, pending: 0 }],
    ['intact', { checkpoints: expect.any(Number), leaves: 40, eventsHashed: 40, pending: 0 }],
  ]);
});

it('proves an event from at most four documents of the log', async () => {
  const ids = await trail.attack(() =>
    Promise.resolve(trail.file.documents('events').map(({ id, tenantId }) => ({ id, tenantId }))),
  );
  const own = ids.filter(({ tenantId }) => tenantId === 'north');
  for (const { id } of [own[0], own[150], own.at(-1)].flatMap((each) => each ?? [])) {
    const read: string[] = [];
    const proof = await trail.prove('north', id, (what) => read.push(what));
    expect(read.length).toBeLessThanOrEqual(4);
    const { index, path, checkpoint } = parseProof(proof.text) ?? { index: -1, path: [], checkpoint: '' };
    const leaf = Buffer.from(proof.leafHash, 'hex');
    expect(verifyInclusion(leaf, index, proof.size, path, Buffer.from(proof.root, 'hex'))).toBe(true);
    expect(parseNote(checkpoint)?.text).toContain(`${logOrigin('north', trail.year)}\n290\n`);
  }
  await expect(trail.prove('north', 'a'.repeat(32), () => undefined)).rejects.toThrow(
    expect.objectContaining({ code: 'AUDIT_NOT_SEALED' }) as Error,
  );
});

const few = new Set([
  'every value of an event, each in another event',
  'content edited, leaf hash made anew',
  "the MAC key replaced by another tenant's",
  'deleted: a range of events',
  'inserted: a new event with its right hash and the MAC of another',
  "moved: an event to another tenant's partition",
  'ciphertexts exchanged between two tenants',
  'segment: the first one deleted',
  'tile: a hash of a partial one',
  'checkpoint: 3 in a row deleted',
  'published copy: deleted',
  'the database set back',
  'the database and the published copies set back',
  'an event taken out and everything sealed anew with the right key, published copies too',
]);

it.each(attacks.filter(({ name }) => few.has(name)))('$name', async ({ tamper, andMore, trustedKeys }) => {
  const expected = [...(await trail.attack(() => Promise.resolve(tamper(trail))))].sort();
  const found = foundIn(await trail.verify(trustedKeys?.()));
  expect(andMore ? found.filter((each) => expected.includes(each)) : found).toEqual(expected);
  expect(expected).not.toEqual([]);
});
