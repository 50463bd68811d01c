import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readState, writeState } from '../../../../cli/audit-state';
import {
  stateAfter,
  verifyTrail,
  type TrailReader,
  type Verification,
  type VerifierState,
} from '../../../../src/lib/audit/verify';
import { foundIn } from '../../../support/audit/attacks';
import { memoryTrail, type MemoryTrail } from '../../../support/audit/memory-trail';
import { buildLog, localSigner } from '../../../support/audit/log-builder';
import { richEvent } from '../../../support/audit/rich-event';
import type { Doc } from '../../../support/audit/trail-file';

let trail: MemoryTrail;
beforeAll(async () => {
  trail = await memoryTrail({ north: 60 });
});
beforeEach(() => trail.restore());

const verify = (options: Partial<Parameters<typeof verifyTrail>[0]> = {}): Promise<Verification> =>
  verifyTrail({
    tenantId: 'north',
    reader: trail.reader('north'),
    keys: trail.keys('north'),
    maximumMergeDelayMs: 120_000,
    now: new Date('2026-03-22T00:00:00Z'),
    ...options,
  });
const dayOfDoc = ({ pk }: Doc): string => pk.split('|')[1] ?? '';
const newest = (kind: string): Doc => {
  const docs = trail.file.documents('log').filter((doc) => doc['kind'] === kind);
  const last = docs.sort((a, b) => (a.id < b.id ? -1 : 1)).at(-1);
  if (!last) throw new Error('None');
  return last;
};

describe('a range', () => {
  it('hashes only events of its days, and checks the log whole', async () => {
    const docs = trail.file.documents('events');
    const day = dayOfDoc(docs[0] as Doc);
    const own = docs.filter((doc) => dayOfDoc(doc) === day);
    const other = docs.find((doc) => dayOfDoc(doc) !== day) as Doc;
    trail.file.put('events', { ...other, outcome: '8' });
    const clean = await verify({ days: [day] });
    expect([clean.verdict, clean.counts.eventsHashed]).toEqual(['intact', own.length]);
    trail.file.remove('events', own[0] as Doc);
    trail.file.remove('log', newest('checkpoint'));
    expect(foundIn([await verify({ days: [day] })])).toEqual([
      'north checkpoints rolled-back 2026/cp-000000000006',
      `north events missing ${own[0]?.id}`,
    ]);
  });
});

describe('what is under way', () => {
  /** As before the sealer's last turn. */
  function unseal(): Doc[] {
    const segment = newest('segment');
    const ids = (segment['leaves'] as { id: string }[]).map(({ id }) => id);
    const first = Number(segment['firstIndex']);
    trail.file.remove('log', segment);
    for (const doc of trail.file.documents('log')) {
      const reach = Number(doc['index']) * 256 + Number(doc['width']);
      const isLate = doc['kind'] === 'tile' ? reach > first : Number(doc['size']) > first;
      if (isLate) trail.file.remove('log', doc);
    }
    for (const seq of [5, 6]) void trail.file.setNote('north', { year: '2026', seq }, undefined);
    return trail.file.documents('events').filter(({ id }) => ids.includes(id));
  }
  const justAfter = new Date('2026-03-20T00:02:30Z');

  it('is no finding while it is young, and one when it is old', async () => {
    const waiting = unseal();
    const young = await verify({ now: justAfter });
    expect([foundIn([young]), young.counts.pending]).toEqual([[], waiting.length]);
    expect(foundIn([await verify()])).toEqual(waiting.map(({ id }) => `north events extra ${id}`).sort());
  });

  it('is no finding when it came out of the queue a moment ago', async () => {
    const [late, ...others] = unseal();
    for (const doc of others) trail.file.remove('events', doc);
    const writtenAt = Math.floor(Date.parse('2026-03-21T23:59:30Z') / 1000);
    trail.file.put('events', { ...(late as Doc), _ts: writtenAt });
    const { verdict, counts } = await verify();
    expect([verdict, counts.pending]).toEqual(['intact', 1]);
  });

  it('is unsealed where sealing is behind, which no time in the future excuses', async () => {
    const [late, ...others] = unseal();
    for (const doc of others) trail.file.remove('events', doc);
    const { id } = late as Doc;
    const writtenAt = (time: string) =>
      trail.file.put('events', { ...(late as Doc), _ts: Math.floor(Date.parse(time) / 1000) });
    writtenAt('2026-03-21T23:00:00Z');
    expect(foundIn([await verify()])).toEqual([`north events unsealed ${id}`]);
    writtenAt('2099-01-01T00:00:00Z');
    expect(foundIn([await verify()])).toEqual([`north events extra ${id}`]);
  });

  it('a newest checkpoint waits for its published copy', async () => {
    await trail.file.setNote('north', { year: '2026', seq: 6 }, undefined);
    expect((await verify({ now: new Date('2026-03-21T05:01:00Z') })).verdict).toBe('intact');
    expect(foundIn([await verify()])).toEqual(['north anchors missing 2026/000000000006']);
  });

  it('a log that grows while it is read gives no false alarm', async () => {
    // All that the check reads after the checkpoints is already of later.
    const reader = trail.reader('north');
    const stored = trail.file.documents('log');
    const waiting = unseal();
    const now = justAfter;
    const growing: TrailReader = {
      ...trail.reader('north'),
      log: (year, kind) => {
        if (kind === 'checkpoint') return trail.reader('north').log(year, kind);
        for (const doc of stored)
          trail.file.put('log', {
            ...doc,
            ...(doc['kind'] === 'tile' && { _ts: now.getTime() / 1000 }),
            ...(doc['kind'] === 'segment' && { sealedAt: now.toISOString() }),
          });
        return reader.log(year, kind);
      },
    };
    expect(waiting.length).toBeGreaterThan(0);
    expect(foundIn([await verify({ reader: growing, now })])).toEqual([]);
  });
});

describe('the turn of a year', () => {
  async function years(drop: boolean): Promise<string[]> {
    const signer = localSigner();
    const at = (year: string) =>
      [1, 2].map((hour) => ({ leaves: [], at: `${year}-12-31T0${hour}:00:00.000Z` }));
    const old = await buildLog('north', '2025', at('2025'), signer);
    const young = await buildLog('north', '2026', at('2026'), signer, old.notes[1]);
    const notes = { '2025': drop ? old.notes.slice(0, 1) : old.notes, '2026': young.notes };
    const documents = [...old.documents, ...young.documents];
    const reader: TrailReader = {
      anchors: () =>
        Promise.resolve(
          Object.entries(notes).flatMap(([year, of]) => of.map((_, i) => ({ year, seq: i + 1 }))),
        ),
      anchor: ({ year, seq }) => Promise.resolve(notes[year as '2025'][seq - 1]),
      years: () => Promise.resolve(['2026', '2025']),
      async *log(year, kind) {
        await Promise.resolve();
        yield documents
          .filter((doc) => doc.pk === `north|${year}` && doc['kind'] === kind)
          .filter(({ id, pk }) => !(drop && pk.endsWith('2025') && id === 'cp-000000000002'));
      },
      async *events() {
        await Promise.resolve();
        yield [];
      },
    };
    const keys = { ...trail.keys('north'), signing: [signer.spki] };
    return foundIn([await verify({ reader, keys })]);
  }

  it('continues with the last note of the year before', async () => {
    expect(await years(false)).toEqual([]);
  });

  it('shows that the end of the year before was taken away, with its published copy', async () => {
    expect(await years(true)).toEqual(['north checkpoints chain-broken 2026/cp-000000000001']);
  });
});

describe('a person who was shredded', () => {
  const ABOUT = ['Patient/1', 'Patient/2', undefined];
  let people: MemoryTrail;
  beforeAll(async () => {
    people = await memoryTrail({ north: 12 }, 6, (tenantId, n) => {
      const subject = ABOUT[n % 3];
      return { ...richEvent(tenantId, n), ...(subject && { subject }) };
    });
  });
  beforeEach(() => people.restore());
  const verifyPeople = (keys = people.keys('north')): Promise<Verification> =>
    verify({ reader: people.reader('north'), keys });
  const about = (subject: string): Doc[] =>
    people.file.documents('events').filter((doc) => doc['subject'] === subject);
  function shred(doc: Doc): void {
    const { kid } = Object.values(doc['phi'] as Record<string, { kid: string }>)[0] ?? { kid: '' };
    const id = `subject.${kid.split('.')[1]}`;
    if (!people.file.documents('keys').some((key) => key.id === id)) throw new Error('There is no secret.');
    people.file.put('keys', { id, pk: 'north', keyId: '', wrapped: '', shreddedAt: '2026-03-21T00:00:00Z' });
  }

  it('is no finding: the trail is proved, and the events are told', async () => {
    const events = about('Patient/1');
    shred(events[0] as Doc);
    const { verdict, findings, shredded } = await verifyPeople();
    expect([verdict, findings, events.length]).toEqual(['intact', [], 4]);
    expect(shredded?.persons).toBe(1);
    expect([...(shredded?.events ?? [])].sort()).toEqual(events.map(({ id }) => id).sort());
    // The two members of `phi` and the name of an agent, in each.
    expect(shredded?.fields).toBe(4 * 3);
  });

  it('does not hide that such an event was changed', async () => {
    const [event] = about('Patient/1');
    shred(event as Doc);
    people.file.put('events', { ...(event as Doc), outcome: '8' });
    expect(foundIn([await verifyPeople()])).toEqual([`north events modified ${event?.id}`]);
  });

  it('is not counted where nobody was, nor where the caller may not see it', async () => {
    expect((await verifyPeople()).shredded).toEqual({ persons: 0, fields: 0, events: [] });
    shred(about('Patient/2')[0] as Doc);
    const { verdict, shredded } = await verifyPeople({ ...people.keys('north'), shredded: undefined });
    expect([verdict, shredded]).toEqual(['intact', undefined]);
  });
});

it('an outage of the key store is an error and not a verdict', async () => {
  const keys = { ...trail.keys('north'), verifyMac: () => Promise.reject(new Error('away')) };
  await expect(verify({ keys })).rejects.toThrow('away');
});

describe("the verifier's own state", () => {
  const seen = async (): Promise<VerifierState> => {
    const state = stateAfter(await verify());
    if (!state) throw new Error('The trail is not clean');
    return state;
  };
  let folder: string;
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'medrelay-state-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is kept for its owner, and read back', async () => {
    const state = await seen();
    expect(readState(join(folder, 'deep'), 'north')).toBeUndefined();
    writeState(join(folder, 'deep'), state);
    expect(readState(join(folder, 'deep'), 'north')).toEqual(state);
    expect(statSync(join(folder, 'deep', 'north.json')).mode & 0o777).toBe(0o600);
    expect((await verify({ lastState: state })).verdict).toBe('intact');
  });

  it('is not taken from a damaged trail', async () => {
    trail.file.remove('events', trail.file.documents('events')[0] as Doc);
    expect(stateAfter(await verify())).toBeUndefined();
  });

  it('remembers keys that have signed', async () => {
    const last = { ...(await seen()), keys: ['SHA256:old'] };
    expect(stateAfter(await verify(), last)?.keys).toEqual(['SHA256:old', expect.stringMatching(/^SHA256:/)]);
  });

  it.each([
    ['damaged', () => '{"v":1'],
    ["another tenant's", (text: string) => text.replace('north', 'south')],
  ])('that is %s is refused and kept', async (_, damage) => {
    writeState(folder, await seen());
    const file = join(folder, 'north.json');
    const text = damage(readFileSync(file, 'utf8'));
    writeFileSync(file, text);
    expect(() => readState(folder, 'north')).toThrow(
      expect.objectContaining({ code: 'AUDIT_STATE_INVALID' }) as Error,
    );
    expect(readFileSync(file, 'utf8')).toBe(text);
  });
});
