import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import {
  createAudit,
  createAuditReplay,
  listAuditEvents,
  type AuditDocument,
  type AuditEventInput,
} from '../../../src/lib/audit';
import { canonicalJson } from '../../../src/lib/audit/canonical';
import { createFieldCipher } from '../../../src/lib/security';
import { memoryKeyStore, xorWrap, type MemoryKeys } from '../security/fakes';
import { createWorld, event, inVirtualTime, type Fate, type World } from './fakes';

inVirtualTime();

const only = (documents: Iterable<AuditDocument>): AuditDocument => {
  const [first, ...others] = documents;
  if (!first || others.length > 0) throw new Error('expected exactly one document');
  return first;
};
const failing =
  (...sinks: string[]) =>
  (sink: string): Fate =>
    sinks.includes(sink) ? 'fail' : 'ok';

describe('recording', () => {
  it('costs one create and no read', async () => {
    const world = createWorld();
    const receipt = await createAudit(world).record(event());
    expect(receipt).toMatchObject({ state: 'persisted', duplicate: false });
    expect(world.calls).toEqual(['store.create']);
    expect(only(world.stored.values())).toMatchObject({ id: receipt.id, leafHash: receipt.leafHash });
  });

  it('stores the envelope, its hash over everything else and a MAC over the hash', async () => {
    const world = createWorld();
    await createAudit(world).record(event());
    const { leafHash, mac, pk, ...hashed } = only(world.stored.values());
    expect(Object.keys(hashed).sort()).toEqual(
      ['v', 'id', 'tenantId', 'occurredAt', 'receivedAt', 'recordedBy', 'type', 'action', 'outcome', 'agents']
        .concat(['entities', 'source', 'preset', 'phi', 'ext', 'sourceMac'])
        .sort(),
    );
    const leaf = createHash('sha256').update('\0').update(canonicalJson(hashed)).digest();
    expect(leafHash).toBe(leaf.toString('hex'));
    expect(await world.cipher.verifyMac('north', mac, leaf)).toBe(true);
    expect(pk).toMatch(/^north\|20260305\|[0-7]$/);
    expect(hashed.recordedBy).toMatchObject({ app: 'test', seq: 1 });
  });

  it('writes PHI nowhere in the clear and seals it to its place', async () => {
    const world = createWorld();
    world.fate = failing('store');
    await createAudit(world).record(event());
    world.fate = failing('store', 'queue');
    await createAudit(world).record(event());
    const written = JSON.stringify([...world.queued, ...world.journaled]);
    expect(written).not.toContain('DOE');
    const { id, phi } = only(world.queued.values());
    const sealed = phi?.['patient.name'];
    if (!sealed) throw new Error('phi is missing');
    expect(String(await world.cipher.open('north', sealed, { id, path: 'patient.name' }))).toBe('DOE^JANE');
  });

  it('stores no member that the contract does not know', async () => {
    const world = createWorld();
    const loose = { ...event(), patientName: 'DOE', agents: [{ who: 'x', requestor: true, name: 'DOE' }] };
    await createAudit(world).record(loose);
    expect(JSON.stringify(only(world.stored.values()))).not.toContain('DOE');
  });

  it('takes a redelivery for the same event, whatever the clock and the IV say', async () => {
    const world = createWorld();
    const first = await createAudit(world).record(event());
    const again = await createAudit(world).record(event({ occurredAt: '2026-03-05T08:30:00Z' }));
    expect(again).toEqual({ ...first, duplicate: true });
    expect(world.stored.size).toBe(1);
  });

  it('keeps the first of two statements and reports the second, once, with all it said', async () => {
    const world = createWorld();
    const audit = createAudit(world);
    const first = await audit.record(event());
    const second = event({ outcome: '8', phi: { 'patient.name': 'ROE^RICHARD' } });
    const report = await audit.record(second);
    expect(report).toMatchObject({ state: 'persisted', duplicate: false });
    expect(await audit.record(second)).toEqual({ ...report, duplicate: true });
    expect(world.stored.size).toBe(2);
    const documents = [...world.stored.values()];
    expect(documents.find(({ id }) => id === first.id)?.leafHash).toBe(first.leafHash);
    const conflict = documents.find(({ id }) => id === report.id);
    expect(conflict).toMatchObject({
      outcomeCode: 'integrity.conflict',
      entities: [{ what: `AuditEvent/${first.id}` }],
    });
    const statement = conflict?.phi?.statement;
    if (!statement) throw new Error('the second statement is missing');
    const opened = await world.cipher.open('north', statement, { id: report.id, path: 'statement' });
    expect(JSON.parse(String(opened))).toMatchObject({
      outcome: '8',
      phi: { 'patient.name': 'ROE^RICHARD' },
    });
  });

  it('reports each further statement against the first, not against another report', async () => {
    const world = createWorld();
    const audit = createAudit(world);
    const { id } = await audit.record(event());
    await audit.record(event({ outcome: '4' }));
    await audit.record(event({ outcome: '8' }));
    const reports = [...world.stored.values()].filter(({ source }) => source === 'audit');
    expect(reports.map(({ entities }) => entities[0]?.what)).toEqual([
      `AuditEvent/${id}`,
      `AuditEvent/${id}`,
    ]);
  });

  it('refuses a differing statement when its report is not durable, and queues it nowhere unreported', async () => {
    const world = createWorld();
    const audit = createAudit(world);
    await audit.record(event());
    // The create and the read that find the difference work; the report fails in every sink.
    const fates: Fate[] = ['ok', 'ok', ...Array<Fate>(7).fill('fail')];
    world.fate = () => fates.shift() ?? 'ok';
    await expect(audit.record(event({ outcome: '8' }))).rejects.toMatchObject({ code: 'AUDIT_NOT_DURABLE' });
    expect([world.stored.size, world.queued.size, world.journaled.size]).toEqual([1, 0, 0]);
  });

  it('gets two different statements past the duplicate detection of the queue, and equal ones only once', async () => {
    const world = createWorld();
    world.fate = failing('store');
    const audit = createAudit(world);
    for (const outcome of ['0', '8', '0', '8'] as const) await audit.record(event({ outcome }));
    expect([...world.queued.values()].map(({ outcome }) => outcome)).toEqual(['0', '8']);
    expect(Math.max(...[...world.queued.keys()].map(({ length }) => length))).toBeLessThanOrEqual(128);
  });

  it('numbers what it writes without gaps when redeliveries come between', async () => {
    const world = createWorld();
    const audit = createAudit(world);
    for (const sourceKey of ['a', 'a', 'b', 'a', 'b', 'c']) await audit.record(event({ sourceKey }));
    expect([...world.stored.values()].map(({ recordedBy }) => recordedBy.seq)).toEqual([1, 2, 3]);
  });

  it('knows its own write again when only the answer was lost', async () => {
    const world = createWorld();
    const fates: Fate[] = ['lost'];
    world.fate = () => fates.shift() ?? 'ok';
    expect(await createAudit(world).record(event())).toMatchObject({ state: 'persisted', duplicate: false });
    expect(world.queued.size).toBe(0);
  });

  it.each([
    ['queued', ['store']],
    ['journaled', ['store', 'queue']],
  ])('is %s when %j is away', async (state, away) => {
    const world = createWorld();
    world.fate = failing(...away);
    expect(await createAudit(world).record(event())).toMatchObject({ state, duplicate: false });
    expect(world.stored.size + world.queued.size + world.journaled.size).toBe(1);
  });

  it('refuses when nothing is durable', async () => {
    const world = createWorld();
    world.fate = () => 'fail';
    await expect(createAudit(world).record(event())).rejects.toMatchObject({ code: 'AUDIT_NOT_DURABLE' });
  });

  it('refuses rather than write PHI without a key', async () => {
    const world = createWorld();
    const cipher = { ...world.cipher, sealer: () => Promise.reject(new Error('no key')) };
    await expect(createAudit({ ...world, cipher }).record(event())).rejects.toMatchObject({
      code: 'AUDIT_NOT_DURABLE',
    });
    expect(world.calls).toEqual([]);
  });

  it.each<[string, Partial<AuditEventInput>]>([
    ['a hostile tenant', { tenantId: 'a|b' }],
    ['an empty key', { sourceKey: '' }],
    ['a local time', { occurredAt: '2026-03-05T08:30:00+01:00' }],
    ['a day that does not exist', { occurredAt: '2026-13-05T08:30:00Z' }],
    ['no agent', { agents: [] }],
    ['a fraction', { ext: { share: 0.5 } }],
    ['more than a queue takes', { phi: { text: 'x'.repeat(129 * 1024) } }],
  ])('refuses %s', async (_, overrides) => {
    const world = createWorld();
    await expect(createAudit(world).record(event(overrides))).rejects.toMatchObject({
      code: 'AUDIT_EVENT_INVALID',
    });
    expect(world.calls).toEqual([]);
  });
});

describe('replay', () => {
  it('refuses what this product did not write, and any change to what it did', async () => {
    const world = createWorld();
    world.fate = failing('store');
    await createAudit(world).record(event());
    world.fate = () => 'ok';
    const document = only(world.queued.values());
    const { replayQueued } = createAuditReplay(world);
    const changes = [
      {},
      'text',
      null,
      { ...document, outcome: '8' },
      { ...document, pk: 'south|20260305|0' },
      { ...document, added: 'x' },
      { ...document, mac: { ...document.mac, val: document.sourceMac.val } },
      { ...document, mac: undefined },
    ];
    for (const changed of changes) {
      await expect(replayQueued(changed)).rejects.toMatchObject({ code: 'AUDIT_DOCUMENT_INVALID' });
    }
    expect(world.stored.size).toBe(0);
    expect(await replayQueued(document)).toBe('persisted');
    expect(await replayQueued(document)).toBe('persisted');
    expect(only(world.stored.values())).toEqual(document);
  });

  it('reports a queued statement that differs from the stored one under the id that record() gives', async () => {
    const world = createWorld();
    const audit = createAudit(world);
    await audit.record(event());
    world.fate = failing('store');
    await audit.record(event({ outcome: '4' }));
    world.fate = () => 'ok';
    expect(await createAuditReplay(world).replayQueued(only(world.queued.values()))).toBe('conflict');
    expect(await audit.record(event({ outcome: '4' }))).toMatchObject({ duplicate: true });
    expect(world.stored.size).toBe(2);
  });

  describe('of what is sealed about a person', () => {
    /** A process that starts now: what another one's cache still opens is not this one's. */
    const restarted = (world: World, store: MemoryKeys): World => ({
      ...world,
      cipher: createFieldCipher({ keyWrap: xorWrap(), store }),
    });
    const about = (overrides: Partial<AuditEventInput> = {}): AuditEventInput =>
      event({ subject: 'Patient/7', ...overrides });
    function shred(keys: MemoryKeys): void {
      const subjects = [...keys.stored].filter(([, { id }]) => id.startsWith('subject.'));
      expect(subjects).toHaveLength(1);
      for (const [name, key] of subjects)
        keys.stored.set(name, { ...key, wrapped: '', shreddedAt: '2026-03-05T10:00:00Z' });
    }
    async function queuedWith(keys: MemoryKeys, before: readonly AuditEventInput[]): Promise<World> {
      const world = Object.assign(createWorld(), {
        cipher: createFieldCipher({ keyWrap: xorWrap(), store: keys }),
      });
      for (const each of before) await createAudit(world).record(each);
      world.fate = failing('store');
      await createAudit(world).record(about({ outcome: '4' }));
      world.fate = () => 'ok';
      return world;
    }

    it('brings it in as it is once the person is shredded, from the queue and from the journal', async () => {
      const keys = memoryKeyStore();
      const world = await queuedWith(keys, []);
      const document = only(world.queued.values());
      world.journaled.set('journal/north/m.json', document);
      shred(keys);
      const { replayQueued, replayJournal } = createAuditReplay(restarted(world, keys));
      expect(await replayQueued(document)).toBe('persisted');
      expect(await replayJournal()).toMatchObject({ persisted: 1, refused: 0 });
      expect(only(world.stored.values())).toEqual(document);
    });

    it('needs no key that opens anything', async () => {
      const keys = memoryKeyStore();
      const world = await queuedWith(keys, []);
      for (const [name, { id }] of keys.stored) if (!id.startsWith('mac-')) keys.stored.delete(name);
      const { replayQueued } = createAuditReplay(restarted(world, keys));
      expect(await replayQueued(only(world.queued.values()))).toBe('persisted');
    });

    it('keeps the ciphertexts of a second statement where nothing opens them any more', async () => {
      const keys = memoryKeyStore();
      const world = await queuedWith(keys, [about()]);
      const second = only(world.queued.values());
      shred(keys);
      const late = restarted(world, keys);
      for (let i = 0; i < 2; i++) expect(await createAuditReplay(late).replayQueued(second)).toBe('conflict');
      expect(await createAudit(late).record(about({ outcome: '4' }))).toMatchObject({ duplicate: true });
      const [, report, ...others] = [...world.stored.values()];
      expect(others).toEqual([]);
      const sealed = report?.phi?.['statement'];
      if (!sealed) throw new Error('The report holds no statement.');
      const kept = await late.cipher.open('north', sealed, { id: report.id, path: 'statement' });
      expect(JSON.parse(kept.toString('utf8'))).toMatchObject({
        outcome: '4',
        subject: 'Patient/7',
        phi: second.phi,
      });
    });

    it('reports a second statement once, though its person is shredded between two deliveries', async () => {
      const keys = memoryKeyStore();
      const world = await queuedWith(keys, [about()]);
      const { id } = await createAudit(world).record(about({ outcome: '4' }));
      shred(keys);
      const { replayQueued } = createAuditReplay(restarted(world, keys));
      expect(await replayQueued(only(world.queued.values()))).toBe('conflict');
      expect([...world.stored.values()].map((document) => document.id)).toEqual([expect.any(String), id]);
    });
  });

  it('is queued again for later while the store is away, as often as it takes', async () => {
    const world = createWorld();
    world.fate = failing('store');
    await createAudit(world).record(event());
    const document = only(world.queued.values());
    const [first] = world.queued.keys();
    // Attempts by other processes each time: with an open breaker as well as with calls that fail.
    const replay = createAuditReplay(world);
    for (const attempt of [0, 1, 2, 9]) {
      const before = world.clock?.now() ?? 0;
      expect(await replay.replayQueued(document, attempt)).toBe('postponed');
      const { notBefore, attempt: next } = world.postponed.get(`${first}.${attempt + 1}`) ?? {};
      expect(next).toBe(attempt + 1);
      expect(Number(notBefore) - before).toBeGreaterThanOrEqual(attempt === 0 ? 60_000 : 300_000);
    }
    // A delivery of the same attempt twice is postponed once.
    await replay.replayQueued(document, 0);
    expect(world.postponed.size).toBe(4);
    world.fate = () => 'ok';
    expect(await createAuditReplay(world).replayQueued(document, 3)).toBe('persisted');
    expect(only(world.stored.values())).toEqual(document);
  });

  it.each(['denied', 'other'])(
    'waits as well while the store fails as %s; unexplained failures end',
    async (kind) => {
      const world = createWorld();
      world.fate = failing('store');
      await createAudit(world).record(event());
      const { replayQueued } = createAuditReplay({ ...world, classify: () => ({ kind }) });
      const document = only(world.queued.values());
      for (const attempt of [0, 4]) expect(await replayQueued(document, attempt)).toBe('postponed');
      const late = replayQueued(document, 5);
      await (kind === 'denied' ? expect(late).resolves.toBe('postponed') : expect(late).rejects.toThrow());
    },
  );

  it('is not postponed when the broker does not take it', async () => {
    const world = createWorld();
    world.fate = failing('store');
    await createAudit(world).record(event());
    world.fate = failing('store', 'queue');
    await expect(createAuditReplay(world).replayQueued(only(world.queued.values()))).rejects.toThrow();
  });

  it('empties the journal but for what it must refuse', async () => {
    const world = createWorld();
    world.fate = failing('store', 'queue');
    await createAudit(world).record(event());
    world.journaled.set('journal/north/forged.json', { id: 'forged' });
    world.fate = () => 'ok';
    const { replayJournal } = createAuditReplay(world);
    expect(await replayJournal()).toEqual({ persisted: 1, duplicate: 0, conflict: 0, refused: 1 });
    expect([...world.journaled.keys()]).toEqual(['journal/north/forged.json']);
  });
});

describe('replay of the journal', () => {
  const events = Array.from({ length: 40 }, (_, n) => event({ sourceKey: `m${n}` }));
  async function journaledWorld(): Promise<World> {
    const world = createWorld();
    world.fate = failing('store', 'queue');
    for (const each of events) await createAudit(world).record(each);
    expect(world.journaled.size).toBe(events.length);
    world.fate = () => 'ok';
    return world;
  }

  it('shares the work between two that run at once', async () => {
    const world = await journaledWorld();
    const both = await Promise.all([1, 2].map(() => createAuditReplay(world).replayJournal()));
    expect(both.map(({ refused, conflict }) => refused + conflict)).toEqual([0, 0]);
    expect(world.stored.size).toBe(events.length);
    expect(world.journaled.size).toBe(0);
  });

  it('ends with the store that is away, after what was begun, and keeps what is not in', async () => {
    const world = await journaledWorld();
    let created = 0;
    world.fate = (sink) => (sink === 'store' && created++ >= 5 ? 'fail' : 'ok');
    await expect(createAuditReplay(world).replayJournal()).rejects.toThrow();
    const calls = world.calls.length;
    await new Promise((resolve) => setTimeout(resolve, 60_000));
    expect(world.calls).toHaveLength(calls);
    expect(world.stored.size + world.journaled.size).toBe(events.length);
    world.fate = () => 'ok';
    expect(await createAuditReplay(world).replayJournal()).toMatchObject({ persisted: 35 });
  });
});

describe('with every sink failing at random', () => {
  const statements = fc.array(
    fc.record({ sourceKey: fc.constantFrom('a', 'b', 'c'), outcome: fc.constantFrom('0', '8') }),
    {
      minLength: 1,
      maxLength: 8,
    },
  );
  const fates = fc.array(fc.constantFrom<Fate>('ok', 'fail', 'fail', 'lost'), { maxLength: 60 });
  const settled = (world: World): AuditDocument[] => [...world.stored.values()];

  it('each event is durable where its receipt says or refused, and is there exactly once after replay', async () => {
    await fc.assert(
      fc.asyncProperty(statements, fates, async (deliveries, plan) => {
        const world = createWorld();
        const ahead = [...plan];
        world.fate = () => ahead.shift() ?? 'ok';
        const refused: AuditEventInput[] = [];
        for (const delivery of deliveries) {
          try {
            // A process of its own, so that no breaker decides: that is the next test's matter.
            const { id, leafHash, state } = await createAudit(world).record(event(delivery));
            const places = {
              persisted: settled(world),
              queued: [...world.queued.values()],
              journaled: [...world.journaled.values()] as AuditDocument[],
            };
            const deduplicated = state === 'queued' && places.queued.some((document) => document.id === id);
            expect(deduplicated || places[state].some((d) => d.id === id && d.leafHash === leafHash)).toBe(
              true,
            );
          } catch (error) {
            expect(error).toMatchObject({ code: 'AUDIT_NOT_DURABLE' });
            refused.push(event(delivery));
          }
        }
        world.fate = () => 'ok';
        for (const again of refused) await createAudit(world).record(again);
        const replay = createAuditReplay(world);
        for (const document of world.queued.values()) await replay.replayQueued(document);
        expect(await replay.replayJournal()).toMatchObject({ refused: 0 });

        // One document per event and one report per further statement about it, whatever the order.
        const keys = new Set(deliveries.map(({ sourceKey }) => sourceKey));
        const said = new Set(deliveries.map(({ sourceKey, outcome }) => `${sourceKey}${outcome}`));
        const reports = settled(world).filter(({ outcomeCode }) => outcomeCode === 'integrity.conflict');
        expect(settled(world).length - reports.length).toBe(keys.size);
        expect(reports.length).toBe(said.size - keys.size);
        expect(world.journaled.size).toBe(0);
      }),
      { numRuns: 150 },
    );
  });

  it('goes on through a long outage of the store, and asks it less and less', async () => {
    const world = createWorld();
    world.fate = failing('store');
    const audit = createAudit(world);
    for (let i = 0; i < 200; i++)
      expect(await audit.record(event({ sourceKey: String(i) }))).toMatchObject({ state: 'queued' });
    const asked = world.calls.filter((call) => call === 'store.create').length;
    expect(asked).toBeLessThan(60);
    world.fate = () => 'ok';
    await jest.advanceTimersByTimeAsync(6_000);
    for (const sourceKey of ['probe', 'after']) {
      expect(await audit.record(event({ sourceKey }))).toMatchObject({ state: 'persisted' });
    }
  });
});

describe('listing', () => {
  it('gives a tenant its own events in the range, newest first, with PHI sealed', async () => {
    const world = createWorld();
    const audit = createAudit(world);
    for (const day of ['01', '02', '03', '04']) {
      const occurredAt = `2026-03-${day}T12:00:00Z`;
      await audit.record(event({ sourceKey: day, occurredAt }));
      await audit.record(event({ sourceKey: day, occurredAt, tenantId: 'north-2' }));
    }
    const list = (from: string, to: string, limit = 100): Promise<AuditDocument[]> =>
      listAuditEvents(world.store, 'north', { from, to, limit });
    const days = (documents: AuditDocument[]): string[] =>
      documents.map(({ occurredAt }) => occurredAt.slice(8, 10));
    expect(days(await list('2026-03-02T12:00:00Z', '2026-03-04T12:00:00Z'))).toEqual(['03', '02']);
    expect(days(await list('2026-03-01T00:00:00Z', '2026-03-05T00:00:00Z', 3))).toEqual(['04', '03', '02']);
    expect(days(await list('2026-03-03T00:00:00Z', '2026-03-04T12:00:00.001Z'))).toEqual(['04', '03']);
    await audit.record(event({ sourceKey: '03b', occurredAt: '2026-03-03T13:00:00Z' }));
    expect(days(await list('2026-03-01T00:00:00Z', '2026-03-05T00:00:00Z', 2))).toEqual(['04', '03']);
    expect(await list('2026-03-02T13:00:00Z', '2026-03-03T00:00:00Z')).toEqual([]);
    expect(JSON.stringify(await list('2026-03-01T00:00:00Z', '2026-03-05T00:00:00Z'))).not.toContain('DOE');
    await expect(list('yesterday', 'today')).rejects.toMatchObject({ code: 'AUDIT_RANGE_INVALID' });
  });
});
